"""One stage of the pipeline: improve the incumbent until it is proved, or refute the problem."""

from __future__ import annotations

import pytest

from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.pipeline import answer, minimise
from groupsolver.solver.stage import SINGLE_STAGE
from tests.support.small import group, host
from tests.support.small_problems import APART, SmallProblem, budget, drawn_problem


@pytest.mark.parametrize("seed", range(20))
def test_a_stage_is_solved_to_the_optimum_of_all_placements_or_refuted(seed: int) -> None:
    problem = drawn_problem(seed)
    best = Incumbent(problem.compiled, "cost", budget())
    possible = minimise(problem.compiled, "cost", SINGLE_STAGE, best, budget())
    assert possible == (problem.best() is not None)
    assert best.value == problem.best()
    assert best.bound == best.value


def test_without_time_nothing_is_refuted() -> None:
    problem = SmallProblem([group("A", 2, APART)], [host("h1")])
    out_of_time = budget()
    out_of_time.stopped = True
    best = Incumbent(problem.compiled, "cost", out_of_time)
    assert minimise(problem.compiled, "cost", SINGLE_STAGE, best, out_of_time)
    fleet = problem.compiled.fleet
    assert answer(problem.app, fleet, "cost", out_of_time).status == "unknown"
    assert answer(problem.app, fleet, "cost", budget()).status == "infeasible"
