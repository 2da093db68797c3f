"""The progress of a batch."""

from __future__ import annotations

from groupsolver import Progress
from groupsolver.solver.batch.progress import BatchWatch


def test_applications_are_counted_where_they_are_whole() -> None:
    seen: list[Progress] = []
    watch = BatchWatch(seen.append, {"a": 2, "b": 1}, {"a": 5, "b": 3})
    watch(Progress("search", 0.1))
    watch.value_bound = 7
    watch(Progress("search", 0.2, placement={"a:x/0": "h", "b:x/0": "h"}))
    watch(Progress("search", 0.3, placement={"a:x/0": "h", "a:x/1": "h", "b:x/0": "h"}))
    assert [(one.applications, one.value, one.value_bound) for one in seen] == [
        (None, None, 8),
        (1, 3, 7),
        (2, 8, 7),
    ]


def test_the_answer_of_the_watcher_is_handed_on() -> None:
    watch = BatchWatch(lambda _: True, {}, {})
    assert watch(Progress("search", 0.1)) is True
