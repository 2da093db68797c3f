"""Dual feasible functions: what they return, and that none weighs a host's members above it."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.solver.relaxation.dual_feasible import (
    MAX_PARAMETERS,
    MAX_PARTS,
    counted,
    functions,
    rounded,
    without_ends,
)


def test_without_ends_forgets_the_small_and_rounds_up_the_large() -> None:
    weigh = without_ends(10, 4)
    # Below 4 nothing; above 10 - 4 all of the host; else the size.
    assert weigh(np.array([3, 4, 5, 6, 7, 10])).tolist() == [0, 4, 5, 6, 10, 10]


def test_rounded_counts_in_parts_of_the_capacity() -> None:
    weigh = rounded(10, 2)
    # 3 x: 9 -> 0, 12 -> 10, 15 -> 10, 21 -> 20, 30 is a multiple of 10: 2 x 10.
    assert weigh(np.array([3, 4, 5, 7, 10])).tolist() == [0, 10, 10, 20, 20]


def test_counted_counts_how_many_small_ones_a_member_displaces() -> None:
    weigh = counted(10, 3)
    # Three of 3 fit. Of 7: 2 x (3 - 1); of 5, half a host: 3; of 4: 2 x 1; the host: 2 x 3.
    assert weigh(np.array([2, 4, 5, 7, 10])).tolist() == [0, 2, 3, 4, 6]


@pytest.mark.parametrize("capacity", [1, 2, 5, 12, 17, 24])
def test_every_function_ascends_and_is_superadditive(capacity: int) -> None:
    sizes = np.arange(capacity + 1)
    for weigh in functions(capacity, sizes[1:].tolist()):
        weights = weigh(sizes)
        assert weights[0] == 0
        assert (np.diff(weights) >= 0).all()
        for first in range(capacity + 1):
            # f(a) + f(b) <= f(a + b) for all b that fit beside a.
            rest = capacity + 1 - first
            assert (weights[first] + weights[:rest] <= weights[first:]).all()


def test_of_many_sizes_some_are_taken() -> None:
    many = list(functions(1000, range(1, 1000)))
    assert len(many) <= 1 + MAX_PARTS + 2 * MAX_PARAMETERS
