"""Placing what no exact model holds, in one straight function, `minimise_by_search`.

    first placements -> neighbourhoods for what is missing -> relaxation: a bound, and prices
                     -> placements at these prices -> neighbourhoods for the objective -> exact

An answer comes early, then a better one, and a proved bound beside it. What the search finds is the
incumbent from which the exact method starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.domain_branching import branch_on_domains
from groupsolver.solver.exact.infeasible_parts import has_infeasible_part
from groupsolver.solver.exact.packing_proof import prove_by_patterns
from groupsolver.solver.exact.staged_proof import prove
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.preparation import PreparedProblem, relax
from groupsolver.solver.presolve.eligibility import Eligibility, find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.reduced_cost_fixing import candidates_within
from groupsolver.solver.search.construction import first_placements, priced_placements
from groupsolver.solver.search.large_neighbourhood_search import LargeNeighbourhoodSearch
from groupsolver.solver.search.partial_assignment import PartialAssignment
from groupsolver.solver.search.search_problem import SearchProblem

# From so many candidates on, one model takes seconds to build and longer to solve; where there are
# few member classes, their prices leave few of them.
LARGE_CANDIDATES = 10_000
LARGE_CLASSES = 50
# With more, CP-SAT takes gigabytes for a model, and finds in minutes no better bound.
PROVABLE_CANDIDATES = 100_000
EXACT_GAP = 0.01  # a gap that is left to the exact method
FIRST_TRIES = 8  # first placements
TIME_SHARE_FIRST = 0.05  # of the limit, for first placements
TIME_SHARE_MISSING = 0.25  # for what they lack, before the relaxation
TIME_SHARE_IMPROVE = 0.6
CHECK_INTERVAL = 1.0  # seconds between two checks of better placements, at least


def is_large(candidates: list[Ints]) -> bool:
    """Return whether what the reduction leaves is too large for one exact model."""
    many = sum(map(len, candidates)) >= LARGE_CANDIDATES
    return many and len(candidates) >= LARGE_CLASSES


class Search:
    """The search for placements of one problem, and the incumbent that it serves.

    Parameters
    ----------
    problem : SearchProblem
        Of the original problem.
    best : Incumbent
    budget : Budget
    """

    def __init__(self, problem: SearchProblem, best: Incumbent, budget: Budget) -> None:
        self.problem = problem
        self._best = best
        self._budget = budget
        self._rng = np.random.default_rng(budget.limits.seed)
        self._neighbourhoods: LargeNeighbourhoodSearch | None = None
        self._check_seconds = 0.0
        self._checked_at = budget.elapsed()

    @property
    def complete(self) -> bool:
        """Whether every member has a place."""
        return self._neighbourhoods is not None and self._neighbourhoods.assignment.complete

    def place_first(self, seconds: float) -> None:
        """Try first placements until one has all members; keep the one that lacks least."""
        until = self._budget.elapsed() + seconds
        volumes = self.problem.volumes
        least: tuple[int, PartialAssignment] | None = None
        for number, found in enumerate(first_placements(self.problem, self._budget, self._rng), 1):
            lacks = sum(v * missing for v, missing in zip(volumes, found.missing, strict=True))
            if least is None or lacks < least[0]:
                least = lacks, found
            if not lacks or number >= FIRST_TRIES or self._budget.elapsed() >= until:
                break
        if least is not None:
            self._begin(least[1])
            self._offer("construct")

    def _begin(self, assignment: PartialAssignment) -> LargeNeighbourhoodSearch:
        self._neighbourhoods = LargeNeighbourhoodSearch(
            self.problem, assignment, self._budget, self._rng
        )
        return self._neighbourhoods

    def place_missing(self, seconds: float) -> None:
        """Search for places of the members that have none."""
        if self._neighbourhoods is not None and not self.complete:
            self._neighbourhoods.place_missing(seconds)
            self._offer("improve")

    def improve(self, seconds: float) -> None:
        """Improve the best placement, from wherever it came, until its gap is small enough."""
        if self._best.assignments is None:
            return
        start = PartialAssignment.of(self.problem.compiled, self._best.assignments)
        neighbourhoods = self._begin(start)
        seconds = min(seconds, self._budget.left() - 2 * self._check_seconds)
        neighbourhoods.improve(seconds, lambda: self._best.done, self._offer_now_and_then)
        self._offer("improve")

    def _offer_now_and_then(self) -> None:
        passed = self._budget.elapsed() - self._checked_at
        if passed > max(CHECK_INTERVAL, 5 * self._check_seconds):
            self._offer("improve")

    def _offer(self, phase: str) -> None:
        """Offer the placement, where it is complete, to be checked."""
        if not self.complete or self._neighbourhoods is None:
            return
        start = self._budget.elapsed()
        assignments = self._neighbourhoods.assignment.assignments()
        self._best.offer(assignments, phase, must_hold=True, method="search")
        self._checked_at = self._budget.elapsed()
        self._check_seconds = self._checked_at - start


def minimise_by_search(
    merged: MergedProblem,
    objective: Objective,
    eligibility: Eligibility,
    candidates: list[Ints],
    best: Incumbent,
    budget: Budget,
) -> bool:
    """Improve `best` until it is proved, or the time is over, for a problem that is large.

    The parameters are those of `minimise`, with what it has found out so far.

    Returns
    -------
    bool
        False: there is no placement.
    """
    original = merged.original
    # Where nothing is merged, what is known of the merged problem is known of the original.
    known = eligibility if merged.compiled is original else find_eligibility(original, objective)
    search = Search(SearchProblem(original, known), best, budget)
    search.place_first(TIME_SHARE_FIRST * budget.limits.seconds)
    search.place_missing(TIME_SHARE_MISSING * budget.left())
    weight_unit = unit_of(eligibility.objective)
    blocks = blocks_of(merged.compiled, weight_unit, eligibility.openings)
    prepared = relax(merged.compiled, eligibility, candidates, blocks, budget)
    if prepared.refuted:
        return False
    best.prove(prepared.relaxed.bounds.proved)
    budget.report("relax", bound=best.bound)
    for assignments in _guided_placements(prepared, best, budget):
        best.offer(merged.to_original(assignments), "construct", method="search")
        if best.done:
            break
    if not best.placed:
        if has_infeasible_part(original.problem, original.fleet, objective, budget):
            return False
        search.place_missing(TIME_SHARE_IMPROVE * budget.left())
    left = _candidates_left(prepared, best)
    if left > LARGE_CANDIDATES and not best.done:
        search.improve(budget.left() * (TIME_SHARE_IMPROVE if left <= PROVABLE_CANDIDATES else 1.0))
        left = _candidates_left(prepared, best)
    if left > PROVABLE_CANDIDATES and best.placed:
        return True
    prove_by_patterns(merged, prepared, best, budget)
    columns, relaxed = prepared.columns, prepared.relaxed
    branch_on_domains(merged, eligibility, columns, candidates, relaxed, best, budget)
    return prove(merged, eligibility, columns, candidates, relaxed.bounds, best, budget)


def _candidates_left(prepared: PreparedProblem, best: Incumbent) -> int:
    """Return how many candidates a better placement may have, by their reduced costs."""
    if best.value is None:
        return prepared.candidate_count
    bounds = prepared.relaxed.bounds
    slack = best.value - bounds.lower
    within = candidates_within(bounds, prepared.columns, prepared.candidates, slack)
    return sum(map(len, within))


def _guided_placements(
    prepared: PreparedProblem, best: Incumbent, budget: Budget
) -> Iterator[list[Assignment]]:
    """Yield placements at the prices of the relaxation: first at these alone."""
    if best.done:
        return
    yield from islice(construct(prepared, best, budget), 1)
    if best.gap > EXACT_GAP:
        yield from _priced_placements(prepared, budget)


def _priced_placements(prepared: PreparedProblem, budget: Budget) -> Iterator[list[Assignment]]:
    """Yield placements at the prices of the relaxation."""
    problem = SearchProblem(prepared.compiled, prepared.eligibility)
    prices = []
    for class_index, rows in enumerate(prepared.candidates):
        # A class's first columns are its candidates, in the same order.
        part = prepared.columns.of(class_index)
        prices.append(prepared.relaxed.guide[part][: len(rows)].astype(np.float64))
    return priced_placements(problem, prepared.candidates, prices, budget)
