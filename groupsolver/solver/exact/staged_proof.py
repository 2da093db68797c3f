"""The proof in stages: first the most promising candidates, then more, then all that matter."""

from __future__ import annotations

import math
from typing import NamedTuple

from groupsolver.errors import BrokenAnswer
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import (
    CANDIDATES_PER_SECOND,
    SearchOutcome,
    solve_candidates,
)
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    candidates_within,
    limits_within,
    slack_keeping,
)

FIRST_STEP_COLUMNS = 600  # columns of the first step
# Columns of a step that minimises a tier. Hosts are free there and nothing tells columns apart: the
# presolve of CP-SAT takes longer than any limit on more.
MAX_TIER_COLUMNS = 20_000
GROWTH = 3  # factor of the number of columns from step to step
MIN_STEP_RATIO = 2  # a step that ends the proof may have so many times the columns of the next
TIME_SHARE_PER_STEP = 0.25  # share of the time left, for each step but the last
# Share of the requested gap, in each step but the last: a better placement saves candidates.
GAP_SHARE_PER_STEP = 0.25


class _Step(NamedTuple):
    """One model of the proof.

    Attributes
    ----------
    candidates : list of (C,) int64, one a member class
    size : int
        Candidates in all.
    whole : bool
        Whether no better placement has a candidate outside of these.
    last : bool
        Whether the step can prove the gap that is asked for.
    outside : float
        A lower bound of every placement with a candidate outside of these.
    limited : Eligibility or None
        How many members candidates take in the placements that the step is to find. None: as many
        as they can.
    """

    candidates: list[Ints]
    size: int
    whole: bool
    last: bool
    outside: float
    limited: Eligibility | None = None


def prove(
    merged: MergedProblem,
    eligibility: Eligibility,
    columns: Columns,
    candidates: list[Ints],
    bounds: Bounds,
    best: Incumbent,
    budget: Budget,
) -> bool:
    """Improve `best` until it is proved, or the time is over.

    A placement with a candidate outside those within some slack has an objective above ``lower
    bound + slack`` (reduced-cost fixing). So the best placement of a step is the best of all if it
    costs at most that. For example, with a lower bound of 100 and a placement of 130::

        slack 10: the step finds 108 <= 110, which is the optimum
        slack 10: the step finds 115; all others cost at least 111, the proved bound
        slack 30: the step has every placement better than 130

    Returns
    -------
    bool
        False: there is no placement at all.
    """
    num_columns = FIRST_STEP_COLUMNS
    while not best.done:
        step = _step(columns, candidates, eligibility, bounds, best, budget, num_columns)
        # Where many hosts cost the same, even the first step may have them all.
        small = step.size <= MIN_STEP_RATIO * FIRST_STEP_COLUMNS
        if step.size > CANDIDATES_PER_SECOND * budget.left() and not small:
            break  # no time to build the model
        minimises_tier = eligibility.stage.target is not None
        if step.size > MAX_TIER_COLUMNS and minimises_tier and best.value is not None:
            break
        outcome = _solve_step(merged, eligibility, step, best, budget)
        if outcome.placement is not None:
            assignment = merged.to_original(outcome.placement)
            cells = merged.cells_of_original(outcome.inside, assignment)
            best.offer(assignment, "search", must_hold=True, inside=cells)
        elif outcome.infeasible and step.whole:
            if best.value is not None:
                raise BrokenAnswer("the search refuted what the check accepts")
            return False
        _take_bound(outcome, step, best)
        if step.whole:
            break
        num_columns *= GROWTH
    return True


def _step(
    columns: Columns,
    candidates: list[Ints],
    eligibility: Eligibility,
    bounds: Bounds,
    best: Incumbent,
    budget: Budget,
    num_columns: int,
) -> _Step:
    """Choose the candidates of a step of about `num_columns` columns."""
    improving, sufficient = _slacks(bounds, best, budget.limits.gap)
    slack = min(sufficient, slack_keeping(bounds, num_columns))
    # Nearly all that is needed is better taken at once than left to one more step.
    if sufficient <= slack_keeping(bounds, MIN_STEP_RATIO * num_columns):
        slack = sufficient
    chosen = candidates_within(bounds, columns, candidates, slack)
    size = sum(map(len, chosen))
    limited = limits_within(bounds, columns, eligibility, slack)
    whole = slack >= improving or limited is eligibility
    last = whole or slack >= sufficient
    outside = math.inf if whole else math.floor(bounds.lower + slack) + 1
    return _Step(chosen, size, whole, last, outside, limited)


def _slacks(bounds: Bounds, best: Incumbent, gap: float) -> tuple[float, float]:
    """Return the slack that holds every better placement, and that which proves the gap."""
    if best.value is None:
        return math.inf, math.inf
    improving = best.value - bounds.lower
    return improving, improving - gap * max(1, abs(best.value))


def _solve_step(
    merged: MergedProblem, eligibility: Eligibility, step: _Step, best: Incumbent, budget: Budget
) -> SearchOutcome:
    seconds = budget.left()
    gap = budget.limits.gap
    if not step.last:
        seconds *= TIME_SHARE_PER_STEP
        gap *= GAP_SHARE_PER_STEP
    hint = merged.to_merged(best.assignments)
    limited = step.limited or eligibility
    return solve_candidates(
        merged.compiled, limited, step.candidates, hint, budget, seconds, gap, step.outside
    )


def _take_bound(outcome: SearchOutcome, step: _Step, best: Incumbent) -> None:
    """Prove the lesser of the bounds inside and outside of a step's candidates."""
    inside = math.inf if outcome.infeasible else outcome.bound
    if inside is None:
        return
    bound = min(inside, step.outside)
    if bound < math.inf:
        best.prove(int(bound))
