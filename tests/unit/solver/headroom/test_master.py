"""The program over fillings, its prices and its bound, by hand and against an enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from groupsolver import Application, Fleet
from groupsolver.solver.headroom.host_classes import classify_hosts
from groupsolver.solver.headroom.master import Master, Prices, generate_columns
from tests.support.headroom import demand_for
from tests.support.small import app, fleet, group, host

RACK = {"kind": "anti-affinity", "level": "rack"}
TOGETHER = {"kind": "affinity", "level": "rack"}


def master_of(application: Application, made: Fleet, most: int = 100) -> Master:
    demand = demand_for(application, made)
    classes = classify_hosts(demand, most, demand.levels())
    return Master(demand, classes, demand.necessary, most)


def solved(master: Master) -> tuple[float, float]:
    master.add_single_fillings()
    start = Prices(1 / master.demand.number.astype(np.float64) / len(master.demand.units))
    solution, bound, _ = generate_columns(master, start, lambda: 60.0, 0.0)
    assert solution is not None
    return solution.copies, bound


def test_the_example_of_the_module() -> None:
    # Three hosts of 5 VCPU, members of 2: two on each, 6 copies.
    master = master_of(app(group("A", 1, vcpu=2)), fleet(*(host(f"h{i}", 5) for i in range(3))))
    copies, bound = solved(master)
    assert copies == pytest.approx(6)
    assert bound == pytest.approx(6)
    fillings = master.knapsacks.best(np.array([[1.0]]))
    assert master.bound(Prices(np.array([1.0])), fillings.bound) == pytest.approx(6)


def test_at_a_price_too_low_the_bound_counts_each_copy_that_gains() -> None:
    # At the price 1/2 a host is worth 1, and each of at most 100 copies gains 1 - 1/2.
    master = master_of(app(group("A", 1, vcpu=2)), fleet(*(host(f"h{i}", 5) for i in range(3))))
    prices = Prices(np.array([0.5]))
    fillings = master.knapsacks.best(master.worth(prices))
    assert master.bound(prices, fillings.bound) == pytest.approx(3 * 1 + 100 * 0.5)


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_bound_the_copies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vcpu = rng.integers(1, 6, 3).tolist()
    made = fleet(*(host(f"h{i}", size) for i, size in enumerate(vcpu)))
    master = master_of(app(group("A", 2), group("B", 1, vcpu=3)), made, most=10)
    prices = Prices(rng.random(2))
    fillings = master.knapsacks.best(master.worth(prices))
    # All numbers of B on each host are tried; A fits into whatever these leave.
    truth = 0
    for of_b in product(*(range(size // 3 + 1) for size in vcpu)):
        left = sum(vcpu) - 3 * sum(of_b)
        truth = max(truth, min(sum(of_b), left // 2))
    assert master.bound(prices, fillings.bound) >= truth - 1e-9


def test_no_rack_has_more_than_its_limit_of_all_copies() -> None:
    # Each copy has one member in each of two racks: the rack of 2 VCPU bounds the copies.
    racks = [
        host("a", 9, domains={"rack": "r1"}),
        host("b", 2, domains={"rack": "r2"}),
    ]
    master = master_of(app(group("A", 2, RACK)), fleet(*racks, levels=("rack",)))
    copies, bound = solved(master)
    assert copies == pytest.approx(2)
    assert bound == pytest.approx(2)
    assert len(master.rows) > 0


def test_confined_units_need_a_rack_with_room_for_all_of_them() -> None:
    # Members of 2 VCPU, three to a copy in one rack: racks of 4 + 2 and 4 VCPU hold 3 and 2.
    racks = [
        host("a", 4, domains={"rack": "r1"}),
        host("b", 2, domains={"rack": "r1"}),
        host("c", 4, domains={"rack": "r2"}),
    ]
    master = master_of(app(group("A", 3, TOGETHER, vcpu=2)), fleet(*racks, levels=("rack",)))
    copies, bound = solved(master)
    # 3 / 3 in the first rack, and 2 / 3 of a copy in the second.
    assert copies == pytest.approx(5 / 3)
    assert bound == pytest.approx(5 / 3)
    solution = master.solve(10.0)
    assert solution is not None
    assert solution.copies_in[0].tolist() == pytest.approx([1, 2 / 3])
    whole = master.solve_integer(solution, 10.0)
    assert whole is not None
    assert whole.copies == 1


def test_a_filling_joins_once() -> None:
    master = master_of(app(group("A", 1, vcpu=2)), fleet(host("a", 5)))
    assert master.add_columns(np.array([[2]])) == 1
    assert master.add_columns(np.array([[2]])) == 0
    assert master.add_columns(np.array([[0]])) == 0  # an empty filling is none
