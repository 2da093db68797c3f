"""Columns of the core, numbered as variables."""

from __future__ import annotations

import numpy as np

from groupsolver.solver.relaxation.core_columns import CoreColumns
from tests.support.small import group, host
from tests.support.small_problems import SmallProblem


def test_columns_of_the_core_are_numbered_in_the_order_of_the_table() -> None:
    hosts = [host("h0", 1), host("h1", 2), host("h2", 3)]
    columns = SmallProblem([group("A", 3), group("B", 3)], hosts).columns
    mask = np.array([False, True, True, True, False, True])
    core = CoreColumns.of(columns, mask)
    assert core.index.tolist() == [1, 2, 3, 5]
    assert core.variable.tolist() == [-1, 0, 1, 2, -1, 3]
    assert core.variables_of(0).tolist() == [0, 1]
    assert core.variables_of(1).tolist() == [2, 3]
    # B's columns in the core are h0, which takes one member, and h2, which takes three.
    assert core.rows(core.variables_of(1)).tolist() == [0, 2]
    assert core.max_members(core.variables_of(1)).tolist() == [1, 3]
