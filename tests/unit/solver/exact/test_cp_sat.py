"""The search by CP-SAT: its outcomes, its bounds and its hints, on problems that are enumerated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from groupsolver import Limits, Progress, UnknownSolverStatus
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import (
    INFEASIBLE,
    NOTHING_KNOWN,
    SearchOutcome,
    _add_hint,
    build_model,
    integer_bound,
    solve_candidates,
    solve_model,
)
from groupsolver.solver.presolve.eligibility import find_eligibility
from tests.support.small import app, fleet, group, host
from tests.support.small_models import assignments, budget, compiled_problem, every_host

APART = {"kind": "anti-affinity"}
# Costs 5, 3, 7 and 1; hosts of 4 VCPU.
FLEET = fleet(*(host(f"h{i}", cost=cost) for i, cost in enumerate((5, 3, 7, 1))))


def solved(
    compiled: CompiledProblem, candidates: list[Ints] | None = None, **more: Any
) -> SearchOutcome:
    arguments = {"hint": None, "budget": budget(), "seconds": 30.0, "gap": 0.0} | more
    return solve_candidates(
        compiled,
        find_eligibility(compiled, "cost"),
        candidates or every_host(compiled),
        **arguments,
    )


def test_the_optimum_and_its_bound_are_those_of_the_enumeration() -> None:
    # Two members of 3 VCPU, apart, and one of 2: 1 + 3 for the pair, and 5 for the other.
    compiled = compiled_problem(app(group("A", 2, APART, vcpu=3), group("B", 1, vcpu=2)), FLEET)
    prices = np.array([5, 3, 7, 1])
    builder = build_model(compiled, find_eligibility(compiled, "cost"), every_host(compiled))
    costs = [
        int(prices @ a + prices @ b)
        for a, b in assignments(builder)
        if max(a) == 1 and all(3 * x + 2 * y <= 4 for x, y in zip(a, b, strict=True))
    ]
    outcome = solved(compiled)
    assert outcome.placement is not None
    assert outcome.bound == min(costs) == 9
    assert sum(int(prices[row]) for _, row in outcome.placement) == 9
    assert sorted(class_index for class_index, _ in outcome.placement) == [0, 0, 1]


def test_candidates_without_a_placement_are_infeasible() -> None:
    # Two members that are apart on the one host h0, which could take one.
    compiled = compiled_problem(app(group("A", 2, APART)), FLEET)
    assert solved(compiled, [np.array([0])]) == INFEASIBLE


def test_without_time_nothing_is_known() -> None:
    compiled = compiled_problem(app(group("A", 2)), FLEET)
    assert solved(compiled, seconds=0.0) == NOTHING_KNOWN
    assert solved(compiled, budget=budget(seconds=1e-9)) == NOTHING_KNOWN


def test_an_infinite_gap_takes_the_first_placement_and_claims_no_more_than_holds() -> None:
    compiled = compiled_problem(app(group("A", 2, APART)), FLEET)
    outcome = solved(compiled, gap=math.inf)
    assert outcome.placement is not None
    # The optimum is 1 + 3.
    assert outcome.bound is None or outcome.bound <= 4


def test_a_gap_leaves_a_bound_below_the_optimum_or_at_it() -> None:
    compiled = compiled_problem(app(group("A", 2, APART)), FLEET)
    outcome = solved(compiled, gap=5.0)
    assert outcome.placement is not None
    assert outcome.bound is not None
    assert outcome.bound <= 4


def test_the_cells_that_the_model_decides_are_returned() -> None:
    # Two cells of 7 VCPU hold 3 + 2 + 2 each, the only way for two of 3 and four of 2.
    numa = {"name": "numa", "cells": [{"inventory": {"VCPU": 7}}] * 2}
    compiled = compiled_problem(app(group("A", 2, vcpu=3), group("B", 4, vcpu=2)), fleet(numa))
    assert solved(compiled).inside == {(0, 0): [1, 1], (1, 0): [2, 2]}


def hinted(hint: list[tuple[int, int]], rows: list[int]) -> dict[int, int]:
    compiled = compiled_problem(app(group("A", 3)), FLEET)
    candidates = [np.array(rows)]
    builder = build_model(compiled, find_eligibility(compiled, "cost"), candidates)
    _add_hint(builder, candidates, hint)
    given = builder.model.proto.solution_hint
    values = dict(zip(given.vars, given.values, strict=True))
    return {
        row: values[var.index]
        for row, var in zip(rows, builder.placed[0], strict=True)
        if var.index in values
    }


def test_a_hint_counts_members_by_candidate() -> None:
    assert hinted([(0, 1), (0, 1), (0, 3)], [0, 1, 3]) == {0: 0, 1: 2, 3: 1}


def test_a_hint_outside_the_candidates_is_ignored() -> None:
    assert hinted([(0, 1), (0, 1), (0, 2)], [0, 1, 3]) == {}


@pytest.mark.parametrize(
    ("bound", "outside", "expected"),
    [
        (6.2, math.inf, 7),
        (7.0000001, math.inf, 7),  # noise of a double
        (6.9999999, math.inf, 7),
        (6.2, 5, 5),
        (-math.inf, 5, None),
        (-math.inf, math.inf, None),
        (math.inf, math.inf, None),
        (-0.5, math.inf, 0),
    ],
)
def test_a_bound_is_rounded_up_and_never_above_that_of_the_rest(
    bound: float, outside: float, expected: int | None
) -> None:
    assert integer_bound(bound, outside) == expected


def test_noise_grows_with_the_bound() -> None:
    # A relative 1e-12 of 1e12 is 1: 0.5 above a whole number may be noise.
    assert integer_bound(1e12 + 0.5, math.inf) == 10**12
    assert integer_bound(1e6 + 0.5, math.inf) == 10**6 + 1


def test_no_bound_is_reported_above_that_of_the_placements_outside() -> None:
    heard: list[Progress] = []
    watched = Budget(Limits(seconds=60, workers=1), heard.append)
    compiled = compiled_problem(app(group("A", 2, APART)), FLEET)
    # The optimum here is 4, and placements outside of these candidates cost at least 2.
    outcome = solved(compiled, budget=watched, outside=2)
    assert outcome.bound == 4
    bounds = [progress.bound for progress in heard if progress.bound is not None]
    assert bounds
    assert max(bounds) <= 2


def test_a_status_that_is_unknown_here_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compiled_problem(app(group("A", 2)), FLEET)
    builder = build_model(compiled, find_eligibility(compiled, "cost"), every_host(compiled))
    monkeypatch.setattr(cp_model.CpSolver, "solve", lambda *_: cp_model.MODEL_INVALID)
    with pytest.raises(UnknownSolverStatus, match="MODEL_INVALID"):
        solve_model(builder, budget(), 1.0, 0.0)
