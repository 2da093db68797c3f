"""The proof in stages, on bounds made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.errors import BrokenAnswer
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact import staged_proof
from groupsolver.solver.exact.cp_sat import SearchOutcome, solve_candidates
from groupsolver.solver.exact.staged_proof import _slacks, _take_bound, prove
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.columns import build_columns
from groupsolver.solver.relaxation.reduced_cost_fixing import Bounds
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem, every_host

APART = {"kind": "anti-affinity"}


class Case:
    """Two members, apart, on hosts of cost 0 to 9; each host raises the bound by what is given."""

    def __init__(self, raises: list[float], lower: float = 0.0, seconds: float = 60) -> None:
        hosts = [host(f"h{i}", cost=i) for i in range(10)]
        self.compiled = compiled_problem(app(group("A", 2, APART)), fleet(*hosts))
        self.budget = budget(seconds)
        self.best = Incumbent(self.compiled, "cost", self.budget)
        shares = np.array([lower])
        self.bounds = Bounds(lower, np.array(raises, dtype=np.float64), shares, 0.0)

    def prove(self) -> bool:
        merged = merge_interchangeable(self.compiled)
        eligibility = find_eligibility(self.compiled, "cost")
        candidates = every_host(self.compiled)
        columns = build_columns(eligibility, candidates)
        assert len(columns) == 10
        return prove(merged, eligibility, columns, candidates, self.bounds, self.best, self.budget)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Begin with two columns; record how many candidates each step has."""
    monkeypatch.setattr(staged_proof, "FIRST_STEP_COLUMNS", 2)
    monkeypatch.setattr(staged_proof, "MIN_STEP_RATIO", 1)
    seen: list[int] = []
    real = solve_candidates

    def counted(
        compiled: CompiledProblem, eligibility: Any, candidates: Any, *more: Any
    ) -> SearchOutcome:
        seen.append(sum(map(len, candidates)))
        return real(compiled, eligibility, candidates, *more)

    monkeypatch.setattr(staged_proof, "solve_candidates", counted)
    return seen


def test_a_placement_within_the_slack_ends_the_proof(sizes: list[int]) -> None:
    # A host of cost i raises the bound of 0 by i. The slack of two columns is 2, which keeps h0, h1
    # and h2. The best there is 0 + 1 = 1; all others cost at least floor(0 + 2) + 1 = 3.
    case = Case(raises=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert case.prove()
    assert (case.best.value, case.best.bound) == (1, 1)
    assert sizes == [3]


def test_a_placement_above_the_slack_needs_more_candidates(sizes: list[int]) -> None:
    # The bounds claim 0.1 for the second and third host and 0.5 for the rest: slack 0.1 keeps
    # three, where the best costs 1. All others are proved to cost at least floor(0.1) + 1 = 1, so
    # that is optimal.
    case = Case(raises=[0, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert case.prove()
    assert (case.best.value, case.best.bound) == (1, 1)
    assert sizes == [3]
    # Where the three dearest come first, their best is 7 + 8 = 15, and the next step has to find 1.
    sizes.clear()
    dear = Case(raises=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0])
    assert dear.prove()
    assert (dear.best.value, dear.best.bound) == (1, 1)
    assert sizes == [3, 10]


def test_no_placement_in_all_candidates_is_a_proof_that_there_is_none() -> None:
    case = Case(raises=[0.0] * 10)
    hosts = fleet(host("h0"), host("h1", 0))
    case.compiled = compiled_problem(app(group("A", 2, APART)), hosts)
    case.best = Incumbent(case.compiled, "cost", case.budget)
    merged = merge_interchangeable(case.compiled)
    candidates = [np.array([0])]
    eligibility = find_eligibility(case.compiled, "cost")
    columns = build_columns(eligibility, candidates)
    bounds = Bounds(0.0, np.zeros(len(columns)), np.zeros(1), 0.0)
    assert not prove(merged, eligibility, columns, candidates, bounds, case.best, case.budget)


def test_a_refutation_of_what_was_placed_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(raises=[0.0] * 10)
    case.best.offer([(0, 8), (0, 9)], "construct")
    refuted = SearchOutcome(None, None, infeasible=True)
    monkeypatch.setattr(staged_proof, "solve_candidates", lambda *_: refuted)
    with pytest.raises(BrokenAnswer, match="refuted what the check accepts"):
        case.prove()


def test_a_larger_step_is_not_taken_without_time_to_build_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staged_proof, "CANDIDATES_PER_SECOND", 0)
    monkeypatch.setattr(staged_proof, "FIRST_STEP_COLUMNS", 2)
    tried: list[int] = []
    outcome = SearchOutcome(None, None, infeasible=False)

    def nothing(*arguments: Any) -> SearchOutcome:
        tried.append(len(arguments[2][0]))
        return outcome

    monkeypatch.setattr(staged_proof, "solve_candidates", nothing)
    case = Case(raises=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert case.prove()
    # The first step is always tried; with no candidate a second, no time is left for a larger one.
    assert tried == [3]


def offered(gap: float) -> tuple[float, float]:
    """Return the slacks where the best placement costs 13 and the lower bound is 10."""
    case = Case(raises=[0.0] * 10, lower=10.0)
    case.best.offer([(0, 4), (0, 9)], "construct")  # 4 + 9
    return _slacks(case.bounds, case.best, gap)


def test_a_first_step_of_hosts_that_cost_the_same_is_not_taken_without_time_to_build_its_model(
    sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing tells the ten hosts apart: the step of two columns has them all.
    monkeypatch.setattr(staged_proof, "CANDIDATES_PER_SECOND", 0)
    assert Case(raises=[0] * 10).prove()
    assert sizes == []
    monkeypatch.setattr(staged_proof, "CANDIDATES_PER_SECOND", 1000)
    assert Case(raises=[0] * 10).prove()
    assert sizes == [10]


def test_the_slack_of_a_better_placement_and_of_the_gap() -> None:
    # A better placement is less than 13 - 10 = 3 above the bound. A gap of 10 % allows for 1.3.
    assert offered(0.0) == (3, 3)
    assert offered(0.1) == pytest.approx((3, 1.7))
    unplaced = Case(raises=[0.0] * 10)
    assert _slacks(unplaced.bounds, unplaced.best, 0.1) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("outcome", "outside", "proved"),
    [
        (SearchOutcome([], 7, False), 9, 7),
        (SearchOutcome([], 7, False), 5, 5),
        (SearchOutcome(None, None, True), 5, 5),  # nothing inside, so the rest is the bound
        (SearchOutcome(None, None, True), np.inf, None),
        (SearchOutcome(None, None, False), 5, None),  # nothing is known of the inside
    ],
)
def test_the_bound_is_the_lesser_of_inside_and_outside(
    outcome: SearchOutcome, outside: float, proved: int | None
) -> None:
    case = Case(raises=[0.0] * 10)
    step = staged_proof._Step([], 0, whole=False, last=False, outside=outside)
    _take_bound(outcome, step, case.best)
    assert case.best.bound == proved


def test_no_step_is_taken_once_the_time_is_over(sizes: list[int]) -> None:
    case = Case(raises=[0.0] * 10)
    case.budget = Budget(case.budget.limits, None)
    case.budget.stopped = True
    case.best = Incumbent(case.compiled, "cost", case.budget)
    assert case.prove()
    assert sizes == []
