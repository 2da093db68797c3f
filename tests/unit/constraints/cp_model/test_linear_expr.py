"""Linear expressions: sums and multiples, and what they are while nothing new is placed."""

from __future__ import annotations

from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear


def two_vars() -> tuple[cp_model.IntVar, cp_model.IntVar]:
    model = cp_model.CpModel()
    return model.new_int_var(0, 5, "x"), model.new_int_var(0, 5, "y")


def test_a_sum_has_the_terms_of_both_and_the_sum_of_their_constants() -> None:
    x, y = two_vars()
    found = Linear([x], [2], 3).plus(Linear([y], [1], 4))
    assert (found.vars, found.coefs, found.const) == ([x, y], [2, 1], 3 + 4)


def test_a_difference_turns_the_signs_of_what_is_taken_away() -> None:
    x, y = two_vars()
    found = Linear([x], [2], 3).plus(Linear([y], [5], 4), -1)
    assert (found.coefs, found.const) == ([2, -5], 3 - 4)


def test_a_number_moves_the_constant_alone() -> None:
    x, _ = two_vars()
    assert Linear([x], [2], 3).plus(10).const == 13
    assert Linear([x], [2], 3).plus(10, -1).const == -7


def test_a_multiple_is_taken_of_every_term() -> None:
    x, y = two_vars()
    found = Linear([x, y], [2, -1], 3).times(-4)
    assert (found.coefs, found.const) == ([-8, 4], -12)


def test_the_parts_of_a_sum_stay_as_they_were() -> None:
    x, y = two_vars()
    one, other = Linear([x], [1], 1), Linear([y], [1], 1)
    one.plus(other)
    one.times(3)
    assert (one.vars, one.coefs, one.const) == ([x], [1], 1)
