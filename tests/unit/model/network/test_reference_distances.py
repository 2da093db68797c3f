"""Policies by distance: what they say, where they are refused.

What a fleet keeps of its network.
"""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from groupsolver import (
    Application,
    Fleet,
    Host,
    Inventory,
    Limits,
    Link,
    Near,
    NetworkProximity,
    check,
    compile_fleet,
    leaf_spine,
    solve,
)
from groupsolver.constraints.problem.problem import Problem
from groupsolver.errors import BadInput
from groupsolver.files import parse_application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.network.network import Network

Doc = dict[str, Any]


def ring(number: int, *, room: int = 4) -> Fleet:
    """So many racks of one host in a ring, every link 1 us."""
    hosts = [
        Host(
            name=f"h{i}",
            domains={"rack": f"r{i}"},
            inventory={"VCPU": Inventory(total=room)},
            cost=i,
        )
        for i in range(number)
    ]
    links = [Link(between=(f"r{i}", f"r{(i + 1) % number}"), latency_us=1) for i in range(number)]
    return Fleet(levels=("rack",), hosts=tuple(hosts), links=tuple(links))


def app(
    *policies: Doc | str, count: int = 2, existing: tuple[str, ...] = (), **groups: Doc
) -> Application:
    doc = [
        {"name": "A", "policies": policies, "members": [{"resources": {"VCPU": 1}, "count": count}]}
    ]
    running = [{"group": "A", "id": f"old{i}", "host": host} for i, host in enumerate(existing)]
    return parse_application({"groups": [*doc, *groups.values()], "existing": running})


def placed(application: Application, fleet: Fleet) -> dict[str, str] | None:
    return solve(application, fleet, objective="cost", limits=Limits(workers=1)).placement


# What a fleet keeps.


def zones(fleet: CompiledFleet, bound: int) -> tuple[int, bool]:
    found = fleet.proximity_zones("latency", bound)[1]
    return len(found.kinds), found.equivalence


def test_racks_that_are_near_the_same_racks_are_one_zone() -> None:
    fleet = compile_fleet(leaf_spine(2, 10, 4, latency_us=5))
    assert zones(fleet, 9) == (10, True)  # two leaves are 2 x 5 us apart
    assert zones(fleet, 10) == (1, True)


def test_in_a_ring_being_near_does_not_carry_over() -> None:
    fleet = compile_fleet(ring(6))
    assert zones(fleet, 0) == (6, True)
    assert zones(fleet, 1) == (6, False)
    assert zones(fleet, 3) == (1, True)  # 6 racks: the farthest is 3 links away


def test_hosts_that_are_classes_of_their_own_join_where_they_are_near_the_same_hosts() -> None:
    links = tuple(Link(between=(f"h{i}", "switch"), latency_us=i) for i in range(4))  # no two alike
    fleet = compile_fleet(Fleet(hosts=tuple(Host(name=f"h{i}") for i in range(4)), links=links))
    assert zones(fleet, 5) == (1, True)  # h2 and h3 are 2 + 3 us apart
    assert zones(fleet, 4) == (3, False)  # h0 and h1 are near all


def test_bounds_between_the_same_two_distances_share_one_partition() -> None:
    fleet = compile_fleet(leaf_spine(2, 10, 4, latency_us=5))
    assert {fleet.proximity_zones("latency", bound)[0] for bound in range(10)} == {
        fleet.proximity_zones("latency", 3)[0]
    }
    assert fleet.proximity_zones("latency", 10)[0] != fleet.proximity_zones("latency", 9)[0]
    assert fleet.proximity_zones("hops", 10)[0] != fleet.proximity_zones("latency", 10)[0]


def test_distances_are_computed_anew_only_where_hosts_come_go_or_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    init = Network.__init__

    def counted(network: Network, fleet: CompiledFleet) -> None:
        made.append(1)
        init(network, fleet)

    monkeypatch.setattr(Network, "__init__", counted)
    fleet = compile_fleet(ring(6))
    host = fleet.index["h1"]

    def made_by(step: Any) -> int:
        step()
        made.clear()
        fleet.proximity_zones("hops", 1)
        return len(made)

    assert made_by(lambda: None) == 1
    assert made_by(lambda: None) == 0
    assert (
        made_by(
            lambda: fleet.update(host.model_copy(update={"used": {"VCPU": 1}, "enabled": False}))
        )
        == 0
    )
    copy = fleet.copy()
    made.clear()
    copy.proximity_zones("hops", 1)
    assert made == []
    assert made_by(lambda: fleet.update(host.model_copy(update={"domains": {"rack": "r5"}}))) == 1
    assert made_by(lambda: fleet.remove("h2")) == 1
    assert made_by(lambda: fleet.add(Host(name="new", domains={"rack": "r3"}))) == 1
    made.clear()
    copy.proximity_zones("hops", 1)  # what became of the other is nothing to it
    assert made == []


def test_after_hosts_came_went_and_moved_zones_are_those_of_a_fleet_compiled_anew() -> None:
    fleet = compile_fleet(ring(6))
    fleet.proximity_zones("hops", 1)
    fleet.remove("h2")
    fleet.update(fleet.index["h1"].model_copy(update={"domains": {"rack": "r5"}}))
    for i in range(30):  # more than there are rows for
        fleet.add(Host(name=f"n{i}", domains={"rack": f"r{i % 7}"}))
    anew = compile_fleet(Fleet(levels=("rack",), hosts=tuple(fleet.index), links=fleet.links))
    for one in fleet.rows:
        for bound in range(4):
            assert beside(fleet, one, bound) == beside(anew, one, bound)


def beside(fleet: CompiledFleet, host: str, bound: int) -> set[str]:
    level, found = fleet.proximity_zones("hops", bound)
    codes = fleet.codes(level)
    near = found.of(int(codes[fleet.rows[host]]))
    return {other for other, row in fleet.rows.items() if near[codes[row]]}


def test_10_000_hosts_take_well_under_the_time_of_a_solve() -> None:
    seconds = []
    for leaves, spines, hosts in ((250, 16, 40), (1000, 16, 10)):
        fleet = compile_fleet(leaf_spine(spines, leaves, hosts))
        start = perf_counter()
        assert len(fleet.proximity_zones("latency", 5)[1].kinds) == leaves
        seconds.append(perf_counter() - start)
    slower = 10 if "CI" in os.environ else 3  # others may be at work on the machine
    assert seconds < [0.2 * slower, 1.0 * slower], seconds


# What the policies say.


def test_a_group_in_a_ring_stands_where_every_two_are_near() -> None:
    # Costs are 0 ... 5. Two links at most: any three hosts in a row, of which h0, h1, h2 are
    # cheaper than h5, h0, h1.
    apart: Doc = {"kind": "anti-affinity"}
    answer = placed(app({"kind": "network-proximity", "max_hops": 2}, apart, count=3), ring(6))
    assert answer is not None
    assert set(answer.values()) == {"h0", "h1", "h2"}
    # One link at most: three racks in a row are two links apart at their ends.
    assert (
        placed(app({"kind": "network-proximity", "max_hops": 1}, apart, count=3), ring(6)) is None
    )
    # Soft: of the three pairs of a row, one is too far, at 1 x weight 2; the hosts cost 0 + 1 + 2.
    soft = app({"kind": "network-proximity", "max_hops": 1, "weight": 2}, apart, count=3)
    assert solve(soft, ring(6), objective="cost").objective == 5


def test_a_new_member_is_near_to_running_ones_that_are_far_from_each_other_already() -> None:
    rule: Doc = {"kind": "network-proximity", "max_hops": 2}
    # h0 and h3 are 3 links apart: their own pair does not grow. Near both: h1, h2, h4, h5.
    answer = placed(app(rule, count=1, existing=("h0", "h3")), ring(6))
    assert answer == {"A/0": "h1"}
    # h0 and h3 of eight racks: near both are h1 and h2; h0 itself is 3 from h3.
    verdict = check(app(rule, count=1, existing=("h0", "h3")), ring(8), {"A/0": "h0"})
    assert [(v.policy, v.measure) for v in verdict.violations] == [("network-proximity", 1)]


def test_near_by_latency_takes_what_is_close_enough_and_no_more() -> None:
    other: Doc = {
        "name": "B",
        "members": [{"resources": {"VCPU": 4}}],
        "policies": [{"kind": "within", "hosts": ["h4"]}],
    }
    for bound, expected in ((0, None), (1, {"h3", "h5"}), (2, {"h2", "h3"})):
        rule: Doc = {"kind": "near", "group": "B", "max_latency_us": bound}
        # h4 is full with B; the cheapest hosts within the bound of h4, one member each.
        answer = placed(app(rule, "anti-affinity", B=other), ring(8))
        assert (None if answer is None else {answer["A/0"], answer["A/1"]}) == expected


def test_a_fleet_without_links_has_no_two_hosts_that_are_near_and_says_so() -> None:
    fleet = ring(4).model_copy(update={"links": ()})
    one = app({"kind": "network-proximity", "max_latency_us": 1000})
    result = solve(one, fleet, objective="cost")
    assert result.placement == {"A/0": "h0", "A/1": "h0"}  # a host is near itself
    assert result.warnings == (
        "groups[0].policies[0]: the fleet has no links: no host is near another",
    )
    assert not Problem(
        app({"kind": "network-proximity", "level": "rack"}), compile_fleet(fleet).index
    ).warnings


def test_a_bound_reads_as_a_sentence() -> None:
    assert (
        NetworkProximity(max_hops=1).describe("A")
        == "all members of A are near each other: at most 1 hop apart"
    )
    assert (
        Near(group="B", max_latency_us=25).describe("A")
        == "each member of A has a member of B at most 25 us away"
    )
    assert Near(group="B").describe("A") == "each member of A has a member of B in its host"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"kind": "network-proximity"}, "missing-key"),
        ("network-proximity", "missing-key"),
        ({"kind": "network-proximity", "level": "rack", "max_hops": 2}, "wrong-value"),
        ({"kind": "network-proximity", "max_latency_us": 1, "max_hops": 2}, "wrong-value"),
        ({"kind": "network-proximity", "max_hops": -1}, "out-of-range"),
        ({"kind": "network-proximity", "max_hops": 2**63}, "out-of-range"),
        ({"kind": "network-proximity", "max_hops": 1.0}, "wrong-type"),
        ({"kind": "near", "group": "B", "level": "host", "max_hops": 2}, "wrong-value"),
    ],
)
def test_not_exactly_one_measure_is_bad_input(policy: Any, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        app(policy, B={"name": "B"})
    assert [fault.code for fault in caught.value.faults] == [code]
    assert caught.value.faults[0].path.startswith("groups[0].policies[0]")


def test_two_bounds_of_one_kind_may_stand_side_by_side_and_the_same_twice_may_not() -> None:
    kind = {"kind": "network-proximity", "weight": 1}
    app(
        {**kind, "max_hops": 2},
        {**kind, "max_hops": 4},
        {**kind, "max_latency_us": 2},
        {**kind, "level": "rack"},
    )
    with pytest.raises(BadInput) as caught:
        app({**kind, "max_hops": 2}, {**kind, "max_hops": 2, "weight": 3})
    assert [fault.code for fault in caught.value.faults] == ["repeated-policy"]


def test_policies_are_answered_with_the_measure_that_they_have() -> None:
    for policy in (
        NetworkProximity(max_hops=2),
        Near(group="B", max_latency_us=3),
        Near(group="B"),
    ):
        assert type(policy).model_validate(policy.document()) == policy
    assert Near(group="B").document() == {"kind": "near", "group": "B", "level": "host"}
    assert NetworkProximity(max_hops=2).document() == {"kind": "network-proximity", "max_hops": 2}


def test_weights_times_all_pairs_that_leave_64_bits_are_bad_input() -> None:
    # 3,000 members are 4.5 million pairs; a weight of 10^10 at 1,000 points a unit makes 4.5 x
    # 10^19.
    rule: Doc = {"kind": "network-proximity", "max_hops": 2, "weight": 10**10}
    with pytest.raises(BadInput) as caught:
        solve(app(rule, count=3000), ring(4))
    assert caught.value.faults[0].code == "amount-overflow"


def test_a_zone_s_row_says_who_is_near_it_and_itself_always_is() -> None:
    fleet = compile_fleet(Fleet(hosts=tuple(Host(name=f"h{i}") for i in range(3))))
    found = fleet.proximity_zones("hops", 9)[1]  # no links: hosts of one kind, no two near
    assert found.equivalence
    assert np.array_equal(found.among(np.arange(3)), np.eye(3, dtype=bool))
    assert found.reached(np.array([True, False, True])).tolist() == [True, False, True]
    assert found.reached_by_all(np.array([True, False, False])).tolist() == [True, False, False]
    assert not found.reached_by_all(np.array([True, True, False])).any()
