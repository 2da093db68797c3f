"""Duals by ascent: small cases by hand, and the bound against an enumeration of all placements."""

from __future__ import annotations

import math
from unittest.mock import patch

import numpy as np
import pytest

from groupsolver.model.result import Objective
from groupsolver.solver.relaxation import dual_sweeps
from groupsolver.solver.relaxation.column_generation import generate_columns
from groupsolver.solver.relaxation.dual_solution import DualSolution
from tests.support.small import group, host
from tests.support.small_problems import (
    AFFINITY,
    SmallProblem,
    budget,
    drawn_problem,
    dual_ascent_at_any_size,
    in_rack,
)


def solution(problem: SmallProblem, rounds: int = 25) -> DualSolution:
    with dual_ascent_at_any_size(rounds):
        return problem.prepared().relaxed


def test_scarce_room_raises_the_bound() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=5)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    found = solution(problem)
    # Alone both would take h0, 1 + 1. It has room for one: 1 + 5.
    assert found.bounds.proved == problem.best() == 6
    # At the price of its room, about 4, h0 costs as much as h1.
    assert found.prices == pytest.approx([5, 5, 5, 5], abs=0.2)
    assert found.guide == pytest.approx(found.prices)


def test_groups_that_need_one_domain_compete_for_the_cheapest() -> None:
    hosts = [
        in_rack("h0", "r0", 1, cost=1),
        in_rack("h1", "r0", 1, cost=1),
        in_rack("h2", "r1", 1, cost=6),
        in_rack("h3", "r1", 1, cost=6),
    ]
    problem = SmallProblem([group("A", 2, AFFINITY), group("B", 2, AFFINITY)], hosts)
    # One in r0 for 1 + 1, the other in r1 for 6 + 6.
    assert solution(problem).bounds.proved == problem.best() == 14


def test_rising_prices_have_duals_of_at_most_a_step() -> None:
    hosts = [host("h0", 9), host("h1", 9)]
    problem = SmallProblem([group("A", 2), group("B", 2)], hosts, "spread")
    found = solution(problem)
    best = problem.best()
    assert best is not None
    # The own prices leave out that members of A and B share hosts: two further members at 1000.
    assert best - 20 <= found.bounds.proved <= best
    assert found.bounds.sharing is not None
    assert (found.bounds.sharing >= 0).all()


def test_without_time_the_bound_is_that_of_the_blocks_alone() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=5)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    out_of_time = budget()
    out_of_time.stopped = True
    with dual_ascent_at_any_size():
        found = generate_columns(
            problem.compiled, problem.eligibility, problem.columns, problem.blocks, out_of_time
        )
    assert found.bounds.proved == 2
    assert found.prices.tolist() == [1, 5, 1, 5]


def test_no_further_than_to_a_bound_that_is_enough() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=50)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    with dual_ascent_at_any_size(rounds=1):
        found = generate_columns(
            problem.compiled, problem.eligibility, problem.columns, problem.blocks, budget(), 3.0
        )
    assert 3 <= found.bounds.lower < 10


def test_a_problem_without_room_has_an_infinite_bound() -> None:
    assert solution(SmallProblem([group("A", 3)], [host("h0", 2)])).bounds.lower == math.inf


def test_the_same_problem_has_the_same_duals() -> None:
    problem = drawn_problem(3)
    assert np.array_equal(solution(problem).prices, solution(problem).prices)


@pytest.mark.parametrize("objective", ["cost", "pack", "spread"])
@pytest.mark.parametrize("seed", range(25))
def test_the_bound_never_exceeds_the_optimum_of_all_placements(
    seed: int, objective: Objective
) -> None:
    problem = drawn_problem(seed, objective)
    best = problem.best()
    # Few columns are promising: the rounds then bound less than all, and the sweeps must not.
    with (
        patch.object(dual_sweeps, "SPARE_PLACES", 1),
        patch.object(dual_sweeps, "PROMISING_DOMAINS", 1),
    ):
        found = solution(problem, rounds=8)
    if best is not None:
        assert found.bounds.proved <= best


def test_the_bound_is_the_optimum_for_most_small_problems() -> None:
    problems = [drawn_problem(seed) for seed in range(40)]
    possible = [problem for problem in problems if problem.best() is not None]
    tight = [one for one in possible if solution(one).bounds.proved == one.best()]
    assert len(possible) >= 20
    assert len(tight) >= 0.7 * len(possible)
