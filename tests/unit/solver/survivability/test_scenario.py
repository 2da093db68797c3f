"""Scenarios in a model: how many find no place after a loss, for every assignment before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.survivability.scenario import (
    Scenario,
    ScenarioTemplate,
    fleet_without,
)
from tests.support.small import app, fleet, group, host
from tests.support.small_models import (
    Counts,
    assignments,
    bare_builder,
    compiled_problem,
    least,
)

APART = {"kind": "anti-affinity"}
NOWHERE = np.zeros(0, dtype=np.int64)


def unplaced_after(
    compiled: CompiledProblem, lost: str, all_hosts: bool = True, extra: Any = NOWHERE
) -> dict[Counts, int | None]:
    """Return, for each assignment, the fewest members of A without a place after the loss."""
    template = ScenarioTemplate(compiled, "A", Loss("host", (lost,)))
    builder = bare_builder(compiled)
    post_capacity(builder)
    scenario = template.add_to(builder, extra, all_hosts)
    return {counts: least(builder, counts, scenario.unplaced) for counts in assignments(builder)}


def test_lost_members_go_where_survivors_leave_room() -> None:
    # Hosts of 2, 1 and 1 places, two members. After h0 those on it need a place on h1 or h2.
    compiled = compiled_problem(
        app(group("A", 2)), fleet(host("h0", 2), host("h1", 1), host("h2", 1))
    )
    assert unplaced_after(compiled, "h0") == {
        ((2, 0, 0),): 0,
        ((1, 1, 0),): 0,  # to h2
        ((1, 0, 1),): 0,
        ((0, 1, 1),): 0,  # none is lost
        ((0, 2, 0),): None,  # beyond the capacity of h1
        ((0, 0, 2),): None,
    }
    # One place less: with both on h0 one is left over.
    tight = compiled_problem(app(group("A", 2)), fleet(host("h0", 2), host("h1", 1)))
    assert unplaced_after(tight, "h0") == {((2, 0),): 1, ((1, 1),): 1, ((0, 2),): None}


def test_hard_rules_bind_after_the_loss() -> None:
    # Apart, one to a host: after h0, the survivor's host is no place, though it has room.
    wide = fleet(host("h0", 9), host("h1", 9))
    compiled = compiled_problem(app(group("A", 2, APART)), wide)
    found = unplaced_after(compiled, "h0")
    assert found[(1, 1),] == 1
    free = compiled_problem(app(group("A", 2)), wide)
    assert unplaced_after(free, "h0")[(1, 1),] == 0


def test_members_of_other_groups_stay_or_are_gone() -> None:
    # B's member keeps h1, the only host left. Where it was on h0 it is gone with it.
    hosts = fleet(host("h0", 2), host("h1", 1))
    compiled = compiled_problem(app(group("A", 1), group("B", 1)), hosts)
    found = unplaced_after(compiled, "h0")
    assert found[(1, 0), (0, 1)] == 1
    assert found[(1, 0), (1, 0)] == 0
    assert found[(0, 1), (1, 0)] == 0


def test_some_hosts_alone_are_the_hosts_of_the_placement_and_the_extra_ones() -> None:
    # The placement may use h0 alone. Lost members may go to none, to the extra h2, or to all.
    hosts = fleet(host("h0", 2), host("h1", 1), host("h2", 1))
    compiled = compiled_problem(app(group("A", 2)), hosts)
    template = ScenarioTemplate(compiled, "A", Loss("host", ("h0",)))

    def rows(extra: list[int], all_hosts: bool) -> list[int]:
        builder = bare_builder(compiled)
        builder.rows = [np.array([0])]
        builder.most = [np.array([2])]
        builder.placed = [builder.placed[0][:1]]
        scenario = template.add_to(builder, np.array(extra, dtype=np.int64), all_hosts)
        found: list[int] = scenario.rows[0].tolist()
        return found

    assert rows([], all_hosts=False) == []
    assert rows([2], all_hosts=False) == [2]
    assert rows([], all_hosts=True) == [1, 2]


def test_a_scenario_of_its_own_places_what_it_can() -> None:
    # Three members, two places; joined to one host by affinity, one place.
    hosts = fleet(host("h0", 1), host("h1", 1))

    def unplaced(*policies: Any) -> int | None:
        compiled = compiled_problem(app(group("A", 3, *policies)), hosts)
        rows = [np.array([0, 1])]
        scenario = Scenario(compiled, rows, [np.array([1, 1])], compiled.problem.groups)
        return min(
            found
            for counts in [((0, 0),), ((1, 0),), ((0, 1),), ((1, 1),)]
            if (found := least(scenario, counts, scenario.unplaced)) is not None
        )

    assert unplaced() == 1
    assert unplaced({"kind": "affinity"}) == 2


@pytest.mark.parametrize("lost", [{"h0"}, {"h0", "h2"}, set()])
def test_a_fleet_without_hosts_keeps_the_rows_of_the_others(lost: set[str]) -> None:
    whole = compiled_problem(app(group("A", 1)), fleet(*(host(f"h{i}") for i in range(3)))).fleet
    left = fleet_without(whole, lost)
    kept = {name: row for name, row in whole.rows.items() if name not in lost}
    assert left.rows == kept
    assert len(whole.rows) == 3
