"""Rows of the model for what openings cost at least: the optimum stays, the relaxation is tight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groupsolver import Application, Fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.relaxation.opening_floors import with_openings
from tests.laws.test_reduction import least
from tests.support.small import group, host

Doc = dict[str, Any]


@pytest.mark.parametrize(
    ("policies", "price", "best"),
    [
        ([], 2, 3 * 2),  # three members of 3 VCPU on hosts of 4: a host each
        ([{"kind": "affinity", "weight": 5}], None, 2 * 5),  # the first host is free
        ([{"kind": "affinity", "weight": 5}], 2, 2 * 5 + 3 * 2),
    ],
)
def test_rows_do_not_change_the_optimum_and_say_it(
    policies: list[Doc], price: int | None, best: int
) -> None:
    document = {"groups": [group("A", 3, *policies, vcpu=3)], "host_price": price}
    app = Application.model_validate(document)
    hosts = [host(f"h{i}") for i in range(5)]
    fleet = compile_fleet(Fleet.model_validate({"hosts": hosts}))
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    eligibility = with_openings(compiled, find_eligibility(compiled, "cost"))
    every = [np.arange(5)]
    assert least(build_model(compiled, eligibility, every).model) == best
    assert sum(one.least_cost for one in eligibility.openings) == best
    # A floor that is too high excludes every placement: the rows are there.
    wrong = [
        replace(one, floors=tuple(replace(floor, least=99) for floor in one.floors))
        for one in eligibility.openings
    ]
    eligibility = replace(eligibility, openings=tuple(wrong))
    assert least(build_model(compiled, eligibility, every).model) is None
