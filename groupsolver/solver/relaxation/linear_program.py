"""A linear program built row by row, of arrays."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.linear_program import Optimum, ProgramArrays, solve_linear


class LinearProgram:
    """Minimise ``cost @ x`` over ``0 <= x <= high`` and rows that are added.

    Parameters
    ----------
    cost, high : (N,) float64
        Of the first variables.
    """

    def __init__(self, cost: Floats, high: Floats) -> None:
        self._cost = [cost]
        self._high = [high]
        self._variable_count = len(cost)
        self._row_count = 0
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._row_bounds: list[tuple[Floats, Floats]] = []

    def add_variable(self, cost: float, high: float) -> int:
        """Add one variable and return its number."""
        return int(self.add_variables(np.array([cost]), np.array([high]))[0])

    def add_variables(self, cost: Floats, high: Floats) -> Ints:
        """Add variables and return their numbers."""
        self._cost.append(cost)
        self._high.append(high)
        before = self._variable_count
        self._variable_count += len(cost)
        return np.arange(before, self._variable_count)

    def add_rows(
        self,
        variable: Ints,
        row: Ints,
        value: Floats,
        number: int,
        low: Floats | None = None,
        high: Floats | None = None,
        excess_price: float = np.inf,
    ) -> Ints:
        """Add rows ``low <= sum(value * x[variable]) <= high`` and return their numbers.

        Parameters
        ----------
        variable, row, value : (E,)
            Entries; `row` counts from 0 among the rows that are added.
        number : int
            How many rows.
        low, high : (number,) float64, optional
            None: no bound.
        excess_price : float, default inf
            Where finite, a row may exceed `high` at that price a unit.
        """
        if np.isfinite(excess_price) and number:
            excess = self.add_variables(np.full(number, excess_price), np.full(number, np.inf))
            variable = np.r_[variable, excess]
            row = np.r_[row, np.arange(number)]
            value = np.r_[value, -np.ones(number)]
        infinite = np.full(number, np.inf)
        low = -infinite if low is None else low
        high = infinite if high is None else high
        self._entries.append((variable, row + self._row_count, value))
        self._row_bounds.append((low, high))
        before = self._row_count
        self._row_count += number
        return np.arange(before, self._row_count)

    def add_opening_rows(self, variable: Ints, opener: Ints, factor: Ints) -> Ints:
        """Add rows ``x[variable] <= factor * x[opener]``, one for each of some variables, (E,)."""
        number = len(variable)
        one_each = np.arange(number)
        values = np.r_[np.ones(number), -factor.astype(np.float64)]
        return self.add_rows(
            np.r_[variable, opener],
            np.r_[one_each, one_each],
            values,
            number,
            high=np.zeros(number),
        )

    def solve(self, seconds: float) -> Optimum | None:
        """Solve, within some seconds; None where no optimum was found in time."""
        return solve_linear(self._arrays(), seconds, "glop")

    def _arrays(self) -> ProgramArrays:
        """Return the program in the form of the solver."""
        parts = zip(*self._entries, strict=True)
        variables, rows, values = (np.concatenate(of_entries) for of_entries in parts)
        lows, highs = (np.concatenate(bounds) for bounds in zip(*self._row_bounds, strict=True))
        shape = self._row_count, self._variable_count
        return ProgramArrays(
            cost=np.concatenate(self._cost),
            high=np.concatenate(self._high),
            table=csr_array((values, (rows, variables)), shape=shape),
            row_low=lows,
            row_high=highs,
        )
