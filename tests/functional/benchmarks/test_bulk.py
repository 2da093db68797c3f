"""The benchmark of batches: every method gets through it, and no answer counts unchecked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk import Task, main, outcome_of, perform, run, value_bound_of_room, with_gaps
from benchmarks.support.bulk_methods import BASELINES, METHODS, Instance, Step, Watcher
from benchmarks.support.planted_batches import BatchSize, planted_batch
from groupsolver import BatchEntry, BatchResult, Limits, Progress, check

TINY = BatchSize(hosts=30, members=40, groups=8)
LIMITS = Limits(seconds=0.05, workers=1)


def task(method: str) -> Task:
    return Task(method, TINY, 0.85, 1, 10.0, False, "pack", 1)


def instance() -> Instance:
    return Instance.of(task("solve").batch())


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_yields_placements_that_pass_the_check(name: str) -> None:
    of = instance()
    steps = list(METHODS[name](of, LIMITS))
    sizes = [len(step.placement) for step in steps]
    assert sizes == sorted(sizes)
    assert [step.seconds for step in steps] == sorted(step.seconds for step in steps)
    outcome = outcome_of(task(name), of, steps)
    assert outcome.dropped == 0
    assert outcome.members == sizes[-1] > 0


def test_the_library_proves_a_tiny_batch() -> None:
    *trace, last = perform(task("solve"))
    outcome = last["outcome"]
    assert outcome["status"] == "whole"
    assert outcome["members"] == 40
    assert outcome["objective"] == outcome["bound"]
    assert trace[-1]["members"] == 40
    assert outcome["peak_mb"] >= outcome["drawn_mb"] > 0


def test_the_planted_placement_is_a_whole_outcome() -> None:
    batch = task("solve").batch()
    steps = [Step(0.5, {}), Step(1.0, batch.placement, bound=7)]
    outcome = outcome_of(task("solve"), Instance.of(batch), steps)
    assert (outcome.status, outcome.members, outcome.groups) == ("whole", 40, 8)
    assert (outcome.first, outcome.whole, outcome.bound) == (1.0, 1.0, 7)
    verdict = check(batch.application, batch.fleet, batch.placement)
    assert outcome.objective == verdict.objective


def test_a_group_that_breaks_a_rule_or_misses_a_member_does_not_count() -> None:
    batch = task("solve").batch()
    placement = dict(batch.placement)
    apart = next(name for name in batch.sizes if name.endswith("apart"))
    other = next(name for name in batch.sizes if name.endswith("zones"))
    members = [id_ for id_ in placement if id_.startswith(f"{apart}/")]
    del placement[members[0]]
    for id_ in [id_ for id_ in placement if id_.startswith(f"{other}/")]:
        del placement[id_]
    outcome = outcome_of(task("solve"), Instance.of(batch), [Step(1.0, placement)])
    assert outcome.status == "partial"
    assert outcome.members == 40 - batch.sizes[apart] - batch.sizes[other]
    assert outcome.dropped == len(members) - 1


def test_gaps_are_against_the_best_bound_of_all_methods() -> None:
    of = instance()
    placement = task("solve").batch().placement
    mine = outcome_of(task("solve"), of, [Step(1.0, placement, bound=0)])
    objective = mine.objective
    assert objective is not None
    other = outcome_of(task("first-fit-decreasing"), of, [Step(1.0, {}, bound=objective // 2)])
    found = with_gaps([mine, other])
    assert found[0].gap == pytest.approx((objective - objective // 2) / objective)
    assert found[1].gap is None


def test_room_alone_bounds_the_members_that_can_be_placed() -> None:
    full = planted_batch(**asdict(TINY), fill=1.1)
    assert full.planted_value <= value_bound_of_room(full) < full.members
    assert value_bound_of_room(task("solve").batch()) == 40


def test_what_a_call_raises_is_raised_from_its_stream() -> None:
    def call(progress: object) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        list(Watcher().steps(call))


def test_a_stream_has_a_step_for_each_better_placement_or_bound() -> None:
    first, second = {"a/0": "h1"}, {"a/0": "h2"}

    def call(progress: object) -> str:
        assert callable(progress)
        for bound, placement in ((None, None), (1, first), (1, first), (2, None), (2, second)):
            progress(Progress("search", 0.0, bound=bound, placement=placement))
        return "done"

    watch = Watcher()
    steps = list(watch.steps(call))
    assert [(step.placement, step.bound) for step in steps] == [(first, 1), (first, 2), (second, 2)]
    assert watch.result == "done"


def test_batches_are_given_each_group_as_an_application_where_some_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = task("solve").batch()
    calls: list[dict[str, Any]] = []

    def solve_many(apps: Any, fleet: object, **options: Any) -> BatchResult:
        calls.append({"names": list(apps), **options})
        entries = []
        progressing = {}
        for name, app in apps.items():
            groups = tuple(f"{group.name}/" for group in app.groups)
            own = {k: host for k, host in batch.placement.items() if k.startswith(groups)}
            progressing.update({f"{name}:{id_}": host for id_, host in own.items()})
            entries.append(BatchEntry(name=name, status="placed", placement=own))
        options["progress"](Progress("search", 0.1, placement=progressing))
        return BatchResult(status="feasible", applications=tuple(entries), bound=5, value_bound=40)

    monkeypatch.setattr("groupsolver.solve_many", solve_many, raising=False)
    for partial in (False, True):
        steps = list(METHODS["solve_many"](Instance.of(batch, partial=partial), LIMITS))
        assert [dict(step.placement) for step in steps] == [batch.placement] * 2
        assert (steps[-1].bound, steps[-1].value_bound) == (5, 40)
    assert calls[0]["names"] == ["batch"]
    assert calls[1]["names"] == list(batch.sizes)
    assert [call["partial"] for call in calls] == [False, True]


def argv(*more: str) -> Iterator[str]:
    yield from ("--hosts", "30", "--members", "40", "--groups", "8")
    yield from ("--baseline-time-limit", "0.05", "--time-limit", "10", "--workers", "1", *more)


def test_the_command_compares_methods_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "bulk.json"
    assert main([*argv("--json", str(figures), "--only", "solve", "first-fit-decreasing")]) == 0
    assert "first-fit-decreasing" in capsys.readouterr().out
    (batch,) = json.loads(figures.read_text())["batches"]
    assert [one["method"] for one in batch["outcomes"]] == ["solve", "first-fit-decreasing"]
    assert batch["outcomes"][0]["status"] == "whole"


def test_a_method_that_fails_is_a_row_with_its_error() -> None:
    # The batch cannot be drawn: 8 groups have at least 16 members.
    wrong = replace(task("filter-and-weigh"), size=BatchSize(hosts=30, members=9, groups=8))
    outcome = run(wrong)
    assert outcome.status == "failed"
    assert "8 groups have at least" in outcome.note
