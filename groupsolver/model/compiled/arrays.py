"""Types of the numpy arrays that the compiled model and the solver share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def exact_sum(values: Ints) -> int:
    """Return the sum of whole numbers, also where it leaves 64 bits."""
    if not len(values):
        return 0
    largest = max(abs(int(values.min())), abs(int(values.max())))
    if largest * len(values) < 2**63:
        return int(values.sum())
    return sum(values.tolist())
