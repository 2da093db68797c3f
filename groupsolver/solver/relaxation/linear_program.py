"""A linear program built of arrays and solved by GLOP."""

from __future__ import annotations

import numpy as np
from ortools.linear_solver.python.model_builder_helper import (
    ModelBuilderHelper,
    ModelSolverHelper,
    SolveStatus,
)

from groupsolver.model.compiled.compiled_fleet import Floats, Ints


class LinearProgram:
    """Minimise ``cost @ x`` over ``0 <= x <= high`` and rows that are added.

    Parameters
    ----------
    cost, high : (N,) float64
    """

    def __init__(self, cost: Floats, high: Floats) -> None:
        self._cost, self._high = [cost], [high]
        self._columns = len(cost)
        self._rows = 0
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._bounds: list[tuple[Floats, Floats]] = []

    def column(self, cost: float, high: float) -> int:
        """Add one variable; give its number."""
        return int(self.columns(np.array([cost]), np.array([high]))[0])

    def columns(self, cost: Floats, high: Floats) -> Ints:
        """Add variables; give their numbers."""
        self._cost.append(cost)
        self._high.append(high)
        self._columns += len(cost)
        return np.arange(self._columns - len(cost), self._columns)

    def rows(
        self,
        column: Ints,
        row: Ints,
        value: Floats,
        number: int,
        low: Floats | None = None,
        high: Floats | None = None,
        slack_cost: float = np.inf,
    ) -> Ints:
        """Add rows ``low <= sum(value * x[column]) <= high``; give their numbers.

        Parameters
        ----------
        column, row, value : (E,)
            Entries; `row` counts from 0 among the rows that are added.
        number : int
            How many rows.
        low, high : (number,) float64, optional
            None: no bound.
        slack_cost : float, default inf
            Where finite, a row may exceed `high` at that price a unit.
        """
        if np.isfinite(slack_cost) and number:
            slack = self.columns(np.full(number, slack_cost), np.full(number, np.inf))
            own = np.arange(number)
            column, row, value = (
                np.r_[column, slack],
                np.r_[row, own],
                np.r_[value, -np.ones(number)],
            )
        self._entries.append((column, row + self._rows, value))
        none = np.full(number, np.inf)
        self._bounds.append((-none if low is None else low, none if high is None else high))
        self._rows += number
        return np.arange(self._rows - number, self._rows)

    def solve(self, seconds: float) -> tuple[float | None, Floats]:
        """Solve, within some seconds.

        Returns
        -------
        value : float or None
            None where GLOP found no optimum in time.
        dual : (rows,) float64
            Change of the value for each unit of a row's bound.
        """
        model = ModelBuilderHelper()
        for cost, high in zip(
            np.concatenate(self._cost).tolist(), np.concatenate(self._high).tolist(), strict=True
        ):
            var = model.add_var()
            model.set_var_lower_bound(var, 0.0)
            model.set_var_upper_bound(var, high)
            model.set_var_objective_coefficient(var, cost)
        for lows, highs in self._bounds:
            for low, high in zip(lows.tolist(), highs.tolist(), strict=True):
                row = model.add_linear_constraint()
                model.set_constraint_lower_bound(row, low)
                model.set_constraint_upper_bound(row, high)
        for columns, rows, values in self._entries:
            for column, row, value in zip(
                columns.tolist(), rows.tolist(), values.tolist(), strict=True
            ):
                model.add_term_to_constraint(row, column, value)
        solver = ModelSolverHelper("glop")
        solver.set_time_limit_in_seconds(seconds)
        solver.solve(model)
        if solver.status() != SolveStatus.OPTIMAL:
            return None, np.zeros(self._rows)
        return solver.objective_value(), np.array(solver.dual_values())
