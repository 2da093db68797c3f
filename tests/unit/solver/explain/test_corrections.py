"""The cheapest changes to policies and sizes: by hand, and against every state of small cases."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from groupsolver import Costs, Limits
from groupsolver.changes.change import Kind, apply_changes
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.corrections import Corrections, RelaxedRules, VerifiedFix
from groupsolver.solver.explain.fixes import APPLICATION_KINDS
from groupsolver.solver.explain.relaxations import changes_of, relaxations_of
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

RELAX: tuple[Kind, ...] = ("relax",)
FEWER: tuple[Kind, ...] = ("fewer",)
RELAX_OR_SOFTEN: tuple[Kind, ...] = ("relax", "soften")
APART = {"kind": "anti-affinity"}
ASKS = {"kind": "host-capabilities", "required": ["CUSTOM_A"]}


def corrections(case: ExplainCase, costs: Costs, own: Any = None) -> Corrections:
    return Corrections(case.rules, case.fleet, case.oracle, costs, case.conflict(), own)


def texts(fix: VerifiedFix | None) -> list[str]:
    assert fix is not None
    return [change.describe() for change in fix.changes]


def test_the_cheapest_changes_of_some_kinds() -> None:
    # Five members, one a host, on two hosts of 4: 3 a host are needed, two steps beyond 1.
    case = ExplainCase(app(group("A", 5, APART)), fleet(host("h1"), host("h2")))
    found = corrections(case, Costs(relax=2, soften=5, fewer=10))
    fix = found.cheapest(RELAX)
    assert texts(fix) == ["A anti-affinity at host max_per_domain 1 -> 3"]
    assert fix is not None
    assert fix.cost == 4
    assert set(fix.kinds) == {"relax"}
    assert fix.result.placement is not None
    assert len(fix.result.placement) == 5
    # Two of five can stay: three members fewer.
    fewer = found.cheapest(FEWER)
    assert texts(fewer) == ["A 5 -> 2 members"]
    assert fewer is not None
    assert fewer.cost == 30
    cheapest = found.cheapest(APPLICATION_KINDS)
    assert cheapest is not None
    assert cheapest.cost == 4


def test_to_leave_the_whole_application_out_is_no_fix() -> None:
    # The only member has a trait that no host has: without it nothing is left to place. To soften
    # what asks for it is dearer, and helps.
    case = ExplainCase(app(group("A", 1, ASKS)), fleet(host("h1")))
    found = corrections(case, Costs(soften=50, drop=None, fewer=10))
    assert found.cheapest(FEWER) is None
    assert texts(found.cheapest(APPLICATION_KINDS)) == [
        "make A host-capabilities soft: members of A run on hosts with CUSTOM_A"
    ]
    # Where another group stays, its own may be left out.
    both = ExplainCase(app(group("A", 1, ASKS), group("B", 1)), fleet(host("h1")))
    fix = corrections(both, Costs(fewer=10)).cheapest(FEWER)
    assert texts(fix) == ["leave A out, 1 member"]


def test_kinds_that_do_not_help_have_no_fix() -> None:
    # A member of 9 VCPU fits on no host, whatever policies there are.
    case = ExplainCase(app(group("A", 1, APART, vcpu=9), group("B", 1)), fleet(host("h1")))
    found = corrections(case, Costs())
    assert found.cheapest(RELAX_OR_SOFTEN) is None
    assert texts(found.cheapest(APPLICATION_KINDS)) == ["leave A out, 1 member"]


def test_two_conflicts_are_resolved_together() -> None:
    # A: two members, one a host, on one host with the trait. B: a trait that no host has.
    asks_other = {"kind": "host-capabilities", "required": ["CUSTOM_B"]}
    case = ExplainCase(
        app(group("A", 2, APART), group("B", 1, asks_other)), fleet(host("h1", traits=["CUSTOM_A"]))
    )
    fix = corrections(case, Costs()).cheapest(APPLICATION_KINDS)
    assert fix is not None
    assert fix.cost == 1 + 5
    assert set(fix.kinds) == {"relax", "soften"}


def test_policies_of_other_groups_are_not_changed() -> None:
    case = ExplainCase(app(group("A", 1, ASKS), group("B", 1)), fleet(host("h1")))
    found = corrections(case, Costs(), own=["B"])
    assert texts(found.cheapest(APPLICATION_KINDS)) == ["leave A out, 1 member"]


def test_without_time_there_is_no_fix() -> None:
    case = ExplainCase(app(group("A", 1, ASKS)), fleet(host("h1")))
    found = corrections(case, Costs())
    case.oracle.budget = Budget(Limits(seconds=1e-9), None)
    assert found.cheapest(APPLICATION_KINDS) is None


SKEW = {"kind": "spread", "level": "rack", "max_skew": 0}
NEAR_B = {"kind": "near", "group": "B"}
RACKS = [host(f"h{i}", 2, domains={"rack": f"r{i}"}) for i in range(3)]


@pytest.mark.parametrize(
    "groups",
    [
        # Five members, evenly over three racks: a skew of 1, or two members fewer, or two more.
        [group("A", 5, SKEW)],
        # B does not fit on A's host; near B, fewer members of B are worse.
        [group("A", 2, NEAR_B, APART), group("B", 1, vcpu=2)],
        # Of A's two rules one contradicts each size of B.
        [group("A", 2, APART, {"kind": "apart-from", "group": "B"}), group("B", 2, APART)],
    ],
)
def test_every_cheaper_state_is_impossible(groups: list[dict[str, Any]]) -> None:
    costs = Costs(relax=2, soften=3, drop=None, fewer=2)
    case = ExplainCase(app(*groups), fleet(*RACKS, levels=("rack",)))
    fix = corrections(case, costs).cheapest(APPLICATION_KINDS)
    possible_costs = []
    relaxations = relaxations_of(case.rules, costs)
    for positions in product(*(range(one.last + 1) for one in relaxations)):
        state = dict(zip(relaxations, positions, strict=True))
        changed, _ = apply_changes(case.rules.app, case.fleet, changes_of(case.rules, state))
        if case.oracle.solve(changed, case.fleet).placed:
            possible_costs.append(sum(one.cost(position) for one, position in state.items()))
    assert fix is not None
    assert fix.cost == min(possible_costs) > 0


def test_fewer_members_may_be_worse_where_a_policy_counts_on_them() -> None:
    # Three racks of 5 VCPU. Six members of B, evenly 2 a rack, leave 1 VCPU a rack: 3 of 5 for C.
    # One B fewer frees 2 VCPU and costs 2, but 5 members are not even. Three fewer cost 6, and two
    # C fewer cost 4.
    racks = [host(f"h{i}", 5, domains={"rack": f"r{i}"}) for i in range(3)]
    groups = [group("B", 6, SKEW, vcpu=2), group("C", 5)]
    case = ExplainCase(app(*groups), fleet(*racks, levels=("rack",)))
    costs = Costs(relax=None, soften=None, drop=None, fewer=2)
    assert texts(corrections(case, costs).cheapest(APPLICATION_KINDS)) == ["C 5 -> 3 members"]


def test_a_weaker_policy_may_be_worse_where_another_rests_on_it() -> None:
    # Four members of A, evenly over r0 and r1 of 2 VCPU, and a member of B in r0. To soften A's
    # `within` costs 4 and leads to three racks, where 4 is not even. One B fewer costs 5.
    racks = [host(f"h{i}", 2, domains={"rack": f"r{i}"}) for i in range(3)]
    in_two = {"kind": "within", "domains": {"rack": ["r0", "r1"]}}
    in_first = {"kind": "within", "domains": {"rack": ["r0"]}}
    groups = [group("A", 4, SKEW, in_two), group("B", 1, in_first)]
    case = ExplainCase(app(*groups), fleet(*racks, levels=("rack",)))
    costs = Costs(relax=None, soften=4, drop=None, fewer=5)
    fix = corrections(case, costs, own=["A"]).cheapest(APPLICATION_KINDS)
    assert texts(fix) == ["leave B out, 1 member"]


def test_rules_of_a_state_know_what_they_were() -> None:
    # Three policies: the first is dropped, so that the others move up; the last is relaxed.
    within = {"kind": "within", "hosts": ["h1"]}
    case = ExplainCase(app(group("A", 2, ASKS, within, APART)), fleet(host("h1")))
    costs = Costs(soften=None, fewer=None)
    asks, _, apart = relaxations_of(case.rules, costs)
    state = {asks: 1, apart: 1}
    changed, _ = apply_changes(case.rules.app, case.fleet, changes_of(case.rules, state))
    relaxed = RelaxedRules.of_state(case.rules, changed, case.fleet, state)
    assert [(rule.index, rule.policy.kind) for rule in relaxed.rules.policies] == [
        (0, "within"),
        (1, "anti-affinity"),
    ]
    assert [relaxed.original[rule] for rule in relaxed.rules.policies] == list(
        case.rules.policies[1:]
    )


def test_a_softened_policy_is_no_rule_any_more() -> None:
    case = ExplainCase(app(group("A", 1, ASKS, APART)), fleet(host("h1")))
    asks, _ = relaxations_of(case.rules, Costs(relax=None, drop=None, fewer=None))
    changed, _ = apply_changes(case.rules.app, case.fleet, changes_of(case.rules, {asks: 1}))
    relaxed = RelaxedRules.of_state(case.rules, changed, case.fleet, {asks: 1})
    assert list(relaxed.original.values()) == [case.rules.policies[1]]
