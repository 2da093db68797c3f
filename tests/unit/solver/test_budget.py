"""The clock, the watcher and the parts of a budget."""

from __future__ import annotations

import pickle

import pytest

from groupsolver import Limits
from groupsolver.model.result import Progress, Watch
from groupsolver.solver import budget as module
from groupsolver.solver.budget import Budget, PartialBudget


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the only entry of a list that the test changes."""
    now = [100.0]
    monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    return now


def listener(heard: list[Progress]) -> Watch:
    """A watcher that hears everything and stops nothing."""

    def watch(progress: Progress) -> bool:
        heard.append(progress)
        return False

    return watch


def test_what_is_left_is_the_limit_less_the_time_since_the_call_began(clock: list[float]) -> None:
    budget = Budget(Limits(seconds=10), None)
    clock[0] += 4
    assert budget.elapsed() == 4
    assert budget.left() == 6
    clock[0] += 7  # 11 of 10 seconds
    assert budget.left() == 0


def test_the_watcher_gets_the_best_placement_and_the_best_bound_so_far() -> None:
    heard: list[Progress] = []
    budget = Budget(Limits(), listener(heard))
    assert not budget.report("construct", incumbent=9)
    assert not budget.report("relax", bound=3)
    assert not budget.report("search", incumbent=11, bound=2)  # both are worse
    assert [(one.incumbent, one.bound) for one in heard] == [(9, None), (9, 3), (9, 3)]
    # A placement that is better in an earlier tier replaces the incumbent, dearer or not.
    budget.report_incumbent("search", 12, None, {"A/0": "h1"})
    assert (heard[-1].incumbent, heard[-1].bound) == (12, 3)


def test_a_true_answer_stops_the_call_and_the_watcher_is_not_asked_again() -> None:
    heard: list[str] = []

    def watch(progress: Progress) -> bool:
        heard.append(progress.phase)
        return True

    budget = Budget(Limits(seconds=60), watch)
    assert budget.report("relax")
    assert budget.left() == 0
    assert budget.report("search")
    assert heard == ["relax"]


def test_an_error_of_the_watcher_stops_the_call_and_is_raised_at_its_end() -> None:
    def watch(progress: Progress) -> bool:
        raise ZeroDivisionError

    budget = Budget(Limits(), watch)
    budget.raise_watch_error()
    assert budget.report("relax")
    with pytest.raises(ZeroDivisionError):
        budget.raise_watch_error()


def test_a_part_ends_with_its_time_or_with_the_whole(clock: list[float]) -> None:
    whole = Budget(Limits(seconds=10, gap=0.1), None)
    clock[0] += 2
    part = PartialBudget(whole, 5, gap=0.0)
    assert part.limits.gap == 0.0
    assert part.left() == 5
    clock[0] += 4  # of the 5 seconds of the part, and 6 of the 10 of the whole
    assert (part.left(), part.elapsed()) == (1, 6)
    assert PartialBudget(whole, 100, gap=0.0).left() == 4
    whole.stopped = True
    assert part.left() == 0


def test_a_part_reports_no_bounds_and_a_quiet_one_no_placements() -> None:
    heard: list[Progress] = []
    whole = Budget(Limits(), listener(heard))
    part = PartialBudget(whole, 5, 0.0)
    part.report("search", incumbent=5, bound=5)
    part.report_incumbent("search", 7, bound=6, placement={"A/0": "h1"})
    quiet = PartialBudget(whole, 5, 0.0, quiet=True)
    quiet.report_incumbent("search", 3, bound=3, placement={"A/0": "h2"})
    figures = [(one.incumbent, one.bound) for one in heard]
    assert figures == [(None, None), (7, None), (7, None)]
    assert [one.placement for one in heard] == [None, {"A/0": "h1"}, {"A/0": "h1"}]
    assert part.watched


def test_the_watcher_gets_the_last_placement_as_one_mapping_until_there_is_a_better_one() -> None:
    heard: list[Progress] = []
    budget = Budget(Limits(), listener(heard))
    budget.report("relax", bound=1)
    placement = {"A/0": "h1"}
    budget.report_incumbent("construct", 9, None, placement)
    placement["A/0"] = "h2"  # what the solver does with its own does not matter
    budget.report("search", bound=2)
    budget.report_incumbent("search", 8, None, placement)
    first, second, third, last = (one.placement for one in heard)
    assert first is None
    assert second == {"A/0": "h1"}
    assert third is second
    assert last == {"A/0": "h2"}


def test_progress_stays_hashable_and_short_and_can_be_pickled() -> None:
    progress = Progress("search", 1.0, 9, 8, {"A/0": "h1"})
    assert hash(progress) == hash(Progress("search", 1.0, 9, 8, {"A/0": "h2"}))
    assert "A/0" not in repr(progress)
    assert pickle.loads(pickle.dumps(progress)) == progress
