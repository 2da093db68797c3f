"""From units on hosts to whole copies: levels, numbers, dealing and repairs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from groupsolver import Application, Fleet
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.headroom.host_classes import classify_hosts
from groupsolver.solver.headroom.master import Master, MasterSolution, Prices
from groupsolver.solver.headroom.rounding import Dealer, level_down, round_columns
from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host

RACK = {"kind": "anti-affinity", "level": "rack"}
TOGETHER = {"kind": "affinity", "level": "rack"}


def racks(*numbers: int) -> Fleet:
    hosts = [
        host(f"r{rack}h{i}", 9, domains={"rack": f"r{rack}"})
        for rack, number in enumerate(numbers)
        for i in range(number)
    ]
    return fleet(*hosts, levels=("rack",))


def dealer_of(application: Application, made: Fleet, counts: list[list[int]]) -> Dealer:
    demand = demand_for(application, made)
    rows = np.arange(len(made.hosts))
    return Dealer(demand, rows, np.array(counts, dtype=np.int64), 0)


def test_the_largest_counts_give_way_first() -> None:
    # 5 + 1 + 3 = 9: at the level 2 are 2 + 1 + 2, and the first of the larger ones gets one more.
    assert level_down(np.array([5, 1, 3]), 6).tolist() == [3, 1, 2]
    assert level_down(np.array([5, 1, 3]), 9).tolist() == [5, 1, 3]
    assert level_down(np.array([5, 1, 3]), 0).tolist() == [0, 0, 0]


@pytest.mark.parametrize("total", range(12))
def test_no_other_choice_has_a_smaller_largest_count(total: int) -> None:
    counts = np.array([4, 0, 2, 5])
    levelled = level_down(counts, total)
    assert levelled.sum() == min(total, counts.sum())
    assert (levelled <= counts).all()
    ways = product(*(range(count + 1) for count in counts.tolist()))
    largest = [max(way) for way in ways if sum(way) == levelled.sum()]
    assert levelled.max() == min(largest)


def test_fractions_of_few_hosts_are_mixed_where_they_hold_many_units() -> None:
    # Two hosts of 100 VCPU take 50 of A or 33 of B each: 0.8 hosts the former, 1.2 the latter. One
    # whole host has B. The other mixes what is left: 0.8 x 50 = 40 A and 0.2 x 33 = 6.6 B.
    demand = demand_for(
        app(group("A", 1, vcpu=2), group("B", 1, vcpu=3)), fleet(host("a", 100), host("b", 100))
    )
    classes = classify_hosts(demand, 50, ())
    master = Master(demand, classes, (), 50)
    master.add_columns(np.array([[50, 0], [0, 33]]), np.array([0, 0]))
    solution = MasterSolution(39.6, np.array([0.8, 1.2]), [], Prices(np.zeros(2)), np.zeros(1))
    whole = round_columns(master, classes, solution)
    assert sorted(whole.tolist()) == [[0, 33], [50, 0]]
    mixed = round_columns(master, classes, solution, mixed=True)
    assert sorted(mixed.tolist()) == [[0, 33], [40, 6]]


def test_there_are_as_many_copies_as_the_scarcest_unit_is_enough_for() -> None:
    application = app(group("A", 2), group("B", 1))
    dealer = dealer_of(application, fleet(host("a", 9), host("b", 9)), [[3, 2], [2, 2]])
    assert dealer.copies() == 2  # 5 // 2 of A, 4 of B
    assert dealer.counts.sum(axis=0).tolist() == [4, 2]  # the rest is taken away


def test_what_is_above_a_limit_does_not_count() -> None:
    # One member of a copy in a rack: of 5 in the first rack and 1 in the second, 1 copy of 2.
    dealer = dealer_of(app(group("A", 2, RACK)), racks(1, 1), [[5], [1]])
    assert dealer.copies() == 1
    assert dealer.counts.tolist() == [[1], [1]]


def test_members_are_dealt_in_turn_so_that_no_copy_has_two_in_a_rack() -> None:
    # The example of the module: racks with 3, 2 and 1 members, 3 copies of 2.
    dealer = dealer_of(app(group("A", 2, RACK)), racks(1, 1, 1), [[3], [2], [1]])
    assert dealer.copies() == 3
    [positions] = dealer.deal(3)
    assert positions.tolist() == [[0, 1], [0, 1], [0, 2]]


def test_confined_units_of_a_copy_are_dealt_within_one_rack() -> None:
    # 4 and 2 members in two racks: two copies of 2 in the first, one in the second.
    dealer = dealer_of(app(group("A", 2, TOGETHER)), racks(2, 1), [[3], [1], [2]])
    assert dealer.copies() == 3
    [positions] = dealer.deal(3)
    assert sorted(map(sorted, positions.tolist())) == [[0, 0], [0, 1], [2, 2]]


def members_of(copy: int, dealt: list[Ints]) -> list[int]:
    return [int(position) for positions in dealt for position in positions[copy]]


def test_members_of_two_units_that_meet_change_places() -> None:
    # A and B keep apart as one group: dealt one by one, both copies have their A and B on one host.
    parent = {"name": "P", "groups": ["A", "B"], "policies": ["anti-affinity"]}
    application = app(group("A", 1), group("B", 1, vcpu=2), parent)
    dealer = dealer_of(application, fleet(host("a", 9), host("b", 9)), [[1, 1], [1, 1]])
    assert dealer.copies() == 2
    dealt = dealer.deal(2)
    assert [members_of(copy, dealt) for copy in range(2)] == [[0, 0], [1, 1]]
    dealer.repair(dealt)
    assert sorted(members_of(copy, dealt) for copy in range(2)) == [[0, 1], [1, 0]]


def test_repairs_look_at_the_clock_while_they_add_up_what_copies_have() -> None:
    # 5,000 copies; the time is over when the clock is looked at for the second time.
    parent = {"name": "P", "groups": ["A", "B"], "policies": ["anti-affinity"]}
    application = app(group("A", 1), group("B", 1, vcpu=2), parent)
    hosts = fleet(host("a", 20_000), host("b", 20_000))
    dealer = dealer_of(application, hosts, [[2_500, 2_500], [2_500, 2_500]])
    dealt = dealer.deal(dealer.copies())
    before = [positions.copy() for positions in dealt]
    times = iter([1.0, 0.0])
    dealer.repair(dealt, lambda: next(times, 0.0))
    for positions, unchanged in zip(dealt, before, strict=True):
        assert (positions == unchanged).all()
    limit = dealer.demand.sufficient[0]
    looked = iter([1.0, 0.0])
    loads = dealer._loads(limit, dealt, lambda: next(looked))
    assert len({copy for copy, _ in loads}) == 1_000
