"""The cells of all hosts in arrays: hosts x cells, for each resource class that cells have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.numa_cell import CellCapacity

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class CellTable:
    """What is left of each cell, by class. A host of fewer cells than others has cells of nothing.

    Parameters
    ----------
    size : int
        Rows, H.

    Attributes
    ----------
    width : int
        The most cells that a host has, K; 0 where none has any.
    inside : dict of str to (H,) bool
        Where a class is taken from a cell.
    free, unit : dict of str to (H, K) int64
        What is left of each cell, and the most that one member may take of it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.width = 0
        self.inside: dict[str, Mask] = {}
        self.free: dict[str, Ints] = {}
        self.unit: dict[str, Ints] = {}

    def copy(self) -> CellTable:
        """Give a table that may change without this one."""
        other = CellTable(self.size)
        other.width = self.width
        other.inside = {name: column.copy() for name, column in self.inside.items()}
        other.free = {name: column.copy() for name, column in self.free.items()}
        other.unit = {name: column.copy() for name, column in self.unit.items()}
        return other

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        self._widen(size, self.width)

    def _widen(self, size: int, width: int) -> None:
        extra = size - self.size
        for name, column in self.inside.items():
            self.inside[name] = np.pad(column, (0, extra))
        for columns in (self.free, self.unit):
            for name, table in columns.items():
                columns[name] = np.pad(table, ((0, extra), (0, width - self.width)))
        self.size, self.width = size, width

    def clear(self, row: int) -> None:
        """Forget a host."""
        for column in self.inside.values():
            column[row] = False
        for columns in (self.free, self.unit):
            for table in columns.values():
                table[row] = 0

    def fill(self, row: int, rooms: Sequence[CellCapacity]) -> None:
        """Take what is left of a host's cells; its row is clear."""
        if len(rooms) > self.width:
            self._widen(self.size, len(rooms))
        for at, room in enumerate(rooms):
            for name, amount in room.free.items():
                if name not in self.inside:
                    self.inside[name] = np.zeros(self.size, dtype=np.bool_)
                    self.free[name] = np.zeros((self.size, self.width), dtype=np.int64)
                    self.unit[name] = np.zeros((self.size, self.width), dtype=np.int64)
                self.inside[name][row] = True
                self.free[name][row, at] = amount
                self.unit[name][row, at] = room.unit[name]

    def within(self, names: Iterable[str], rows: Ints | None = None) -> Mask:
        """(R,) bool: of some rows, or all, those where a member that needs these classes takes any from a cell."""
        found = np.zeros(self.size if rows is None else len(rows), dtype=np.bool_)
        for name in names:
            if name in self.inside:
                found |= self.inside[name] if rows is None else self.inside[name][rows]
        return found

    def each(self, size: Mapping[str, int], rows: Ints, most: int) -> Ints:
        """(R, K) int64: how many members of a size each cell of some rows takes alone, at most `most`.

        Only for rows that `within` tells of the size's classes.
        """
        found = np.full((len(rows), self.width), most, dtype=np.int64)
        for name, amount in size.items():
            if amount and name in self.inside:
                here = np.where(self.unit[name][rows] >= amount, self.free[name][rows] // amount, 0)
                inside = self.inside[name][rows]
                np.minimum(
                    found,
                    here if inside.all() else np.where(inside[:, None], here, most),
                    out=found,
                )
        return found

    def bounded(self, size: Mapping[str, int], slots: Ints, most: int) -> Ints:
        """(H,) int64: `slots`, and no more than a host's cells take."""
        rows = np.flatnonzero(self.within(name for name, amount in size.items() if amount))
        if len(rows):
            slots = slots.copy()
            slots[rows] = np.minimum(slots[rows], self.each(size, rows, most).sum(axis=1))
        return slots
