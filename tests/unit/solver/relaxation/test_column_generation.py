"""The bound with prices for what is scarce, against an enumeration of all placements."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groupsolver.model.result import Objective
from groupsolver.solver.relaxation.column_generation import generate_columns
from groupsolver.solver.relaxation.dual_solution import DualSolution
from tests.support.small import group, host
from tests.support.small_problems import (
    AFFINITY,
    SmallProblem,
    budget,
    drawn_problem,
    in_rack,
)


def solution(problem: SmallProblem) -> DualSolution:
    return problem.prepared().relaxed


def test_scarce_room_raises_the_bound() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=5)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    found = solution(problem)
    # Alone both would take h0, 1 + 1. It has room for one: 1 + 5.
    assert found.bounds.proved == problem.best() == 6
    # At the price of its room, 4, h0 costs as much as h1.
    assert found.prices.tolist() == pytest.approx([5, 5, 5, 5])


def test_without_time_the_bound_is_that_of_the_blocks_alone() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=5)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    out_of_time = budget()
    out_of_time.stopped = True
    found = generate_columns(
        problem.compiled, problem.eligibility, problem.columns, problem.blocks, out_of_time
    )
    assert found.bounds.proved == 2
    assert found.prices.tolist() == [1, 5, 1, 5]


def test_a_problem_without_room_has_an_infinite_bound() -> None:
    assert solution(SmallProblem([group("A", 3)], [host("h0", 2)])).bounds.lower == math.inf


def test_dear_domains_are_bounded_from_their_first_cost() -> None:
    # 80 racks, of which 64 are priced again; A and B want the cheapest rack, which holds one.
    hosts = [in_rack(f"h{i}", f"r{i}", 1, cost=i) for i in range(80)]
    problem = SmallProblem([group("A", 1, AFFINITY), group("B", 1, AFFINITY)], hosts)
    found = solution(problem)
    assert found.bounds.proved == 1  # 0 + 1
    last = np.flatnonzero(problem.columns.row == 79)
    # A placement with h79 costs 79 at least: 78 above the bound.
    assert (found.bounds.raises[last] <= 78).all()
    assert (found.bounds.raises[last] > 70).all()


def test_running_members_that_break_soft_rules_are_part_of_the_bound() -> None:
    existing = [
        {"group": "A", "id": f"old{i}", "host": "h0", "resources": {"VCPU": 1}} for i in (0, 1)
    ]
    soft = {"kind": "anti-affinity", "weight": 7}
    problem = SmallProblem([group("A", 1, soft)], [host("h0"), host("h1")], existing=existing)
    assert solution(problem).bounds.proved == problem.best() == 7


@pytest.mark.parametrize("objective", ["cost", "pack", "spread"])
@pytest.mark.parametrize("seed", range(25))
def test_the_bound_never_exceeds_the_optimum_of_all_placements(
    seed: int, objective: Objective
) -> None:
    problem = drawn_problem(seed, objective)
    best = problem.best()
    if best is not None:
        assert solution(problem).bounds.proved <= best


def test_the_bound_is_the_optimum_for_most_small_problems() -> None:
    problems = [drawn_problem(seed) for seed in range(40)]
    possible = [problem for problem in problems if problem.best() is not None]
    tight = [one for one in possible if solution(one).bounds.proved == one.best()]
    assert len(possible) >= 20
    assert len(tight) >= 0.8 * len(possible)
