"""The best filling of a host, and its bound, against an enumeration of all fillings."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.headroom.knapsack import Knapsacks, trimmed


def best_value(free: Ints, slots: Ints, size: Ints, price: Floats) -> float:
    ways = product(*(range(most + 1) for most in slots.tolist()))
    return max(float(np.array(way) @ price) for way in ways if (way @ size <= free).all())


def alone(free: Ints, size: Ints) -> Ints:
    return np.stack([(free[:, one > 0] // one[one > 0]).min(axis=1) for one in size], axis=1)


def test_the_example_of_the_module() -> None:
    # 7 VCPU; 2 VCPU are worth 2, 3 VCPU worth 4. Two of 3 are worth 8, and so are 3 + 2 + 2.
    knapsacks = Knapsacks(np.array([[7]]), np.array([[3, 2]]), np.array([[2], [3]]))
    found = knapsacks.best(np.array([[2.0, 4.0]]))
    assert found.value.tolist() == [8.0]
    assert 8.0 <= found.bound[0] < 8.0001


def test_whole_units_alone_fill_a_host() -> None:
    # 9 VCPU and units of 5: one, worth 1; the linear relaxation is worth 9 / 5.
    found = Knapsacks(np.array([[9]]), np.array([[1]]), np.array([[5]])).best(np.array([[1.0]]))
    assert found.counts.tolist() == [[1]]
    assert found.bound[0] == pytest.approx(1.0)


def test_a_unit_without_a_price_is_not_taken() -> None:
    found = Knapsacks(np.array([[4]]), np.array([[4, 2]]), np.array([[1], [2]])).best(
        np.array([[0.0, 1.0]])
    )
    assert found.counts.tolist() == [[0, 2]]


def test_a_unit_that_takes_nothing_is_taken_as_often_as_allowed() -> None:
    found = Knapsacks(np.array([[3]]), np.array([[5, 3]]), np.array([[0], [1]])).best(
        np.array([[1.0, 1.0]])
    )
    assert found.counts.tolist() == [[5, 3]]
    assert found.value.tolist() == [8.0]


@pytest.mark.parametrize("resources", [1, 2, 3])
@pytest.mark.parametrize("max_states", [1, 3, 20_000])
def test_the_bound_holds_and_is_met_where_all_states_are_looked_at(
    resources: int, max_states: int
) -> None:
    rng = np.random.default_rng(resources)
    size = rng.integers(0, 4, (3, resources))
    size[:, 0] += 1
    free = rng.integers(0, 9, (25, resources))
    slots = alone(free, size)
    prices = rng.random((25, 3))
    found = Knapsacks(free, slots, size).best(prices, max_states)
    assert (found.counts @ size <= free).all()
    assert (found.counts <= slots).all()
    assert found.value == pytest.approx((found.counts * prices).sum(axis=1))
    for row in range(25):
        best = best_value(free[row], slots[row], size, prices[row])
        assert found.bound[row] >= best - 1e-12
        if max_states == 20_000:
            assert found.value[row] == pytest.approx(best)
            assert found.bound[row] == pytest.approx(best, abs=1e-6)


def test_what_cannot_be_used_is_trimmed() -> None:
    # Sizes (2, 4) and (4, 8): of 7, 6 in steps of 2; then of the second no more than 6 * 2 = 12.
    size = np.array([[2, 4], [4, 8]])
    assert trimmed(np.array([[7, 100]]), size).tolist() == [[6, 12]]
    assert trimmed(np.array([[7, 100]]), size, np.array([[5.0, 100.0]])).tolist() == [[4, 12]]
    assert trimmed(np.array([[7]]), np.zeros((0, 1), dtype=np.int64)).tolist() == [[0]]
