"""Small linear programs with their optimum worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.model.compiled.arrays import Floats
from groupsolver.solver.relaxation.linear_program import LinearProgram

ZERO = np.array([0])
ONE = np.ones(1)


def solved(program: LinearProgram) -> tuple[float, Floats]:
    """Return the value and the duals of an optimum."""
    optimum = program.solve(10)
    assert optimum is not None
    return optimum.value, optimum.dual


def test_variables_are_numbered_in_the_order_in_which_they_are_added() -> None:
    program = LinearProgram(np.ones(2), np.ones(2))
    assert program.add_variable(1.0, 1.0) == 2
    assert program.add_variables(np.ones(2), np.ones(2)).tolist() == [3, 4]


def test_rows_bound_from_both_sides_and_their_duals_are_prices() -> None:
    # Five units of two kinds at 2 and 7, of the first at most three: 3 x 2 + 2 x 7.
    program = LinearProgram(np.array([2.0, 7.0]), np.array([9.0, 9.0]))
    both = np.array([0, 1])
    five = np.array([5.0])
    total = program.add_rows(both, np.zeros(2, dtype=np.int64), np.ones(2), 1, five, five)
    room = program.add_rows(ZERO, ZERO, ONE, 1, high=np.array([3.0]))
    value, dual = solved(program)
    assert value == pytest.approx(20)
    assert dual[total] == pytest.approx(7)  # one unit more is of the second kind
    assert dual[room] == pytest.approx(-5)  # one of the first more saves 7 - 2


def test_a_row_may_be_exceeded_at_a_price() -> None:
    program = LinearProgram(np.array([-4.0]), np.array([9.0]))
    program.add_rows(ZERO, ZERO, ONE, 1, high=np.array([3.0]), excess_price=1.0)
    value, _ = solved(program)
    # Each unit brings 4, and costs 1 beyond three: 9 x -4 + 6 x 1.
    assert value == pytest.approx(-30)


def test_a_variable_is_open_as_far_as_its_opener() -> None:
    # Members at -1 each, two at most for each of the opener, which costs 3 a unit.
    program = LinearProgram(np.array([-1.0]), np.array([2.0]))
    opener = program.add_variable(3.0, 1.0)
    program.add_opening_rows(ZERO, np.array([opener]), np.array([2]))
    value, _ = solved(program)
    assert value == pytest.approx(0)  # 2 members bring 2, and opening costs 3
    program.add_rows(ZERO, ZERO, ONE, 1, low=ONE)
    value, _ = solved(program)
    assert value == pytest.approx(0.5)  # one member: half of the opener, 1.5 - 1


def test_a_program_without_a_solution_has_no_value() -> None:
    program = LinearProgram(ONE, ONE)
    program.add_rows(ZERO, ZERO, ONE, 1, low=np.array([2.0]))
    assert program.solve(10) is None
