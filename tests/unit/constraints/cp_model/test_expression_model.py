"""Expressions with bounds: what is posted of them, and what their extremes come to."""

from __future__ import annotations

import pytest
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.expression_model import ExpressionModel
from groupsolver.constraints.cp_model.linear_expr import Linear


def least(model: ExpressionModel, expr: Linear) -> int | None:
    """The least value of an expression, None where the model is impossible."""
    total = cp_model.LinearExpr.weighted_sum(expr.vars, expr.coefs)
    model.model.minimize(total)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model.model) != cp_model.OPTIMAL:
        return None
    return round(solver.objective_value) + expr.const


def fixed(model: ExpressionModel, value: int, high: int = 9) -> Linear:
    """A variable of 0 to `high` that has a value."""
    var = model.number(high)
    model.model.add(var == value)
    return Linear([var], [1])


def test_the_bound_of_an_expression_counts_what_may_raise_it() -> None:
    model = ExpressionModel()
    x, y = model.number(3), model.number(5)
    # 2 x - y + 1 is at most 2 * 3 - 0 + 1.
    assert model.high(Linear([x, y], [2, -1], 1)) == 7


@pytest.mark.parametrize(("values", "skew"), [((2, 5), 3), ((4, 4), 0), ((7, 1, 3), 6)])
def test_a_skew_is_the_largest_less_the_smallest(values: tuple[int, ...], skew: int) -> None:
    model = ExpressionModel()
    counts: list[Linear | None] = [fixed(model, value) for value in values]
    assert least(model, model.skew(counts, 9)) == skew


def test_a_count_that_is_not_there_is_0_and_that_of_an_absent_domain_is_none() -> None:
    model = ExpressionModel()
    assert least(model, model.skew([fixed(model, 4), None], 9)) == 4
    absent = fixed(model, 0, 1)
    assert least(model, model.skew([fixed(model, 4), Linear()], 9, [None, absent])) == 0


@pytest.mark.parametrize(("values", "top"), [((2, 5), 5), ((0, 0), 0)])
def test_the_largest_of_some_expressions(values: tuple[int, ...], top: int) -> None:
    model = ExpressionModel()
    assert least(model, model.largest([fixed(model, value) for value in values])) == top


@pytest.mark.parametrize(
    ("one", "other", "possible"), [(0, 5, True), (5, 0, True), (1, 1, False), (0, 0, True)]
)
def test_one_of_two_is_at_most_0(one: int, other: int, possible: bool) -> None:
    model = ExpressionModel()
    model.one_holds(fixed(model, one), fixed(model, other))
    assert (least(model, Linear()) is not None) is possible


@pytest.mark.parametrize(("value", "some"), [(0, 0), (1, 1), (6, 1)])
def test_whether_a_count_is_above_0(value: int, some: int) -> None:
    model = ExpressionModel()
    used = model.some(fixed(model, value))
    assert least(model, used) == some
    assert least(model, used.times(-1)) == -some


def test_a_model_that_adds_to_another_shares_its_variables() -> None:
    first = ExpressionModel()
    x = first.number(4)
    second = ExpressionModel(first)
    assert second.model is first.model
    assert second.high(Linear([x], [1])) == 4
    assert first.high(Linear([second.number(7)], [1])) == 7


def test_an_expression_without_variables_above_its_limit_is_impossible() -> None:
    model = ExpressionModel()
    model.at_most(Linear(const=3), 2)
    assert least(model, Linear()) is None
