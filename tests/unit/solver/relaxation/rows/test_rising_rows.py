"""Prices that rise: a row a step, posted where a solution crosses it, of the value of the price."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram
from groupsolver.solver.relaxation.rows.rising_rows import RisingRows, rising_rows_of
from tests.support.small import group, host
from tests.support.small_problems import SmallProblem


class Master:
    """A master over all columns with the rows of one price, and so many members of each class."""

    def __init__(self, problem: SmallProblem, members: list[int]) -> None:
        (self.rows,) = rising_rows_of(problem.compiled, problem.columns)
        columns = problem.columns
        self.core = CoreColumns.of(columns, np.ones(len(columns), dtype=np.bool_))
        self.program = LinearProgram(
            columns.price.astype(np.float64), columns.max_members.astype(np.float64)
        )
        self.rows.post(self.core, self.program)
        for class_index, number in enumerate(members):
            variables = self.core.variables_of(class_index)
            placed = np.array([float(number)])
            row = np.zeros(len(variables), dtype=np.int64)
            self.program.add_rows(variables, row, np.ones(len(variables)), 1, placed, placed)

    def solve(self) -> tuple[float, bool]:
        """Return the value, and whether the solution crosses rows that are not posted."""
        optimum = self.program.solve(10)
        assert optimum is not None
        self.rows.read_duals(optimum.dual)
        return optimum.value, self.rows.want_crossed(self.core, optimum.x)


def problem_of(first: int, second: int) -> SmallProblem:
    groups = [group("A", first), group("B", second)]
    return SmallProblem(groups, [host("h0", 8)], objective="spread")


def rows_of(problem: SmallProblem) -> RisingRows:
    (rows,) = rising_rows_of(problem.compiled, problem.columns)
    return rows


def test_each_step_counts_the_members_that_do_not_pay_it_by_their_own_column() -> None:
    problem = problem_of(2, 1)
    first, second = rows_of(problem).steps
    assert (first.room.tolist(), second.room.tolist()) == ([1], [2])
    # Columns: A's first member, its further one, B's. The further one has paid the first step.
    assert first.weights(problem.columns, slice(None)).tolist() == [1.0, 0.0, 1.0]
    assert second.weights(problem.columns, slice(None)).tolist() == [1.0, 1.0, 1.0]


def test_rows_of_later_steps_are_posted_once_a_solution_crosses_them() -> None:
    problem = problem_of(2, 2)
    free_share = int(problem.columns.base_price[0])
    master = Master(problem, [2, 2])
    # A and B pay a step each for their second member, and the row of the first step one: 3 of 6.
    assert master.solve() == (4 * free_share + 3000, True)
    assert [wanted.tolist() for wanted in master.rows.wanted] == [[True], [True], [True]]
    again = Master(problem, [2, 2])
    again.rows.wanted = master.rows.wanted
    again.program = LinearProgram(
        problem.columns.price.astype(np.float64), problem.columns.max_members.astype(np.float64)
    )
    again.rows.post(again.core, again.program)
    for class_index in (0, 1):
        variables = again.core.variables_of(class_index)
        row, two = np.zeros(len(variables), dtype=np.int64), np.array([2.0])
        again.program.add_rows(variables, row, np.ones(len(variables)), 1, two, two)
    # 0 + 1 + 2 + 3 steps for four members.
    assert again.solve() == (4 * free_share + 6000, False)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 1), (3, 2), (4, 4)])
def test_no_row_is_wanted_that_the_solution_keeps(first: int, second: int) -> None:
    master = Master(problem_of(first, second), [1, 1])
    # One member of each: the second pays the first step, and no further row is crossed.
    assert not master.solve()[1]
    assert not any(wanted.any() for wanted in master.rows.wanted[1:])


def test_the_rows_of_a_step_have_a_worth_up_to_its_price() -> None:
    problem = problem_of(1, 1)
    master = Master(problem, [1, 1])
    master.solve()
    (step,) = master.rows.steps
    assert step.dual.tolist() == [1000.0]  # without the row both would be there for nothing
    assert master.rows.worth() == 1000.0
    assert master.rows.prices(problem.columns).tolist() == [1000.0, 1000.0]
