"""Few hosts that stand for many, where new members take no room."""

from __future__ import annotations

from typing import Any

import numpy as np

from groupsolver.solver.presolve.host_quotient import _finest_domains, quotient_fleet
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, in_rack

RACKS = 10
HOSTS_PER_RACK = 9


def weightless(name: str, count: int, *policies: Doc) -> Doc:
    return {
        "name": name,
        "policies": list(policies),
        "members": [{"resources": {}, "count": count}] if count else [],
    }


def big(*groups: Doc, existing: list[Doc] | None = None, **of_first: Any) -> SmallProblem:
    """Ten racks of nine hosts; the first host has further properties."""
    hosts = [
        in_rack(f"r{rack}h{i}", f"r{rack}", **(of_first if rack == i == 0 else {}))
        for rack in range(RACKS)
        for i in range(HOSTS_PER_RACK)
    ]
    return SmallProblem(list(groups), hosts, existing=existing or [])


def names(problem: SmallProblem) -> set[str]:
    return {one.name for one in quotient_fleet(problem.compiled).index}


def test_as_many_hosts_and_racks_are_kept_as_there_are_members() -> None:
    # Two members: two racks, and of each two hosts.
    assert names(big(weightless("A", 2, AFFINITY))) == {"r0h0", "r0h1", "r1h0", "r1h1"}


def test_without_a_rule_about_racks_all_hosts_are_of_one_domain() -> None:
    assert names(big(weightless("A", 3, APART))) == {"r0h0", "r0h1", "r0h2"}


def test_a_host_of_its_own_kind_is_kept_beside_the_others() -> None:
    trait = {"kind": "host-capabilities", "required": ["GPU"]}
    problem = big(weightless("A", 1, AFFINITY), weightless("B", 1, trait), traits=["GPU"])
    # Two members. Only rack r0 has a GPU host, and so no other rack can replace it; of the others,
    # which are alike, two are kept beside r0, unless r0 replaces them: it has as many plain hosts.
    assert names(problem) == {"r0h0", "r0h1", "r0h2", "r1h0", "r1h1"}


def test_hosts_with_running_members_are_kept() -> None:
    existing = [{"group": "A", "id": "old", "host": "r7h7"}]
    problem = big(weightless("A", 1, AFFINITY), existing=existing)
    assert "r7h7" in names(problem)
    assert len(names(problem)) < RACKS * HOSTS_PER_RACK / 2


def test_racks_over_which_a_skew_is_taken_are_all_kept() -> None:
    skew = {"kind": "spread", "level": "rack", "max_skew": 1}
    assert len(names(big(weightless("A", 2, skew)))) == RACKS * 2


def test_racks_that_a_rule_names_are_kept() -> None:
    share = {"kind": "spread", "level": "rack", "share": {"r7": 50}}
    assert len(names(big(weightless("A", 2, share)))) == RACKS * 2
    few = {"kind": "spread", "level": "rack", "max_domains": 1}
    assert len(names(big(weightless("A", 2, few)))) == 2 * 2


def test_nothing_is_dropped_where_what_is_free_counts() -> None:
    equal = {"kind": "spread", "level": "rack", "max_skew": 1, "skew_over": "with-room"}
    problem = big(weightless("A", 2, equal))
    assert quotient_fleet(problem.compiled) is problem.compiled.fleet


def test_a_small_fleet_is_kept_as_it_is() -> None:
    problem = SmallProblem([weightless("A", 1)], [in_rack(f"h{i}", "r") for i in range(64)])
    assert quotient_fleet(problem.compiled) is problem.compiled.fleet


def test_nothing_is_dropped_for_a_policy_about_which_nothing_may_be_assumed() -> None:
    near: Doc = {"kind": "near", "group": "B", "level": "host"}
    problem = big(weightless("A", 1, near), weightless("B", 1))
    assert quotient_fleet(problem.compiled) is problem.compiled.fleet


def test_levels_that_cross_each_other_have_no_finest_domain() -> None:
    hosts = [
        {"name": "h1", "domains": {"rack": "r1", "feed": "f1"}},
        {"name": "h2", "domains": {"rack": "r1", "feed": "f2"}},
        {"name": "h3", "domains": {"rack": "r2", "feed": "f2"}},
    ]
    problem = SmallProblem([weightless("A", 1)], hosts, levels=("feed", "rack"))
    fleet = problem.compiled.fleet
    rows = np.arange(3)
    assert _finest_domains(fleet, ["rack", "feed"], rows) is None
    finest = _finest_domains(fleet, ["rack"], rows)
    assert finest is not None
    assert finest.tolist() == [0, 0, 1]


def test_a_host_with_running_members_is_no_stand_in_for_an_empty_one() -> None:
    # One member of A wants a host of its own: r0h0 is the first host, and holds one of B already.
    existing = [{"group": "B", "id": "old", "host": "r0h0"}]
    alone = weightless("A", 1, {"kind": "exclusive"})
    problem = big(alone, weightless("B", 0), existing=existing)
    assert names(problem) == {"r0h0", "r0h1"}


def test_a_host_in_no_domain_stands_for_itself() -> None:
    # Members of both P and Q share every rack with each other: only a host in no rack is left.
    apart = {"kind": "apart-from", "group": "Q", "level": "rack"}
    above: list[Doc] = [
        {"name": "P", "groups": ["A"], "policies": [apart]},
        {"name": "Q", "groups": ["A"]},
    ]
    problem = big(weightless("A", 1), *above)
    problem.hosts[0]["domains"] = {}
    assert "r0h0" in names(problem)
