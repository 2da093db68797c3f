"""Relaxations: the positions of policies and sizes, their costs, and the changes that they mean."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Costs, compile_fleet
from groupsolver.changes.application import FewerMembers, PolicyReplaced
from groupsolver.solver.explain.relaxations import changes_of, relaxations_of
from groupsolver.solver.explain.rules import ApplicationRules
from tests.support.explain_cases import application_rules
from tests.support.small import app, fleet, group, host

FLEET = compile_fleet(fleet(host("h1"), host("h2")))
NONE = Costs(relax=None, soften=None, drop=None, fewer=None)
APART = {"kind": "anti-affinity"}
ASKS = {"kind": "host-capabilities", "required": ["CUSTOM_A"]}


def rules(*groups: dict[str, Any]) -> ApplicationRules:
    return application_rules(app(*groups), FLEET)


def steps(found: ApplicationRules, **prices: Any) -> list[list[tuple[str, int]]]:
    costs = NONE.model_copy(update=prices)
    return [
        [(position.kind, position.cost) for position in relaxation.positions]
        for relaxation in relaxations_of(found, costs)
    ]


def test_a_number_is_relaxed_step_by_step_and_then_the_policy_is_softened() -> None:
    # Three members, at most 1 a host: 2, then 3 a host, at 2 a step; 7 to soften it.
    found = rules(group("A", 3, APART))
    assert steps(found, relax=2, soften=7) == [[("relax", 2), ("relax", 4), ("soften", 7)]]
    (relaxation,) = relaxations_of(found, NONE.model_copy(update={"relax": 2}))
    numbers = [getattr(relaxation.at(position).policy, "max_per_domain") for position in (1, 2)]  # noqa: B009
    assert numbers == [2, 3]
    assert (relaxation.last, relaxation.cost(0), relaxation.cost(2)) == (2, 0, 4)


def test_steps_that_change_nothing_are_not_counted() -> None:
    # Three members cover three domains at most: from 50, two are the first step, and 1 the second.
    wide = {"kind": "spread", "level": "host", "min_domains": 50}
    found = rules(group("A", 3, wide))
    assert steps(found, relax=1) == [[("relax", 1), ("relax", 2)]]
    # Two hosts fail together at most: of 9, one is the first step.
    lost = {"kind": "survives", "failures": 9}
    assert steps(rules(group("A", 3, lost)), relax=1) == [[("relax", 1)]]


def test_a_policy_is_dropped_only_where_that_is_cheaper_than_to_soften_it() -> None:
    found = rules(group("A", 1, ASKS))
    assert steps(found, soften=5, drop=5) == [[("soften", 5)]]
    assert steps(found, soften=5, drop=4) == [[("drop", 4)]]
    assert steps(found, drop=8) == [[("drop", 8)]]
    assert steps(found) == []


def test_members_go_from_the_end_each_size_by_itself() -> None:
    two_sizes = group("A", 2) | {
        "members": [{"resources": {"VCPU": 1}, "count": 2}, {"resources": {"VCPU": 3}}]
    }
    costs = NONE.model_copy(update={"fewer": 10})
    small, large = relaxations_of(rules(two_sizes), costs)
    assert [(one.cost, one.left_out) for one in small.positions] == [
        (10, ("A/1",)),
        (20, ("A/0", "A/1")),
    ]
    assert [(one.cost, one.left_out) for one in large.positions] == [(10, ("A/2",))]


def test_policies_of_other_groups_are_left_alone_and_sizes_are_not() -> None:
    found = rules(group("A", 1, ASKS), group("B", 1, ASKS))
    costs = NONE.model_copy(update={"soften": 5, "fewer": 10})
    groups = [(one.group, one.rule is None) for one in relaxations_of(found, costs, own=["B"])]
    assert groups == [("B", False), ("A", True), ("B", True)]


def test_a_state_is_the_changes_that_lead_to_it() -> None:
    found = rules(group("A", 3, APART))
    policy, size = relaxations_of(found, Costs(drop=None))
    changes = changes_of(found, {policy: 1, size: 2})
    assert [change.describe() for change in changes] == [
        "A anti-affinity at host max_per_domain 1 -> 2",
        "A 3 -> 1 member",
    ]
    assert changes_of(found, {policy: 0, size: 0}) == []


def test_the_last_policy_is_dropped_first_so_that_each_change_finds_its_place() -> None:
    soft = {"kind": "affinity", "weight": 1}
    found = rules(group("A", 1, ASKS, soft, "anti-affinity"))
    asks, apart = relaxations_of(found, NONE.model_copy(update={"drop": 8}))
    changes = changes_of(found, {asks: 1, apart: 1})
    assert [change.index for change in changes if isinstance(change, PolicyReplaced)] == [2, 0]
    after: Any = found.app
    for change in changes:
        after = change.on_application(after)
    assert isinstance(after, Application)
    assert [policy.kind for policy in after.groups[0].policies] == ["affinity"]


def test_members_of_two_sizes_are_one_change_of_the_group() -> None:
    two_sizes = group("A", 2) | {
        "members": [{"resources": {"VCPU": 1}, "count": 2}, {"resources": {"VCPU": 3}}]
    }
    found = rules(two_sizes)
    small, large = relaxations_of(found, NONE.model_copy(update={"fewer": 10}))
    assert changes_of(found, {small: 1, large: 1}) == [FewerMembers("A", 3, ("A/1", "A/2"))]
