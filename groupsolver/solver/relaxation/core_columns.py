"""The core: the columns that are variables of the restricted master."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.solver.relaxation.columns import Columns


@dataclass(frozen=True)
class CoreColumns:
    """Columns of a table, numbered as variables of a linear program.

    Attributes
    ----------
    table : Columns
        All N columns.
    index : (C,) int64
        The column of each variable, in ascending order.
    variable : (N,) int64
        The variable of each column, -1 for one outside the core.
    """

    table: Columns
    index: Ints
    variable: Ints

    @classmethod
    def of(cls, table: Columns, core: Mask) -> CoreColumns:
        """Number the columns that a mask marks, (N,) bool."""
        index = np.flatnonzero(core)
        variable = np.full(len(table), -1, dtype=np.int64)
        variable[index] = np.arange(len(index))
        return cls(table, index, variable)

    def variables_of(self, class_index: int) -> Ints:
        """Return the variables of a member class."""
        variables = self.variable[self.table.of(class_index)]
        return variables[variables >= 0]

    def rows(self, variables: Ints) -> Ints:
        """Return the host of each of some variables, as a row of the fleet."""
        return self.table.row[self.index[variables]]

    def max_members(self, variables: Ints) -> Ints:
        """Return how many members each of some variables may place."""
        return self.table.max_members[self.index[variables]]
