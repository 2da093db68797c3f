"""Units, how many a copy has, how many a host takes, and the limits that rules become."""

from __future__ import annotations

from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host

RACK = {"kind": "anti-affinity", "level": "rack"}
TOGETHER = {"kind": "affinity", "level": "rack"}


def in_rack(name: str, vcpu: int, rack: str) -> dict[str, object]:
    return host(name, vcpu, domains={"rack": rack})


def test_each_member_is_a_unit_of_its_class() -> None:
    demand = demand_for(app(group("A", 3, vcpu=2), group("B", 1, vcpu=5)), fleet(host("a", 7)))
    assert demand.units == ({0: 1}, {1: 1})
    assert demand.number.tolist() == [3, 1]
    assert demand.names == ("VCPU",)
    assert demand.size.tolist() == [[2], [5]]
    assert demand.slots.tolist() == [[3], [1]]  # 7 // 2 and 7 // 5


def test_members_that_share_a_host_are_one_unit() -> None:
    demand = demand_for(
        app(group("A", 3, "affinity", vcpu=2), group("B", 2)), fleet(host("a", 13), host("b", 5))
    )
    assert demand.units == ({0: 3}, {1: 1})
    assert demand.number.tolist() == [1, 2]
    assert demand.size.tolist() == [[6], [1]]  # 3 members of 2
    assert demand.slots[0].tolist() == [2, 0]  # 13 // 6, and 5 is too little for one


def test_two_groups_under_one_rule_share_a_host_as_one_unit() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "policies": ["affinity"]}
    demand = demand_for(app(group("A", 2), group("B", 1, vcpu=4), parent), fleet(host("a", 13)))
    assert demand.units == ({0: 2, 1: 1},)
    assert demand.number.tolist() == [1]
    assert demand.size.tolist() == [[6]]  # 2 * 1 + 4


def test_a_ceiling_of_a_copy_is_one_of_all_copies() -> None:
    made = fleet(in_rack("a", 4, "r1"), in_rack("b", 4, "r2"), levels=("rack",))
    demand = demand_for(app(group("A", 2, RACK)), made)
    [limit] = demand.necessary
    assert (limit.level, limit.high, limit.low) == ("rack", 1.0, 0.0)
    assert limit.weight.tolist() == [1.0]
    assert limit.kind == "anti-affinity"
    assert demand.levels() == ["rack"]


def test_units_that_share_a_rack_are_confined_to_it() -> None:
    made = fleet(in_rack("a", 4, "r1"), in_rack("b", 4, "r2"), levels=("rack",))
    demand = demand_for(app(group("A", 2, TOGETHER), group("B", 1)), made)
    [confinement] = demand.confinements
    assert (confinement.level, confinement.units) == ("rack", (0,))


def test_hosts_out_of_service_have_no_slots_and_nothing_free() -> None:
    made = fleet(host("a", 4, enabled=False), host("b", 4, used={"VCPU": 1}))
    demand = demand_for(app(group("A", 1)), made)
    assert demand.slots.tolist() == [[0, 3]]
    assert demand.free().tolist() == [[0], [3]]


def test_groups_that_keep_apart_share_a_host_by_their_shares_of_a_copy() -> None:
    # A copy has 2 of A and 4 of B. Of k copies that are whole in one host, all of A or all of B:
    # each member of A is half of what a copy may have there, each of B a quarter.
    apart = {"kind": "apart-from", "group": "B"}
    made = fleet(host("a", 9), host("b", 9))
    [limit] = demand_for(app(group("A", 2, apart), group("B", 4)), made).necessary
    assert limit.weight.tolist() == [1 / 2, 1 / 4]
    assert limit.high == 1.0


def test_an_even_spread_has_a_lower_limit_in_the_domains_that_count() -> None:
    # 4 members over 3 racks, skew 1: 1 or 2 in each. To any placement 2 is the most.
    spread = {"kind": "spread", "level": "rack", "max_skew": 1}
    made = fleet(*(in_rack(f"h{i}", 4, f"r{i}") for i in range(3)), levels=("rack",))
    demand = demand_for(app(group("A", 4, spread)), made)
    assert [(limit.low, limit.high) for limit in demand.necessary] == [(0.0, 2.0)]
    [sufficient] = demand.sufficient
    assert (sufficient.low, sufficient.high) == (1.0, 2.0)
    assert sufficient.counted is not None
    assert sufficient.counted.tolist() == [True, True, True]


def test_a_skew_over_racks_with_room_bounds_no_rack() -> None:
    # The other two racks may fill up, so that one rack may hold all 4.
    spread = {"kind": "spread", "level": "rack", "max_skew": 1, "skew_over": "with-room"}
    made = fleet(*(in_rack(f"h{i}", 4, f"r{i}") for i in range(3)), levels=("rack",))
    demand = demand_for(app(group("A", 4, spread)), made)
    assert [(limit.low, limit.high) for limit in demand.necessary] == [(0.0, 4.0)]
