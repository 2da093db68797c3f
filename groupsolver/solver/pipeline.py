"""The pipeline, in one straight function, `minimise`: survey, reduce, relax, construct, refute, prove."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from groupsolver.checking.check import known_objective, unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Explanation, Limits, Objective, Result, Watch
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.domain_branching import by_cases
from groupsolver.solver.exact.infeasible_parts import refuted
from groupsolver.solver.exact.staged_proof import prove
from groupsolver.solver.explain.pipeline import Reasons, explained, reasons
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent, nothing
from groupsolver.solver.infeasible import refusal
from groupsolver.solver.lexicographic.tiers import Course, tiered
from groupsolver.solver.presolve.eligibility import survey
from groupsolver.solver.presolve.host_reduction import reduce
from groupsolver.solver.presolve.interchangeable_groups import twins
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.column_generation import relax
from groupsolver.solver.relaxation.columns import slots_of
from groupsolver.solver.stage import WHOLE, Stage
from groupsolver.solver.survivability.cutting import SurvivalCuts, asking

EXPLAIN = 10.0  # seconds that an infeasible answer takes at most to say why


def solve(
    app: Application[Any],
    fleet: Fleet | CompiledFleet,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    progress: Watch | None = None,
    explain: bool = True,
) -> Result:
    """Place all members of an application, or prove that it cannot be done.

    Parameters
    ----------
    app : Application
    fleet : Fleet or CompiledFleet
        A fleet that is used again is better compiled once, with `compile_fleet`.
    objective : {"pack", "spread", "cost"}, default "pack"
    limits : Limits, optional
        Bounds on the whole call, from the compiled fleet to the answer.
    progress : callable, optional
        Told of each better placement and bound; a true answer stops the solve.
    explain : bool, default True
        Whether an infeasible answer says what contradicts each other and what would help, which takes some
        more of the time, 10 s of it at most; `groupsolver.explain` takes as long as it may. Otherwise its
        conflict has all hard policies.

    Returns
    -------
    Result
        Infeasible and out of time are answers. Every placement has passed `check`.

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other.
    BrokenAnswer, UnknownSolverStatus
        A bug of this library.
    BaseException
        What `progress` raised, once the solve has stopped.
    """
    known_objective(objective)
    compiled_fleet = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    budget = Budget(limits or Limits(), progress)
    result = answer(app, compiled_fleet, objective, budget)
    if explain and result.status == "infeasible":
        part = PartialBudget(budget, min(EXPLAIN, budget.left()), 0.0, quiet=True)
        why_not = explained(
            Problem(app, compiled_fleet.index), compiled_fleet, objective, part, answer
        )
        result = why_not.as_result()
    budget.surface()
    return result


def explain(
    app: Application[Any],
    fleet: Fleet | CompiledFleet,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    reveal: bool = True,
    own: Collection[str] | None = None,
    progress: Watch | None = None,
) -> Explanation:
    """Say why an application cannot be placed, and what would help; or place it.

    Parameters
    ----------
    app, fleet, objective, limits, progress
        As of `solve`.
    costs : Costs, optional
        What changes cost: the cheapest are proposed.
    fixes : bool, default True
        Whether to look for changes that would help, and whether an empty fleet would.
    every : bool, default False
        Whether to go on with further conflicts, until the rest is possible.
    reveal : bool, default True
        Whether sentences name hosts and domains that the application does not name; otherwise they
        are counted. Placements of fixes name hosts in any case.
    own : collection of str, optional
        Groups whose policies may be changed and whose running members may be moved; by default all. Rules
        of other groups stand in a conflict only where it is proved that there is none without.

    Returns
    -------
    Explanation
        A conflict is ``minimal`` where it was proved in time that each proper part of it is possible, and
        each fix was shown to help by an ordinary solve.

    Raises
    ------
    As `solve`.
    """
    known_objective(objective)
    compiled_fleet = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    budget = Budget(limits or Limits(), progress)
    problem, look = (
        Problem(app, compiled_fleet.index),
        {"fixes": fixes, "every": every, "reveal": reveal},
    )
    found = explained(
        problem,
        compiled_fleet,
        objective,
        budget,
        answer,
        known=False,
        costs=costs,
        own=own,
        **look,
    )
    budget.surface()
    return found


def why_not(
    app: Application[Any],
    fleet: CompiledFleet,
    *,
    objective: Objective,
    limits: Limits,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    own: Collection[str] | None = None,
) -> Reasons:
    """Say why an application cannot be placed of which `solve` has proved that; parameters are those of `explain`.

    The reasons may then be put into words for several readers.
    """
    budget = Budget(limits, None)
    problem = Problem(app, fleet.index)
    return reasons(
        problem, fleet, objective, budget, answer, costs=costs, fixes=fixes, every=every, own=own
    )


def answer(
    app: Application[Any], compiled_fleet: CompiledFleet, objective: Objective, budget: Budget
) -> Result:
    """Give the answer, not narrowed down where it is infeasible."""
    told = CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)
    survival = SurvivalCuts(told, objective, minimise, budget) if asking(told.problem) else None
    if not told.problem.new_members:
        return nothing(told, objective, budget) if survival is None else survival.nothing()
    compiled, part = (told, budget) if survival is None else (survival.plain, survival.part)
    best = Incumbent(compiled, objective, part)
    if tiered(compiled.problem):
        possible = Course(compiled, objective, best, part, minimise).follow()
    else:
        possible = minimise(compiled, objective, WHOLE, best, part)
    if not possible:
        return refusal(told.problem, budget)
    return best.result() if survival is None else survival.answer(best)


def minimise(
    told: CompiledProblem, objective: Objective, stage: Stage, best: Incumbent, budget: Budget
) -> bool:
    """Improve `best` until it is proved for a stage, or the run is over; false: there is no placement within limits."""
    merged = twins(told)
    compiled = merged.compiled
    known = survey(compiled, objective, stage)
    if budget.left() <= 0:
        return True
    candidates = reduce(compiled, known)
    if budget.left() <= 0:
        return True
    blocks = blocks_of(compiled, unit_of(known.objective))
    slots = slots_of(known, candidates, blocks)
    relaxed = relax(compiled, known, slots, blocks, budget)
    if not math.isfinite(relaxed.bounds.lower):
        return False
    best.prove(relaxed.bounds.proved)
    budget.tell("relax", bound=best.bound)
    for stands in construct(compiled, known, blocks, slots, candidates, relaxed, best, budget):
        best.offer(merged.out(stands), "construct")
        if best.done:
            break
    if stage.floor is not None and not best.done:
        best.prove(stage.floor(budget))
    if best.value is None and refuted(told.problem, told.fleet, objective, budget):
        return False
    by_cases(merged, known, slots, candidates, relaxed, best, budget)
    return prove(merged, known, slots, candidates, relaxed.bounds, best, budget)
