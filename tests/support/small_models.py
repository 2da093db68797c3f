"""Small problems for unit tests, and models of them solved for each assignment there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget

Counts = tuple[tuple[int, ...], ...]  # by member class: the members on each candidate


def compiled_problem(app: Application, fleet: Fleet) -> CompiledProblem:
    compiled_fleet = compile_fleet(fleet)
    return CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)


def budget(seconds: float = 60, **limits: Any) -> Budget:
    return Budget(Limits(seconds=seconds, workers=1, **limits), None)


def every_host(compiled: CompiledProblem) -> list[Ints]:
    """Return all rows of the fleet as the candidates of each member class."""
    rows = np.arange(compiled.fleet.row_count, dtype=np.int64)
    return [rows for _ in compiled.member_classes]


def bare_builder(compiled: CompiledProblem) -> ModelBuilder:
    """Return a model without any rule, where every host may take all members."""
    rows = every_host(compiled)
    most = [
        np.full(len(rows[class_index]), member_class.number, dtype=np.int64)
        for class_index, member_class in enumerate(compiled.member_classes)
    ]
    return ModelBuilder(compiled, rows, most, 1)


def assignments(builder: ModelBuilder) -> Iterator[Counts]:
    """Yield every way to distribute the members of each class over its candidates."""
    ways = []
    for member_class, most in zip(builder.compiled.member_classes, builder.most, strict=True):
        ranges = [range(int(limit) + 1) for limit in most]
        ways.append([way for way in product(*ranges) if sum(way) == member_class.number])
    yield from product(*ways)


def allowed(builder: ModelBuilder) -> set[Counts]:
    """Return the assignments that the model allows, each found by a solve of its own."""
    return {counts for counts in assignments(builder) if _solve(builder, counts) is not None}


def least(builder: ModelBuilder, counts: Counts, measure: Linear) -> int | None:
    """Return the least value of an expression at an assignment, None where that is infeasible."""
    return _solve(builder, counts, measure)


def _solve(builder: ModelBuilder, counts: Counts, measure: Linear | None = None) -> int | None:
    model = builder.model.clone()

    def same(var: cp_model.IntVar) -> cp_model.IntVar:
        return model.get_int_var_from_proto_index(var.index)

    for variables, numbers in zip(builder.placed, counts, strict=True):
        for var, number in zip(variables, numbers, strict=True):
            model.add(same(var) == number)
    # An objective in any case: that of the model, if it has one, makes no difference here.
    model.minimize(0)
    if measure is not None:
        variables = [same(var) for var in measure.vars]
        model.minimize(cp_model.LinearExpr.weighted_sum(variables, measure.coefs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    assert status == cp_model.OPTIMAL
    return round(solver.objective_value) + (measure.const if measure is not None else 0)
