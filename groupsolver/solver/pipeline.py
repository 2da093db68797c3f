"""The pipeline, in one straight function, `minimise`: survey, reduce, relax, construct, refute, prove."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from groupsolver.checking.check import known_objective, unit_of
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.problem import Scene
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Explanation, Limits, Objective, Result, Watch
from groupsolver.solver.budget import Part, Run
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
from groupsolver.solver.survivability.cutting import Survival, asking

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
    compiled = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    run = Run(limits or Limits(), progress)
    result = answer(app, compiled, objective, run)
    if explain and result.status == "infeasible":
        part = Part(run, min(EXPLAIN, run.left()), 0.0, quiet=True)
        why_not = explained(Scene(app, compiled.index), compiled, objective, part, answer)
        result = why_not.as_result()
    run.surface()
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
    compiled = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    run = Run(limits or Limits(), progress)
    scene, look = Scene(app, compiled.index), {"fixes": fixes, "every": every, "reveal": reveal}
    found = explained(scene, compiled, objective, run, answer, known=False, costs=costs, own=own, **look)
    run.surface()
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
    run = Run(limits, None)
    scene = Scene(app, fleet.index)
    return reasons(scene, fleet, objective, run, answer, costs=costs, fixes=fixes, every=every, own=own)


def answer(app: Application[Any], compiled: CompiledFleet, objective: Objective, run: Run) -> Result:
    """Give the answer, not narrowed down where it is infeasible."""
    told = Ground(Scene(app, compiled.index), compiled)
    survival = Survival(told, objective, minimise, run) if asking(told.scene) else None
    if not told.scene.batch:
        return nothing(told, objective, run) if survival is None else survival.nothing()
    ground, part = (told, run) if survival is None else (survival.plain, survival.part)
    best = Incumbent(ground, objective, part)
    if tiered(ground.scene):
        possible = Course(ground, objective, best, part, minimise).follow()
    else:
        possible = minimise(ground, objective, WHOLE, best, part)
    if not possible:
        return refusal(told.scene, run)
    return best.result() if survival is None else survival.answer(best)


def minimise(told: Ground, objective: Objective, stage: Stage, best: Incumbent, run: Run) -> bool:
    """Improve `best` until it is proved for a stage, or the run is over; false: there is no placement within limits."""
    merged = twins(told)
    ground = merged.ground
    known = survey(ground, objective, stage)
    if run.left() <= 0:
        return True
    candidates = reduce(ground, known)
    if run.left() <= 0:
        return True
    blocks = blocks_of(ground, unit_of(known.objective))
    slots = slots_of(known, candidates, blocks)
    relaxed = relax(ground, known, slots, blocks, run)
    if not math.isfinite(relaxed.bounds.lower):
        return False
    best.prove(relaxed.bounds.proved)
    run.tell("relax", bound=best.bound)
    for stands in construct(ground, known, blocks, slots, candidates, relaxed, best, run):
        best.offer(merged.out(stands), "construct")
        if best.done:
            break
    if stage.floor is not None and not best.done:
        best.prove(stage.floor(run))
    if best.value is None and refuted(told.scene, told.fleet, objective, run):
        return False
    by_cases(merged, known, slots, candidates, relaxed, best, run)
    return prove(merged, known, slots, candidates, relaxed.bounds, best, run)
