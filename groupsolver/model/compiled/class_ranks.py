"""The place of each row among the rows of its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Ints

MAX_LABELS = 2**62


def class_labels(columns: Sequence[Ints], size: int) -> Ints:
    """Return labels that are equal for rows that agree in every column, (N,) int64.

    Parameters
    ----------
    columns : sequence of (N,) int64
        Codes, -1 or above. None at all: all rows are of one class.
    size : int
        N.
    """
    label = np.zeros(size, dtype=np.int64)
    labels = 1  # labels are below
    for codes in columns:
        values = int(codes.max(initial=0)) + 2
        if labels * values > MAX_LABELS:
            # Numbered anew, so that a pair of numbers stays one number of 64 bits.
            label = np.unique(label, return_inverse=True)[1].astype(np.int64)
            labels = size
        label = label * values + codes + 1
        labels *= values
    return label


def ranks_in_class(label: Ints) -> Ints:
    """Return how many rows of the same label come before each row, (N,) int64.

    ``ranks_in_class([5, 7, 5, 5])`` is ``[0, 0, 1, 2]``.
    """
    order = np.argsort(_short(label), kind="stable")
    ordered = label[order]
    first = np.ones(len(label), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(label)))
    ranks = np.empty(len(label), dtype=np.int64)
    ranks[order] = np.arange(len(label)) - np.repeat(starts, sizes)
    return ranks


def _short(label: Ints) -> NDArray[Any]:
    """Return labels as 16 bits where they fit: these numpy sorts by counting, ten times as fast."""
    if len(label) and label.min() >= 0 and label.max() < 2**16:
        return label.astype(np.uint16)
    return label
