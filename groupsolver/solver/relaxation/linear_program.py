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

    def solve(self, seconds: float) -> tuple[float | None, Floats]:
        """Solve, within some seconds.

        Returns
        -------
        value : float or None
            None where GLOP found no optimum in time.
        dual : (rows,) float64
            Change of the value for each unit of a row's bound.
        """
        solver = ModelSolverHelper("glop")
        solver.set_time_limit_in_seconds(seconds)
        solver.solve(self._model())
        if solver.status() != SolveStatus.OPTIMAL:
            return None, np.zeros(self._row_count)
        return solver.objective_value(), np.array(solver.dual_values())

    def _model(self) -> ModelBuilderHelper:
        """Build the program in the form of the solver."""
        model = ModelBuilderHelper()
        costs = np.concatenate(self._cost).tolist()
        highs = np.concatenate(self._high).tolist()
        for cost, high in zip(costs, highs, strict=True):
            var = model.add_var()
            model.set_var_lower_bound(var, 0.0)
            model.set_var_upper_bound(var, high)
            model.set_var_objective_coefficient(var, cost)
        for row_lows, row_highs in self._row_bounds:
            for low, high in zip(row_lows.tolist(), row_highs.tolist(), strict=True):
                row = model.add_linear_constraint()
                model.set_constraint_lower_bound(row, low)
                model.set_constraint_upper_bound(row, high)
        for entry in self._entries:
            variables, rows, values = (array.tolist() for array in entry)
            for variable, row, value in zip(variables, rows, values, strict=True):
                model.add_term_to_constraint(row, variable, value)
        return model
