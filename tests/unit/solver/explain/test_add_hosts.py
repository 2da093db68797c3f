"""The fewest additional hosts: their types, their places, and how they are described."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.changes.fleet import HostsAdded
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.explain.add_hosts import (
    MAX_TYPES,
    fewest_added_hosts,
    host_type,
    useful_types,
)
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

RACK_APART = {"kind": "anti-affinity", "level": "rack"}


def case_of(groups: list[dict[str, Any]], hosts: list[dict[str, Any]], *levels: str) -> ExplainCase:
    return ExplainCase(app(*groups), fleet(*hosts, levels=levels))


def added(case: ExplainCase) -> list[HostsAdded]:
    """The changes; none if no number of hosts is enough."""
    changes = fewest_added_hosts(case.application(), case.fleet, case.oracle, 30)
    return [change for change in changes or () if isinstance(change, HostsAdded)]


def texts(case: ExplainCase) -> list[str]:
    return [change.describe() for change in added(case)]


def types(case: ExplainCase) -> list[str]:
    problem = Problem(case.application(), case.fleet.index)
    return [one.name for one in useful_types(CompiledProblem(problem, case.fleet))]


def test_hosts_are_of_one_type_whatever_their_names_places_and_use() -> None:
    found = case_of(
        [group("A", 1)],
        [
            host("h1", domains={"rack": "r1"}),
            host("h2", used={"VCPU": 1}, cost=9),
            host("h3", traits=["CUSTOM_A"]),
            host("h4", 8),
        ],
        "rack",
    )
    keys = [host_type(one) for one in found.fleet.index]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_types_that_could_take_a_member_come_smallest_first_and_then_the_most_frequent() -> None:
    # Members of 3: the hosts of 2 are too small. Of 4 there is one plain host, and two with a
    # trait.
    hosts = [host("big", 9), host("small", 2), host("plain", 4)]
    hosts += [host(name, 4, traits=["CUSTOM_A"]) for name in ("trait1", "trait2")]
    assert types(case_of([group("A", 1, vcpu=3)], hosts)) == ["trait1", "plain", "big"]


def test_types_are_bounded_and_examples_are_empty_and_enabled() -> None:
    hosts = [host(f"h{i}", 4 + i, used={"VCPU": 1}, enabled=False, cost=7) for i in range(20)]
    case = case_of([group("A", 1)], hosts)
    problem = CompiledProblem(Problem(case.application(), case.fleet.index), case.fleet)
    found = useful_types(problem)
    assert [one.name for one in found] == [f"h{i}" for i in range(MAX_TYPES)]
    assert all((one.used, one.enabled, one.cost) == ({}, True, 0) for one in found)


@pytest.mark.parametrize(("members", "number"), [(3, 1), (4, 2), (5, 3)])
def test_the_fewest_hosts_are_added(members: int, number: int) -> None:
    # One member a host, and two hosts: so many more as members are beyond two.
    case = case_of([group("A", members, "anti-affinity")], [host("h1"), host("h2")])
    assert sum(len(one.hosts) for one in added(case)) == number


@pytest.mark.parametrize(("members", "number"), [(6, 4), (10, 8), (11, None)])
def test_up_to_eight_in_one_place_are_tried(members: int, number: int | None) -> None:
    case = case_of([group("A", members, "anti-affinity")], [host("h1"), host("h2")])
    found = added(case)
    assert sum(len(change.hosts) for change in found) == (number or 0)


def test_the_smallest_type_that_is_enough_is_preferred() -> None:
    # A member of 3 and nothing free: a host of 4 is enough.
    full = [host("big", 9, used={"VCPU": 9}), host("small", 4, used={"VCPU": 4})]
    assert texts(case_of([group("A", 1, vcpu=3)], full)) == [
        "1 more host like small (4 VCPU), called new-1 in the placement"
    ]


def test_a_host_goes_where_the_rules_need_it() -> None:
    # B may only be in r2, whose host is full.
    hosts = [
        host("h1", 4, domains={"rack": "r1"}),
        host("h2", 4, domains={"rack": "r2"}, used={"VCPU": 4}),
    ]
    within = {"kind": "within", "domains": {"rack": ["r2"]}}
    assert texts(case_of([group("B", 1, within)], hosts, "rack")) == [
        "1 more host like h1 (4 VCPU) in rack r2, called new-1 in the placement"
    ]


def test_new_domains_are_opened_where_no_existing_one_is_enough() -> None:
    # Four members, one a rack, in two racks: two more racks, inside the zone.
    hosts = [host(f"h{i}", domains={"zone": "z", "rack": f"r{i}"}) for i in range(2)]
    case = case_of([group("A", 4, RACK_APART)], hosts, "zone", "rack")
    (text,) = texts(case)
    assert text == (
        "2 more hosts like h0 (4 VCPU) each in another rack of zone z, "
        "called new-1 and new-2 in the placement"
    )
    (change,) = added(case)
    racks = [one.domains["rack"] for one in change.hosts]
    assert len(set(racks)) == 2


def test_a_skew_counts_the_new_domains_that_are_proposed_and_no_others() -> None:
    # 4 members, evenly over 3 racks: 4 = 2 + 1 + 1. A fourth rack helps.
    balanced = {"kind": "spread", "level": "rack", "max_skew": 0}
    hosts = [host(f"h{i}", domains={"rack": f"r{i}"}) for i in range(3)]
    (change,) = added(case_of([group("A", 4, balanced)], hosts, "rack"))
    assert [host.domains["rack"] for host in change.hosts] == ["new-rack-1"]


def test_a_host_is_added_in_the_rack_that_is_short_of_its_share() -> None:
    # 3 of 4 members have to be in r1, which takes 2: one more host there, of the three of 2.
    shares = {"kind": "spread", "level": "rack", "share": {"r1": 75}}
    hosts = [host(f"h{i}", 2, domains={"rack": f"r{i}"}) for i in range(3)]
    (change,) = added(case_of([group("A", 4, shares)], hosts, "rack"))
    assert [one.domains for one in change.hosts] == [{"rack": "r1"}]


def test_a_host_is_added_where_a_rack_fills_up_with_too_few() -> None:
    # 4 members, r0 takes 9 and r1 takes 1: 3 and 1. One more host in r1 makes it 2 and 2, and r2
    # has no room.
    equal = {"kind": "spread", "level": "rack", "max_skew": 0, "skew_over": "with-room"}
    hosts = [
        host("h0", 9, domains={"rack": "r0"}),
        host("h1", 1, domains={"rack": "r1"}),
        host("h2", 1, domains={"rack": "r2"}) | {"used": {"VCPU": 1}},
    ]
    (change,) = added(case_of([group("A", 4, equal)], hosts, "rack"))
    assert len(change.hosts) == 1


def test_a_host_in_the_emptier_zone_evens_zones_and_hosts() -> None:
    # Zone A has two hosts of 2, zone B one: 6 members are 3 + 3, and B holds 2.
    hosts = [host(name, 2, domains={"zone": name[0]}) for name in ("A1", "A2", "B1")]
    skews = [{"kind": "spread", "level": level, "max_skew": 1} for level in ("zone", "host")]
    (change,) = added(case_of([group("G", 6, *skews)], hosts, "zone"))
    assert [host.domains for host in change.hosts] == [{"zone": "B"}]
    # Of hosts of 4 and 8 members, 4 + 4 by zone, and as many on each host: two hosts each.
    hosts = [host(name, 4, domains={"zone": name[0]}) for name in ("A1", "A2", "B1")]
    evenly = [skew | {"max_skew": 0} for skew in skews]
    (change,) = added(case_of([group("G", 8, *evenly)], hosts, "zone"))
    assert [host.domains for host in change.hosts] == [{"zone": "B"}]


def test_a_host_that_takes_lost_members_is_added() -> None:
    # Two hosts of 3: after the loss of one, 3 of 4 members have a place. Three hosts hold them.
    case = case_of([group("A", 4, {"kind": "survives"})], [host("h0", 3), host("h1", 3)])
    assert texts(case) == ["1 more host like h0 (3 VCPU), called new-1 in the placement"]


def test_a_group_that_wants_hosts_alone_gets_a_new_one() -> None:
    used = [host("h0", 8, used={"VCPU": 1}), host("h1", 8, used={"VCPU": 4})]
    case = case_of([group("A", 2, "exclusive")], used)
    assert texts(case) == ["1 more host like h0 (8 VCPU), called new-1 in the placement"]


def test_names_of_domains_that_are_taken_are_not_used() -> None:
    apart = {"kind": "anti-affinity", "level": "rack"}
    case = case_of([group("A", 2, apart)], [host("a", domains={"rack": "new-rack-1"})], "rack")
    (change,) = added(case)
    assert [host.domains for host in change.hosts] == [{"rack": "new-rack-2"}]
    assert change.describe(reveal=False) == "1 more host (4 VCPU) in another rack"


def test_names_that_are_taken_are_not_used() -> None:
    case = case_of([group("A", 2, "anti-affinity")], [host("new-1")])
    (change,) = added(case)
    assert change.like == "new-1"
    assert len(change.hosts) == 1
