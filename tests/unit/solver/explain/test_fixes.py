"""Fixes of all kinds: their order, their costs, and that those on the fleet help the whole."""

from __future__ import annotations

from typing import Any

from groupsolver import Costs
from groupsolver.solver.explain.fixes import find_fixes
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

APART = {"kind": "anti-affinity"}
NONE: dict[str, None] = dict.fromkeys(("relax", "soften", "drop", "fewer", "free", "add", "move"))


def fixes(case: ExplainCase, costs: Costs, own: list[str] | None = None) -> list[tuple[str, int]]:
    found = find_fixes(case.rules, case.fleet, case.oracle, costs, case.conflict(), own)
    return [("; ".join(change.describe() for change in fix.changes), fix.cost) for fix in found]


def test_the_cheapest_comes_first_then_each_kind_and_nothing_twice() -> None:
    # Three members, one a host, on two hosts.
    case = ExplainCase(app(group("A", 3, APART)), fleet(host("h1"), host("h2")))
    assert fixes(case, Costs()) == [
        ("A anti-affinity at host max_per_domain 1 -> 2", 1),
        ("make A anti-affinity at host soft: no host holds more than 1 member of A", 5),
        ("1 more host like h1 (4 VCPU), called new-1 in the placement", 4),
        ("A 3 -> 2 members", 10),
    ]


def test_each_kind_without_a_price_is_left_out() -> None:
    case = ExplainCase(
        app(group("A", 2, vcpu=3)), fleet(host("h1", 4), host("h2", 4, used={"VCPU": 2}))
    )
    for kind, text in {
        "add": "1 more host like h1 (4 VCPU), called new-1 in the placement",
        "free": "free 1 VCPU on h2",
        "fewer": "A 2 -> 1 member",
    }.items():
        prices: dict[str, Any] = {**NONE, kind: 7}
        assert fixes(case, Costs(**prices)) == [(text, 7)]
    assert fixes(case, Costs(**NONE)) == []


def test_hosts_are_counted_in_the_price() -> None:
    # Four members, one a host, on two hosts: two more hosts at 4.
    case = ExplainCase(app(group("A", 4, APART)), fleet(host("h1"), host("h2")))
    prices: dict[str, Any] = {**NONE, "add": 4}
    ((_, cost),) = fixes(case, Costs(**prices))
    assert cost == 2 * 4


def test_nothing_is_freed_where_the_conflict_has_no_capacity() -> None:
    case = ExplainCase(app(group("A", 2, APART)), fleet(host("h1", used={"VCPU": 1})))
    prices: dict[str, Any] = {**NONE, "free": 3}
    assert fixes(case, Costs(**prices)) == []


def test_groups_that_stand_in_the_way_of_a_fleet_change_join() -> None:
    # A alone needs one host more, and so does B: the fix of the whole has both.
    groups = [group("A", 1, vcpu=4), group("B", 1, vcpu=4)]
    case = ExplainCase(app(*groups), fleet(host("h1", 4, used={"VCPU": 4})))
    prices: dict[str, Any] = {**NONE, "add": 4}
    assert fixes(case, Costs(**prices)) == [
        ("2 more hosts like h1 (4 VCPU), called new-1 and new-2 in the placement", 8)
    ]


def test_policies_and_running_members_of_other_groups_are_left_alone() -> None:
    apart = {"kind": "apart-from", "group": "A"}
    existing = ({"group": "B", "id": "B/0", "host": "h1", "resources": {"VCPU": 1}},)
    groups = [group("A", 1), {"name": "B", "policies": [apart]}]
    hosts = fleet(host("h1", used={"VCPU": 1}), host("h2", 1, used={"VCPU": 0}, traits=["X"]))
    only_h1 = {"kind": "within", "hosts": ["h1"]}
    groups[0]["policies"] = [only_h1]
    case = ExplainCase(app(*groups, existing=existing), hosts)
    prices: dict[str, Any] = {**NONE, "drop": 8, "move": 2}
    texts = [text for text, _ in fixes(case, Costs(**prices))]
    assert "move B/0 of B from h1 to h2" in texts
    own = [text for text, _ in fixes(case, Costs(**prices), own=["A"])]
    assert own == ["drop A within: members of A run only in h1"]
