"""Lower bounds of the objective at some value."""

from __future__ import annotations

import pytest

from groupsolver.solver.batch.least_objective import least_objective
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem

WITHIN = {"kind": "within", "hosts": ["dear"]}
APPS = {"a": app(group("x", 2)), "b": app(group("x", 2, WITHIN))}
VALUES = {"a": 2, "b": 2}


@pytest.mark.parametrize(("value", "least"), [(0, 0), (1, 2), (2, 4), (3, 9), (4, 14), (9, 14)])
def test_the_cheapest_for_their_value_come_first(value: int, least: int) -> None:
    # a costs at least 2 * 2 and b 2 * 5, each worth 2.
    merged = MergedApplications(APPS)
    problem = compiled_problem(merged.app, fleet(host("cheap", cost=2), host("dear", cost=5)))
    batch = BatchProblem(merged, problem, VALUES, "cost", partial=True)
    assert least_objective(batch, value) == least


def test_what_costs_less_than_nothing_counts_whole() -> None:
    merged = MergedApplications(APPS)
    problem = compiled_problem(merged.app, fleet(host("cheap", cost=-3), host("dear", cost=5)))
    batch = BatchProblem(merged, problem, VALUES, "cost", partial=True)
    assert least_objective(batch, 1) == -6
    assert least_objective(batch, 4) == 4  # -6 + 10
