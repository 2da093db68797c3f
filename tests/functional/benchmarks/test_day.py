"""The benchmark of a day: its events mean what they say, and all schedulers get through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import alibaba
from benchmarks.day import main, run, schedulers
from benchmarks.support.day_events import (
    Arrival,
    Departure,
    HostChange,
    day,
    fleet_of_day,
    groups_of_day,
    trace_day,
)
from groupsolver.constraints.registry import POLICIES

EVENTS = 60


def test_a_day_has_all_policies_and_its_applications_leave_after_they_came() -> None:
    of = fleet_of_day(200, 0)
    events = day(of, 600, 0, groups_of_day)
    assert events == day(of, 600, 0, groups_of_day)
    here: set[str] = set()
    kinds: set[str] = set()
    for event in events:
        if isinstance(event, Arrival):
            here.add(event.name)
            size = sum(one.count for group in event.app.groups for one in group.members)
            assert 5 <= size <= 80
            kinds.update(p.kind for group in event.app.groups for p in group.policies)
        elif isinstance(event, Departure):
            here.remove(event.name)
        else:
            assert isinstance(event, HostChange)
    assert kinds == set(POLICIES)


def test_every_scheduler_gets_through_a_small_day(tmp_path: Path) -> None:
    of = fleet_of_day(80, 0)
    events = day(of, EVENTS, 0, groups_of_day)
    logs = {name: run(scheduler, of, events) for name, scheduler in schedulers(of).items()}
    arrivals = sum(isinstance(event, Arrival) for event in events)
    for log in logs.values():
        assert len(log.seconds) == len(log.accepted) + len(log.refused) == arrivals
        assert len(log.running) == EVENTS
        assert log.accepted
    # What the solver refuses, it has proved.
    assert logs["groupsolver"].wrongly_refused == 0


def test_the_command_writes_its_figures_and_plot(tmp_path: Path) -> None:
    plot, figures = tmp_path / "day.svg", tmp_path / "day.json"
    argv = ["--events", "20", "--hosts", "40", "--only", "groupsolver"]
    assert main([*argv, "--plot", str(plot), "--json", str(figures)]) == 0
    assert plot.read_text().count("<polyline") == 1
    assert "p99_ms" in figures.read_text()


def test_a_day_of_the_trace_has_its_nodes() -> None:
    try:
        trace = alibaba.read()
    except alibaba.DataMissing as error:
        pytest.skip(str(error))
    of, events = trace_day(trace, 40, 0)
    assert len(of.hosts) == len(trace.capacity)
    assert any(isinstance(event, Arrival) for event in events)
