"""Sums that may leave 64 bits."""

from __future__ import annotations

import numpy as np

from groupsolver.model.compiled.arrays import exact_sum


def test_a_sum_is_exact_beyond_64_bits() -> None:
    assert exact_sum(np.array([], dtype=np.int64)) == 0
    assert exact_sum(np.array([3, -5])) == -2
    assert exact_sum(np.full(3, 2**62)) == 3 * 2**62
    assert exact_sum(np.array([-(2**62)] * 3 + [1])) == 1 - 3 * 2**62
