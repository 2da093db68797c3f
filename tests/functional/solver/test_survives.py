"""`survives`: what a loss is, what may happen after it, and what the answer shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import (
    Application,
    BadInput,
    Fleet,
    Limits,
    Result,
    Survival,
    check,
    solve,
    survives,
)

Doc = dict[str, Any]
ONE = Limits(seconds=30, workers=1)


def racks(*sizes: int, cost: bool = True, used: int = 0, **more: Any) -> Fleet:
    """Racks r0, r1, ... of so many hosts of 4 VCPU; the first are the cheapest."""
    places = [rack for rack, number in enumerate(sizes) for _ in range(number)]
    hosts = [
        {
            "name": f"h{i}",
            "domains": {"rack": f"r{rack}"},
            "inventory": {"VCPU": 4},
            "cost": i if cost else 0,
        }
        | more
        for i, rack in enumerate(places)
    ]
    return Fleet.model_validate(
        {"levels": ["rack"], "hosts": [host | {"used": {"VCPU": used}} for host in hosts]}
    )


def app(
    *policies: Doc,
    count: int = 2,
    vcpu: int = 4,
    existing: tuple[Doc, ...] = (),
    more: tuple[Doc, ...] = (),
) -> Application:
    members = [{"count": count, "resources": {"VCPU": vcpu}}] if count else []
    group = {"name": "A", "policies": list(policies), "members": members}
    return Application.model_validate({"groups": [group, *more], "existing": list(existing)})


RACK: Doc = {"kind": "survives", "level": "rack"}


def placed(application: Application, fleet: Fleet) -> Result:
    return solve(application, fleet, objective="cost", limits=ONE)


def test_a_reserve_is_left_outside_of_each_domain_that_is_used() -> None:
    # Two members fill two hosts. After r0 two hosts are left, r1's.
    result = placed(app(RACK), racks(2, 2))
    assert (result.status, result.placement) == ("optimal", {"A/0": "h0", "A/1": "h1"})
    assert result.witness == {"A: rack r0": {"A/0": "h2", "A/1": "h3"}}


def test_where_the_reserve_is_too_small_nothing_is_placed() -> None:
    # r0 has two hosts and r1 one. Both members in r0: after its loss one host is left for two. One
    # in each rack: after r0, the survivor takes the host that is left.
    assert placed(app(RACK), racks(2, 1)).status == "infeasible"
    assert placed(app(RACK | {"level": "host"}), racks(2, 1)).status == "optimal"


def test_other_groups_keep_off_the_reserve() -> None:
    # B's two would take h2 and h3, the cheapest. Then one of A's two has a place after r0, on h4.
    other = {"name": "B", "members": [{"count": 2, "resources": {"VCPU": 4}}]}
    fleet = racks(2, 3, 2)
    plain = placed(app(more=(other,)), fleet)
    assert sorted((plain.placement or {}).values()) == ["h0", "h1", "h2", "h3"]
    result = placed(app(RACK | {"level": "rack"}, more=(other,)), fleet)
    # Three hosts stay free, and are enough wherever A's two stand: nothing is dearer than without.
    assert (result.objective, plain.objective) == (6, 6)
    tight = racks(2, 3)
    assert placed(app(more=(other,)), tight).objective == 6
    assert placed(app(RACK, more=(other,)), tight).status == "infeasible"


def test_survivors_take_their_room() -> None:
    # One in each rack: after r0, h2 is taken by the survivor, and h3 is left for the other.
    spread = {"kind": "anti-affinity", "level": "rack"}
    assert placed(app(RACK, spread), racks(1, 1)).status == "infeasible"
    # Nor may it break the rule: r1 has a member already.
    assert placed(app(RACK, spread), racks(2, 2)).status == "infeasible"
    result = placed(app(RACK, spread), racks(1, 1, 1))
    assert result.witness == {"A: rack r0": {"A/0": "h2"}, "A: rack r1": {"A/1": "h2"}}


def test_running_members_that_are_lost_are_placed_again_too() -> None:
    # The one that runs on h0, and the new one: two hosts must be left after the loss of r0.
    there = {"group": "A", "id": "old", "host": "h0", "resources": {"VCPU": 4}}
    fleet = racks(2, 1)
    busy = fleet.document()
    busy["hosts"][0]["used"] = {"VCPU": 4}
    result = placed(app(RACK, count=1, existing=(there,)), Fleet.model_validate(busy))
    # On h1 both are lost with r0, and h2 holds one; on h2, it is in the way of the other.
    assert result.status == "infeasible"
    busy["hosts"].append({"name": "h3", "inventory": {"VCPU": 4}, "cost": 9})  # in no rack
    result = placed(app(RACK, count=1, existing=(there,)), Fleet.model_validate(busy))
    assert (result.placement, result.witness) == (
        {"A/0": "h1"},
        {"A: rack r0": {"old": "h2", "A/0": "h3"}},
    )


def test_what_running_members_lack_already_may_not_grow() -> None:
    # Two run on r0, and one place is left after it, so one is nowhere already. The new one on h2
    # would make that two.
    there = tuple(
        {"group": "A", "id": f"old{i}", "host": f"h{i}", "resources": {"VCPU": 4}} for i in (0, 1)
    )
    busy = racks(2, 1, 1).document()
    for host in busy["hosts"][:2]:
        host["used"] = {"VCPU": 4}
    assert (
        placed(app(RACK, count=1, existing=there), Fleet.model_validate(busy)).status
        == "infeasible"
    )
    one = {"hosts": busy["hosts"][:3]}
    verdict = check(app(RACK, count=0, existing=there), Fleet.model_validate(busy | one), {})
    assert verdict.violations == ()
    assert sorted(map(len, (verdict.witness or {}).values())) == [1]


def test_members_in_no_domain_of_the_level_are_never_lost() -> None:
    loose = Fleet.model_validate(
        {"levels": ["rack"], "hosts": [{"name": "h", "inventory": {"VCPU": 8}}]}
    )
    assert placed(app(RACK), loose).witness == {}
    assert placed(app(), loose).witness is None


def test_soft_it_costs_the_members_that_find_no_place_after_the_worst_loss() -> None:
    # Both in r0: one of two finds h2, so 1 x 10. One in each: after r0 the lost one finds no place,
    # so 1 x 10 as well, on dearer hosts.
    result = placed(app(RACK | {"weight": 10}), racks(2, 1))
    assert (result.status, result.objective) == ("optimal", 0 + 1 + 10)
    (penalty,) = result.penalties
    assert (penalty.cost, penalty.policy) == (10, "survives")
    assert "after rack r0 1 of 2 lost members cannot find a place" in penalty.detail


def test_the_links_carry_what_survivors_send() -> None:
    # Rack r2's link has 100 Mbit/s. Two survivors in r1 and one in r2 send min(1, 2) x 60 over it.
    hosts = [
        {
            "name": f"h{i}",
            "domains": {"rack": f"r{i}"},
            "inventory": {"VCPU": 8},
            "cost": i,
            "traits": [],
        }
        for i in range(3)
    ]
    hosts[1]["inventory"] = {"VCPU": 8}
    links = [
        {"between": [f"r{i}", "spine"], "bandwidth_mbps": mbps}
        for i, mbps in enumerate((1000, 1000, 100))
    ]
    fleet = Fleet.model_validate({"levels": ["rack"], "hosts": hosts, "links": links})
    rate = {"kind": "bandwidth", "mbps": 60}
    three = app(
        RACK, rate, {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}, count=3
    )
    result = placed(three, fleet)
    # h0 and h1 hold two and one. After r0 two go to h1 and h2: there min(1, 2) x 60 fits 100. After
    # r1 it is the same.
    assert result.status == "optimal"
    assert check(three, fleet, result.placement or {}, witness=result.witness).violations == ()
    # With 120 each it does not: whichever rack is lost, one of the two that are left has r2's link.
    assert placed(
        app(RACK, rate | {"mbps": 120}, *three.document()["groups"][0]["policies"][2:], count=3),
        fleet,
    ).status == ("infeasible")


def test_members_stay_in_their_cells() -> None:
    # Each cell holds one member; after the loss of h0 the other goes into the second cell of h1.
    cells = [{"inventory": {"VCPU": 4}}, {"inventory": {"VCPU": 4}}]
    hosts = [{"name": f"h{i}", "cells": cells, "cost": i} for i in range(2)]
    fleet = Fleet.model_validate({"hosts": hosts})
    result = placed(app({"kind": "survives"}, {"kind": "anti-affinity"}, vcpu=3), fleet)
    assert result.status == "infeasible"  # for then both would be on one host
    result = placed(app({"kind": "survives"}, vcpu=3), fleet)
    assert result.witness == {"A: host h0": {"A/0": "h1", "A/1": "h1"}}
    three = placed(app({"kind": "survives"}, vcpu=3, count=3), fleet)
    assert three.status == "infeasible"


def test_the_question_about_what_runs() -> None:
    there = tuple(
        {"group": "A", "id": f"old{i}", "host": f"h{i}", "resources": {"VCPU": 4}} for i in (0, 1)
    )
    empty = racks(2, 1)
    in_use = {str(one["host"]): {"VCPU": 4} for one in there}
    hosts = [host.with_used(in_use.get(host.name, {})) for host in empty.hosts]
    fleet = Fleet(levels=empty.levels, hosts=hosts)
    found = survives(app(count=0, existing=there), fleet, level="rack", limits=ONE)
    assert (found.status, len(found.losses)) == ("falls", 1)
    (lost,) = found.losses
    # One host is left for two.
    assert (lost.domains, lost.lost, len(lost.nowhere), lost.proved) == (
        ("r0",),
        ("old0", "old1"),
        1,
        True,
    )
    assert set(lost.placement.values()) == {"h2"}
    assert (
        survives(app(count=0, existing=there), fleet, limits=ONE).status == "survives"
    )  # of one host, h2 is left
    assert survives(app(count=0, existing=there), fleet, failures=2, limits=ONE).status == "falls"
    assert Survival.model_validate(found.document()) == found


def test_the_question_about_a_placement_is_answered_for_a_group_or_for_all() -> None:
    other = {"name": "B", "members": [{"resources": {"VCPU": 4}}]}
    fleet = racks(1, 1, 1)
    both = app(count=1, more=(other,))
    both_on = {"A/0": "h0", "B/0": "h1"}
    assert survives(both, fleet, both_on, level="rack", limits=ONE).status == "survives"
    (lost,) = survives(both, fleet, both_on, level="rack", group="B", limits=ONE).losses
    assert (lost.domains, lost.placement) == (("r1",), {"B/0": "h2"})
    # Both on the hosts of one rack leave one host for two.
    assert survives(both, racks(2, 1), both_on, level="rack", limits=ONE).status == "falls"


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("unknown-level", {"level": "rak"}),
        ("unknown-group", {"group": "C"}),
        ("out-of-range", {"failures": 0}),
        ("no-placement", {"placement": {}}),
        ("unknown-host", {"placement": {"A/0": "h9", "A/1": "h1"}}),
    ],
)
def test_a_question_that_names_what_is_not_there_is_bad_input(code: str, asked: Doc) -> None:
    arguments: Doc = {
        "app": app(),
        "fleet": racks(2, 2),
        "placement": {"A/0": "h0", "A/1": "h1"},
    } | asked
    with pytest.raises(BadInput) as error:
        survives(**arguments)
    assert [fault.code for fault in error.value.faults] == [code]


def test_a_large_group_survives_the_loss_of_a_rack_of_a_large_fleet() -> None:
    # 25 racks of 40 hosts; 20 members at most four to a rack.
    fleet = racks(*[40] * 25)
    twenty = app(RACK, {"kind": "anti-affinity", "level": "rack", "max_per_domain": 4}, count=20)
    result = placed(twenty, fleet)
    assert result.status == "optimal"
    assert {key: len(found) for key, found in (result.witness or {}).items()} == {
        f"A: rack r{i}": 4 for i in range(5)
    }
    assert check(twenty, fleet, result.placement or {}, witness=result.witness).violations == ()
