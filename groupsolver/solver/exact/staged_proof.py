"""The proof in steps: first the most promising candidates, then more, then all that could still matter."""

from __future__ import annotations

import math

from groupsolver.errors import BrokenAnswer
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import RATE, exact
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    candidates_within,
    slack_keeping,
)

FIRST_STEP_SLOTS = 600  # slots of the first step
ALIKE = 20_000  # of a tier, hosts being free, nothing tells slots apart: CP-SAT's presolve of more hears no limit
GROWTH = 3  # of the number of slots from step to step
MIN_STEP_RATIO = 2  # times the slots of a step: not worth a step of its own
TIME_SHARE_PER_STEP = 0.25  # of the time left, for each step but the last
FINER = 0.25  # of the gap that is asked for, in each step but the last: a better placement saves candidates


def prove(
    merged: MergedProblem,
    survey: Eligibility,
    slots: Columns,
    candidates: list[Ints],
    bounds: Bounds,
    best: Incumbent,
    budget: Budget,
) -> bool:
    """Improve `best` until it is proved, or the run is over.

    A placement outside the candidates within a slack has an objective above lower bound +
    slack, so a best placement at or below that is best of all.

    Returns
    -------
    bool
        False: there is no placement at all.
    """
    number, all_of_them = FIRST_STEP_SLOTS, sum(map(len, candidates))
    while not best.done:
        better = math.inf if best.value is None else best.value - bounds.lower
        enough = (
            math.inf if best.value is None else better - budget.limits.gap * max(1, abs(best.value))
        )
        slack = min(enough, slack_keeping(bounds, number))
        if enough <= slack_keeping(bounds, MIN_STEP_RATIO * number):
            slack = enough
        chosen = candidates_within(bounds, slots, candidates, slack)
        size = sum(map(len, chosen))
        if size > RATE * budget.left() and number > FIRST_STEP_SLOTS:
            break
        if size > ALIKE and survey.stage.target is not None and best.value is not None:
            break
        whole = slack >= better or size == all_of_them
        last = whole or slack >= enough
        seconds, gap = (
            (budget.left(), budget.limits.gap)
            if last
            else (TIME_SHARE_PER_STEP * budget.left(), FINER * budget.limits.gap)
        )
        outside = math.inf if whole else math.floor(bounds.lower + slack) + 1
        answer = exact(
            merged.compiled,
            survey,
            chosen,
            merged.to_merged(best.assignments),
            budget,
            seconds,
            gap,
            outside,
        )
        if answer.placement is not None:
            stands = merged.to_original(answer.placement)
            best.offer(
                stands,
                "search",
                must_hold=True,
                inside=merged.cells_of_original(answer.inside, stands),
            )
        elif answer.infeasible and whole:
            if best.value is not None:
                raise BrokenAnswer("the search refuted what the check accepts")
            return False
        inside = math.inf if answer.infeasible else answer.bound
        if inside is not None and min(inside, outside) < math.inf:
            best.prove(int(min(inside, outside)))
        if whole:
            break
        number *= GROWTH
    return True
