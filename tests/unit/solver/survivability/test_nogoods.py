"""Nogoods in a model: what an assignment has to pay, for every assignment there is."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.failures.recovery import Recovery
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.survivability.cutting import survives_rules
from groupsolver.solver.survivability.nogoods import Nogood, Nogoods
from groupsolver.solver.survivability.recovery import LossRecovery
from groupsolver.solver.survivability.scenario import ScenarioTemplate
from tests.support.small import app, fleet, group, host
from tests.support.small_models import (
    Counts,
    assignments,
    bare_builder,
    compiled_problem,
    least,
)

HOSTS = fleet(*(host(f"h{i}") for i in range(3)))


def problem(members: int, **policy: Any) -> CompiledProblem:
    rule = {"kind": "survives", "weight": 1, **policy}
    return compiled_problem(app(group("A", members, rule)), HOSTS)


def paid(
    compiled: CompiledProblem, nogoods: Nogoods, forgiven: int = 0, lost: str | None = None
) -> dict[Counts, int | None]:
    """Return what the soft rule costs at each assignment; None where a hard one forbids it."""
    builder = bare_builder(compiled)
    rules = survives_rules(compiled.problem)
    scenarios = []
    if lost is not None:
        loss = Loss("host", (lost,))
        template = ScenarioTemplate(compiled, "A", loss)
        scenarios.append(("A", loss, template.add_to(builder, builder.rows[0][:0], True)))
    nogoods.post(builder, rules, {rules[0][0]: forgiven}, scenarios)
    cost = Linear(builder._cost.vars, builder._cost.coefs)
    return {counts: least(builder, counts, cost) for counts in assignments(builder)}


def nogood(
    compiled: CompiledProblem, counts: list[int], unplaced: int, gone: tuple[int, ...] = ()
) -> Nogoods:
    (rule, _), *_ = survives_rules(compiled.problem)
    assignment = [(0, row) for row, number in enumerate(counts) for _ in range(number)]
    loss = Loss("host", tuple(f"h{row}" for row in gone))
    found = LossRecovery(rule, loss, loss, Recovery(unplaced, unplaced, {}))
    nogoods = Nogoods()
    assert nogoods.add(Nogood.of(found, assignment, set(gone), unplaced))
    return nogoods


@pytest.mark.parametrize("counts", [[2, 0, 0], [1, 1, 0], [0, 1, 1]])
def test_the_assignment_of_a_nogood_pays_and_no_other_does(counts: list[int]) -> None:
    compiled = problem(2)
    found = paid(compiled, nogood(compiled, counts, unplaced=2))
    assert len(found) == 6
    assert {key: cost for key, cost in found.items() if cost} == {(tuple(counts),): 2}


def test_where_a_single_member_is_the_variables_are_boolean() -> None:
    compiled = problem(1)
    found = paid(compiled, nogood(compiled, [0, 1, 0], unplaced=1))
    assert found == {((1, 0, 0),): 0, ((0, 1, 0),): 1, ((0, 0, 1),): 0}


def test_members_on_lost_rows_make_no_difference() -> None:
    # One on h1, the other on h0, which is lost: so is that with... no other row of three members.
    compiled = problem(3)
    found = paid(compiled, nogood(compiled, [2, 1, 0], unplaced=1, gone=(0, 2)))
    # One on h1 and two on lost rows, however these are distributed.
    assert {key for key, cost in found.items() if cost} == {
        ((2, 1, 0),),
        ((1, 1, 1),),
        ((0, 1, 2),),
    }


def test_a_hard_rule_forbids_what_a_soft_one_prices() -> None:
    compiled = problem(2, weight=None)
    found = paid(compiled, nogood(compiled, [1, 1, 0], unplaced=1))
    assert [key for key, cost in found.items() if cost is None] == [((1, 1, 0),)]
    # What running members lack is forgiven.
    forgiven = paid(compiled, nogood(compiled, [1, 1, 0], unplaced=1), forgiven=1)
    assert None not in forgiven.values()


def test_a_nogood_is_known_once() -> None:
    compiled = problem(2)
    nogoods = nogood(compiled, [1, 1, 0], 1)
    (rule, _), *_ = survives_rules(compiled.problem)
    loss = Loss("host", ())
    again = LossRecovery(rule, loss, loss, Recovery(1, 1, {}))
    assert not nogoods.add(Nogood.of(again, [(0, 0), (0, 1)], set(), 1))
    assert nogoods.add(Nogood.of(again, [(0, 0), (0, 1)], set(), 2))
    assert nogoods.add(Nogood.of(again, [(0, 0), (0, 2)], set(), 1))


def test_a_scenario_bounds_what_finds_no_place() -> None:
    # Hosts of 4, 4 and 4 VCPU; members of 4. After h0, whoever was on it needs a free host.
    rule = {"kind": "survives", "weight": 1}
    compiled = compiled_problem(app(group("A", 2, rule, vcpu=4)), fleet(host("h0"), host("h1")))
    found = paid(compiled, Nogoods(), lost="h0")
    # Both on one host is beyond its capacity, which this model does not have. One to a host: after
    # the loss of h0 its member has no place.
    assert found[(1, 1),] == 1


def test_a_scenario_of_another_number_of_failures_binds_another_rule() -> None:
    compiled = compiled_problem(
        app(group("A", 2, {"kind": "survives", "weight": 1, "failures": 2}, vcpu=4)),
        fleet(host("h0"), host("h1"), host("h2")),
    )
    # The loss of h0 alone is not one of two hosts.
    assert set(paid(compiled, Nogoods(), lost="h0").values()) <= {0, None}
