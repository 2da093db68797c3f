"""Which domains could take one more member of a group, or hold one: beforehand, and in a skew."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Limits, Result, check, compile_fleet, solve
from groupsolver.constraints.capacity.spare_room import could_take_one_more, sizes_of_members
from groupsolver.constraints.cp_model.room_left import least_full
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.spare_room import RoomyDomains, roomy_domains
from groupsolver.model.fleet import Fleet, Host
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=20, workers=1)
EVEN = {"kind": "spread", "level": "zone", "max_skew": 1}
BY_ROOM = EVEN | {"skew_over": "with-room"}


def zones(*vcpu: int, used: tuple[int, ...] = ()) -> Fleet:
    """One host a zone: h1 in z1, h2 in z2, and so on; the first are the cheapest."""
    hosts = [
        host(f"h{i}", vcpu=free, domains={"zone": f"z{i}"}, cost=i)
        for i, free in enumerate(vcpu, 1)
    ]
    for one, amount in zip(hosts, used, strict=False):
        one["used"] = {"VCPU": amount}
    return fleet(*hosts, levels=("zone",))


def compiled_of(on: Fleet, *groups: dict[str, Any], **more: Any) -> CompiledProblem:
    compiled = compile_fleet(on)
    return CompiledProblem(Problem(app(*groups, **more), compiled.index), compiled)


def roomy(on: Fleet, *groups: dict[str, Any], **more: Any) -> tuple[list[str], list[str]]:
    """The zones that are certain to count, and the undecided ones."""
    compiled = compiled_of(on, *groups, **more)
    found: RoomyDomains = roomy_domains(compiled, "A", "zone")
    names = compiled.fleet.index.domains("zone")
    codes = {name: compiled.fleet.code("zone", name) for name in names}
    certain = [name for name in names if found.certain[codes[name]]]
    return certain, [name for name in names if codes[name] in found.undecided]


def placed(on: Fleet, *groups: dict[str, Any]) -> Result:
    return solve(app(*groups), on, objective="cost", limits=ONE, explain=False)


def counts(result: Result, number: int) -> list[int]:
    assert result.placement is not None
    hosts = list(result.placement.values())
    return [hosts.count(f"h{i}") for i in range(1, number + 1)]


def test_a_zone_that_is_full_is_not_counted() -> None:
    # z3 has nothing free: it holds 0, so that "eligible" allows no zone more than 1 of 4 members.
    on = zones(4, 4, 4, used=(0, 0, 4))
    assert placed(on, group("A", 4, EVEN)).status == "infeasible"
    assert counts(placed(on, group("A", 4, BY_ROOM)), 3) == [2, 2, 0]


def test_a_zone_counts_that_fills_up_with_members_of_the_group() -> None:
    # z2 takes one of 4, and holds it then: 3 and 1 differ by 2.
    assert placed(zones(4, 1), group("A", 4, BY_ROOM)).status == "infeasible"
    assert counts(placed(zones(4, 1), group("A", 3, BY_ROOM)), 2) == [2, 1]


def test_a_zone_that_others_fill_is_not_counted() -> None:
    # B takes what is free in z2 (2 of 2 VCPU), at 1 VCPU more than in z1: the 3 of A stay in z1.
    other = group("B", 1, vcpu=2)
    result = placed(zones(5, 2), group("A", 3, BY_ROOM), other)
    assert counts(result, 2) == [3, 1]
    # With 3 VCPU there one more of A would find room, so that z2 has to hold one, or two.
    result = placed(zones(5, 3), group("A", 3, BY_ROOM), other)
    assert result.placement is not None
    assert [result.placement[f"A/{i}"] for i in range(3)].count("h2") >= 1


def test_any_size_of_the_group_says_whether_there_is_room() -> None:
    # z2 has 2 VCPU free: no member of 3 fits, but one of 1 would.
    large = [{"resources": {"VCPU": 3}, "count": 2}]
    small = [{"resources": {"VCPU": 1}, "count": 1}]
    on = zones(9, 2)
    equal = BY_ROOM | {"max_skew": 0}
    alone = group("A", 1, equal) | {"members": large}
    mixed = group("A", 1, equal) | {"members": large + small}
    assert counts(placed(on, alone), 2) == [2, 0]
    assert placed(on, mixed).status == "infeasible"  # 2 and 1, or 3 and 0


def test_a_host_that_is_not_eligible_makes_no_room() -> None:
    on = zones(4, 4)
    outside = {"kind": "outside", "hosts": ["h2"]}
    assert counts(placed(on, group("A", 3, BY_ROOM, outside)), 2) == [3, 0]


def test_soft_it_costs_each_step_of_skew_among_the_zones_with_room() -> None:
    on = zones(9, 9, 9, used=(0, 0, 9))
    soft = BY_ROOM | {"weight": 3}
    verdict = check(app(group("A", 4, soft)), on, dict.fromkeys((f"A/{i}" for i in range(4)), "h1"))
    # 4 and 0 differ by 4, which is 3 more than 1.
    assert [penalty.cost for penalty in verdict.penalties] == [3 * 3]


def test_it_is_known_beforehand_where_others_cannot_fill_a_zone() -> None:
    # 3 members of B take 3 of 4 VCPU in z1, and all of what z2 has; z3 has nothing.
    both = group("A", 1), group("B", 3)
    assert roomy(zones(4, 3, 1, used=(0, 0, 1)), *both) == (["z1"], ["z2"])
    # Three hosts with room for one cannot be filled by two members.
    hosts = [host(f"h{i}", vcpu=1, domains={"zone": "z1"}) for i in range(3)]
    assert roomy(fleet(*hosts, levels=("zone",)), group("A", 1), group("B", 2)) == (["z1"], [])
    assert roomy(fleet(*hosts, levels=("zone",)), *both) == ([], ["z1"])
    # What the group itself fills counts.
    assert roomy(fleet(*hosts, levels=("zone",)), group("A", 3)) == (["z1"], [])


def test_running_members_make_a_zone_count() -> None:
    there = {"group": "A", "id": "old", "host": "h2"}
    assert roomy(zones(9, 1, used=(0, 1)), group("A", 1), existing=(there,)) == (["z1", "z2"], [])


def test_members_that_take_nothing_say_nothing_about_room() -> None:
    nothing: dict[str, Any] = {"resources": {}}
    some = group("A", 1) | {"members": [nothing, {"resources": {"VCPU": 2}}]}
    assert sizes_of_members(compiled_of(zones(4), some).problem, "A") == ((("VCPU", 2),),)
    none = group("A", 1) | {"members": [nothing]}
    assert sizes_of_members(compiled_of(zones(4), none).problem, "A") == ((),)
    assert roomy(zones(4, 1, used=(0, 1)), none) == (["z1", "z2"], [])


def cells(*vcpu: int) -> dict[str, Any]:
    inside = [{"inventory": {"VCPU": free}} for free in vcpu]
    return {"name": "h1", "domains": {"zone": "z1"}, "cells": inside}


@pytest.mark.parametrize(
    ("members", "takes"),
    [(0, True), (2, True), (3, False), (4, False)],  # 3 of 1 VCPU leave 1 in either cell
)
def test_one_more_needs_a_cell_of_its_host(members: int, takes: bool) -> None:
    small = {"resources": {"VCPU": 1}, "count": 4}
    large = {"resources": {"VCPU": 2}, "count": 1}
    asked = group("A", 1) | {"members": [small, large]}
    one = compiled_of(fleet(cells(2, 2), levels=("zone",)), asked)
    view = View(one.problem, {f"A/{i}": "h1" for i in range(members)})
    assert could_take_one_more(view, one.problem.hosts["h1"], ((("VCPU", 2),),)) == takes


def test_the_least_numbers_that_fill_cells() -> None:
    two = Host.model_validate(cells(2, 2))
    one, pair = (("VCPU", 1),), (("VCPU", 2),)
    # One more of 2: three of 1, or two of 1 and one of 2 (or fewer of 1 beside more of 2).
    assert least_full(two, [one], [4], pair) == [(3,)]
    assert least_full(two, [one, pair], [4, 2], pair) == [(0, 2), (1, 1), (3, 0)]
    # One more of 1 finds no room where all 4 VCPU are taken.
    assert least_full(two, [one, pair], [4, 2], one) == [(0, 2), (2, 1), (4, 0)]
    assert least_full(two, [], [], pair) == []
    assert least_full(two, [one] * 3, [100, 100, 100], pair) is None  # too many to try


def test_a_zone_whose_cells_are_full_is_not_counted() -> None:
    # h1 has cells of 2 and 2 VCPU. B's three of 1 leave 1 in either: no room for A's of 2.
    hosts = [cells(2, 2) | {"cost": 1}, host("h2", vcpu=9, domains={"zone": "z2"}, cost=2)]
    on = fleet(*hosts, levels=("zone",))
    within = {"kind": "within", "hosts": ["h1"]}
    equal = BY_ROOM | {"max_skew": 0}
    three = placed(on, group("A", 2, equal, vcpu=2), group("B", 3, within))
    assert three.placement is not None
    assert {three.placement["A/0"], three.placement["A/1"]} == {"h2"}
    # B's two fit into one cell: then z1 has room, and holds one of A.
    two = placed(on, group("A", 2, equal, vcpu=2), group("B", 2, within))
    assert two.placement is not None
    assert {two.placement["A/0"], two.placement["A/1"]} == {"h1", "h2"}


def test_the_host_that_others_have_to_fill_is_not_dropped_for_them() -> None:
    # A's three cannot be shared evenly over h1 and h2, so that B has to fill h2. To B ten hosts of
    # the same zone are as good and cheaper.
    cheap = [host(f"c{i}", vcpu=2, domains={"zone": "z2"}, cost=1) for i in range(10)]
    h1 = host("h1", vcpu=9, domains={"zone": "z1"}, cost=1)
    h2 = host("h2", vcpu=1, domains={"zone": "z2"}, cost=50)
    within = {"kind": "within", "hosts": ["h1", "h2"]}
    asked = (group("A", 3, BY_ROOM | {"max_skew": 0}, within), group("B", 1))
    result = placed(fleet(h1, h2, *cheap, levels=("zone",)), *asked)
    assert result.placement == {"A/0": "h1", "A/1": "h1", "A/2": "h1", "B/0": "h2"}


def test_a_pool_that_members_elsewhere_exhaust_leaves_no_room() -> None:
    # h2 and h3 share 2 GB. Both members of B take them on h3, and h2 takes no member of A then.
    def zone(name: str, cost: int, **inventory: int) -> dict[str, Any]:
        domains = {"zone": name.replace("h", "z")}
        return host(name, 8, cost=cost, domains=domains, inventory={"VCPU": 8, **inventory})

    hosts = [zone("h1", 1, DISK_GB=8), zone("h2", 2), zone("h3", 3)]
    pool = {"name": "p", "inventory": {"DISK_GB": 2}, "hosts": ["h2", "h3"]}
    on = Fleet.model_validate({"levels": ["zone"], "hosts": hosts, "pools": [pool]})
    size = {"resources": {"VCPU": 1, "DISK_GB": 1}}
    spread = {"name": "A", "policies": [BY_ROOM], "members": [size | {"count": 3}]}
    there = {"kind": "within", "hosts": ["h3"]}
    others = {"name": "B", "policies": [there], "members": [size | {"count": 2}]}
    # Two of A on h2 exhaust the pool as well, so that z3 does not count: 1 and 2 differ by 1.
    assert counts(placed(on, spread), 3) == [1, 2, 0]
    result = placed(on, spread, others)
    assert counts(result, 3) == [3, 0, 2]
    assert result.placement is not None
    assert not check(app(spread, others), on, result.placement).violations
