"""The pipeline, in one straight function, `minimise`: survey, reduce, relax, construct, refute, prove."""

from __future__ import annotations

import math
from typing import Any

from groupsolver.check import known_objective, unit_of
from groupsolver.constraints.ground import Ground
from groupsolver.constraints.scene import Scene
from groupsolver.model.application import Application
from groupsolver.model.compiled import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Limits, Objective, Result, Watch
from groupsolver.solver.blocks import blocks_of
from groupsolver.solver.branch import by_cases
from groupsolver.solver.construct import construct
from groupsolver.solver.incumbent import Incumbent, nothing
from groupsolver.solver.prove import prove
from groupsolver.solver.reduce import reduce
from groupsolver.solver.refuse import refusal
from groupsolver.solver.refute import refuted
from groupsolver.solver.relax import relax
from groupsolver.solver.run import Run
from groupsolver.solver.slots import slots_of
from groupsolver.solver.stage import WHOLE, Stage
from groupsolver.solver.survey import survey
from groupsolver.solver.survive import Survival, asking
from groupsolver.solver.tiers import Course, tiered
from groupsolver.solver.twins import twins


def solve(
    app: Application[Any],
    fleet: Fleet | CompiledFleet,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    progress: Watch | None = None,
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
    result = _solve(app, compiled, objective, run)
    run.surface()
    return result


def _solve(app: Application[Any], compiled: CompiledFleet, objective: Objective, run: Run) -> Result:
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
