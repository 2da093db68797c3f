"""The first half of every solve: candidates, relaxation, and what they prove already."""

from __future__ import annotations

from groupsolver.solver.preparation import prepare
from tests.support.small import group, host
from tests.support.small_problems import APART, SmallProblem, budget


def test_candidates_are_reduced_and_the_bound_is_that_of_the_whole() -> None:
    hosts = [host(f"h{i}", cost=i) for i in range(30)]
    problem = SmallProblem([group("A", 2, APART)], hosts)
    prepared = prepare(problem.compiled, problem.eligibility, budget())
    assert prepared is not None
    # Two members on two hosts: the two cheapest, 0 + 1.
    assert prepared.candidates[0].tolist() == [0, 1]
    assert prepared.candidate_count == 2
    assert not prepared.refuted
    assert prepared.relaxed.bounds.proved == 1


def test_a_problem_without_enough_room_is_refuted() -> None:
    problem = SmallProblem([group("A", 3, APART)], [host("h1"), host("h2")])
    prepared = prepare(problem.compiled, problem.eligibility, budget())
    assert prepared is not None
    assert prepared.refuted


def test_nothing_is_prepared_without_time() -> None:
    problem = SmallProblem([group("A", 1)], [host("h1")])
    out_of_time = budget()
    out_of_time.stopped = True
    assert prepare(problem.compiled, problem.eligibility, out_of_time) is None
