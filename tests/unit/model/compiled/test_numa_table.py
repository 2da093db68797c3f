"""Cells in arrays: what is left of each, and how many members they take."""

from __future__ import annotations

import numpy as np

from groupsolver.model.compiled.numa_table import NumaTable
from groupsolver.model.numa_cell import CellCapacity


def cell(vcpu: int, unit: int = 99, **other: int) -> CellCapacity:
    free = {"VCPU": vcpu, **other}
    return CellCapacity("", free, dict.fromkeys(free, unit))


def table() -> NumaTable:
    """Three hosts: cells of 5 and 3 VCPU; one of 4, of which a member takes at most 2; none."""
    made = NumaTable(3)
    made.fill(0, [cell(5), cell(3)])
    made.fill(1, [cell(4, unit=2)])
    return made


def test_the_table_is_as_wide_as_the_host_with_most_cells() -> None:
    made = table()
    assert made.width == 2
    assert made.free["VCPU"].tolist() == [[5, 3], [4, 0], [0, 0]]
    assert made.inside["VCPU"].tolist() == [True, True, False]


def test_each_cell_takes_members_alone() -> None:
    made = table()
    rows = np.array([0, 1])
    # 5 // 2 and 3 // 2; 4 // 2.
    assert made.each({"VCPU": 2}, rows, 9).tolist() == [[2, 1], [2, 0]]
    # One member may take at most 2 of the second host's cell.
    assert made.each({"VCPU": 3}, rows, 9).tolist() == [[1, 1], [0, 0]]
    assert made.each({"VCPU": 2}, rows, 1).tolist() == [[1, 1], [1, 0]]


def test_slots_are_no_more_than_cells_take_together() -> None:
    slots = np.array([9, 9, 9])
    # 2 + 1 and 2; the host without cells is not bounded by them.
    assert table().bounded({"VCPU": 2}, slots, 9).tolist() == [3, 2, 9]
    assert table().bounded({"VCPU": 0, "DISK_GB": 5}, slots, 9).tolist() == [9, 9, 9]


def test_a_class_that_other_hosts_have_in_cells_does_not_bound_a_host_without() -> None:
    made = table()
    made.clear(1)
    made.fill(1, [cell(4, MEMORY_MB=1)])
    # Only the second host has memory in its cell: of the first host's, VCPU alone decides.
    assert made.each({"VCPU": 1, "MEMORY_MB": 1}, np.array([0, 1]), 9).tolist() == [[5, 3], [1, 0]]
    assert made.within(["MEMORY_MB"]).tolist() == [False, True, False]
    assert made.within(["MEMORY_MB"], np.array([1, 2])).tolist() == [True, False]


def test_a_cleared_row_is_empty_and_a_copy_keeps_its_own() -> None:
    made = table()
    copy = made.copy()
    made.clear(0)
    assert made.free["VCPU"][0].tolist() == [0, 0]
    assert copy.free["VCPU"][0].tolist() == [5, 3]


def test_new_rows_have_no_cells() -> None:
    made = table()
    made.grow(5)
    assert made.free["VCPU"].shape == (5, 2)
    assert made.within(["VCPU"]).tolist() == [True, True, False, False, False]
