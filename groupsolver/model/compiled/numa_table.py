"""The NUMA cells of all hosts in arrays: hosts x cells, for each resource class that cells have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.numa_cell import CellCapacity


class NumaTable:
    """What is left of each cell, by class. A host of fewer cells than others has empty cells.

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
    least, step : dict of str to (H, K) int64
        The least that one member may take, and what that must be a multiple of; 0 for any.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.width = 0
        self.inside: dict[str, Mask] = {}
        self.free: dict[str, Ints] = {}
        self.unit: dict[str, Ints] = {}
        self.least: dict[str, Ints] = {}
        self.step: dict[str, Ints] = {}

    def copy(self) -> NumaTable:
        """Return a table that may change without this one."""
        other = NumaTable(self.size)
        other.width = self.width
        other.inside = {name: column.copy() for name, column in self.inside.items()}
        for copied, columns in zip(other._tables(), self._tables(), strict=True):
            copied.update({name: column.copy() for name, column in columns.items()})
        return other

    def _tables(self) -> tuple[dict[str, Ints], ...]:
        return self.free, self.unit, self.least, self.step

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        self._extend(size, self.width)

    def _extend(self, size: int, width: int) -> None:
        rows = size - self.size
        cells = width - self.width
        for name, column in self.inside.items():
            self.inside[name] = np.pad(column, (0, rows))
        for columns in self._tables():
            for name, table in columns.items():
                columns[name] = np.pad(table, ((0, rows), (0, cells)))
        self.size = size
        self.width = width

    def clear(self, row: int) -> None:
        """Forget a host."""
        for column in self.inside.values():
            column[row] = False
        for columns in self._tables():
            for table in columns.values():
                table[row] = 0

    def fill(self, row: int, cells: Sequence[CellCapacity]) -> None:
        """Write what is left of a host's cells into its row, which is clear."""
        if len(cells) > self.width:
            self._extend(self.size, len(cells))
        for at, cell in enumerate(cells):
            for name, amount in cell.free.items():
                if name not in self.inside:
                    self.inside[name] = np.zeros(self.size, dtype=np.bool_)
                    for columns in self._tables():
                        columns[name] = np.zeros((self.size, self.width), dtype=np.int64)
                self.inside[name][row] = True
                self.free[name][row, at] = amount
                self.unit[name][row, at] = cell.unit[name]
                self.least[name][row, at] = cell.least.get(name, 1)
                self.step[name][row, at] = cell.step.get(name, 1)

    def admits(self, name: str, amount: int, rows: Ints | None = None) -> Mask:
        """(R, K) bool: whether one member may take an amount of a class of each cell."""
        at = slice(None) if rows is None else rows
        allowed = (self.least[name][at] <= amount) & (self.unit[name][at] >= amount)
        allowed &= amount % np.maximum(1, self.step[name][at]) == 0
        return allowed

    def within(self, names: Iterable[str], rows: Ints | None = None) -> Mask:
        """Return where a member that needs some classes takes any of them from a cell.

        Parameters
        ----------
        names : iterable of str
            The classes.
        rows : (R,) int64, optional
            By default all rows.

        Returns
        -------
        (R,) bool
        """
        found = np.zeros(self.size if rows is None else len(rows), dtype=np.bool_)
        for name in names:
            if name in self.inside:
                found |= self.inside[name] if rows is None else self.inside[name][rows]
        return found

    def each(
        self, size: Mapping[str, int], rows: Ints, most: int, *, smaller: bool = False
    ) -> Ints:
        """Return how many members of a size each cell takes alone, at most `most`.

        Parameters
        ----------
        size : mapping of str to int
        rows : (R,) int64
            Only rows for which `within` is true of the size's classes.
        most : int
        smaller : bool, default False
            Whether the size is only a lower bound of what members take: it need not be an amount
            that one member may take.

        Returns
        -------
        (R, K) int64
        """
        found = np.full((len(rows), self.width), most, dtype=np.int64)
        for name, amount in size.items():
            if not amount or name not in self.inside:
                continue
            if smaller:
                allowed = self.unit[name][rows] >= amount
            else:
                allowed = self.admits(name, amount, rows)
            number = np.where(allowed, self.free[name][rows] // amount, 0)
            inside = self.inside[name][rows]
            if not inside.all():
                number = np.where(inside[:, None], number, most)
            np.minimum(found, number, out=found)
        return found

    def bounded(self, size: Mapping[str, int], slots: Ints, most: int) -> Ints:
        """(H,) int64: `slots`, and no more than a host's cells take."""
        needed = [name for name, amount in size.items() if amount]
        rows = np.flatnonzero(self.within(needed))
        if len(rows):
            slots = slots.copy()
            slots[rows] = np.minimum(slots[rows], self.each(size, rows, most).sum(axis=1))
        return slots
