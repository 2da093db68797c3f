"""The place of each row among the rows of its class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groupsolver.model.compiled.arrays import Ints


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
    for codes in columns:
        # A pair of numbers as one number; then numbered anew, so that it stays small.
        pairs = label * (int(codes.max(initial=0)) + 2) + codes + 1
        label = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return label


def ranks_in_class(label: Ints) -> Ints:
    """Return how many rows of the same label come before each row, (N,) int64.

    ``ranks_in_class([5, 7, 5, 5])`` is ``[0, 0, 1, 2]``.
    """
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    first = np.ones(len(label), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(label)))
    ranks = np.empty(len(label), dtype=np.int64)
    ranks[order] = np.arange(len(label)) - np.repeat(starts, sizes)
    return ranks
