"""The pipeline, in one straight function: scene, survey, reduce, construct, cut, exact, check."""

from __future__ import annotations

import math
from typing import Any

from groupsolver.check import Verdict, judge
from groupsolver.constraints.ground import Ground
from groupsolver.constraints.scene import Scene
from groupsolver.errors import BrokenAnswer
from groupsolver.model.application import Application
from groupsolver.model.compiled import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Limits, Objective, Placement, Result, Watch, gap_of
from groupsolver.solver.blocks import blocks_of
from groupsolver.solver.construct import construct
from groupsolver.solver.cut import cut
from groupsolver.solver.exact import Stand, exact
from groupsolver.solver.refuse import refusal
from groupsolver.solver.reduce import reduce
from groupsolver.solver.relax import relax
from groupsolver.solver.run import Run
from groupsolver.solver.slots import slots_of
from groupsolver.solver.survey import survey


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
    """
    compiled = fleet if isinstance(fleet, CompiledFleet) else compile_fleet(fleet)
    run = Run(limits or Limits(), progress)
    scene = Scene(app, compiled.index)
    ground = Ground(scene, compiled)
    known = survey(ground, objective)
    candidates = reduce(ground, known)
    blocks = blocks_of(ground)
    slots = slots_of(known, candidates)
    relaxed = relax(ground, known, slots, blocks, run)
    if not math.isfinite(relaxed.bounds.lower):
        return refusal(scene, run)
    bound = relaxed.bounds.proved
    run.tell("relax", bound=bound)
    best: tuple[Verdict, Placement] | None = None
    hint: list[Stand] | None = None
    for stands in construct(ground, known, blocks, slots, candidates, relaxed, run):
        placement = _named(ground, stands)
        verdict = judge(scene, placement, objective)
        if not verdict.violations and (best is None or verdict.objective < best[0].objective):
            best, hint = (verdict, placement), stands
            run.tell("construct", verdict.objective, bound)
            if run.stopped or gap_of(verdict.objective, bound) <= run.limits.gap:
                break
    if best is not None:
        candidates = cut(relaxed.bounds, slots, candidates, best[0].objective)
    if best is None or gap_of(best[0].objective, bound) > run.limits.gap:
        answer = exact(ground, known, candidates, hint, run)
        if answer.infeasible:
            if best is not None:
                raise BrokenAnswer("the search refuted what the check accepts")
            return refusal(scene, run)
        bound = max(bound, answer.bound if answer.bound is not None else bound)
        if answer.placement is not None:
            placement = _named(ground, answer.placement)
            verdict = judge(scene, placement, objective)
            if verdict.violations:
                raise BrokenAnswer("; ".join(map(str, verdict.violations)))
            if best is None or verdict.objective < best[0].objective:
                best = verdict, placement
    if best is None:
        return Result(status="unknown", seconds=run.elapsed(), warnings=scene.warnings)
    verdict, placement = best
    bound = min(bound, verdict.objective)
    return Result(
        status="optimal" if bound == verdict.objective else "feasible",
        placement=placement,
        objective=verdict.objective,
        bound=bound,
        gap=gap_of(verdict.objective, bound),
        seconds=run.elapsed(),
        penalties=verdict.penalties,
        warnings=scene.warnings,
    )


def _named(ground: Ground, stands: list[Stand]) -> Placement:
    """Deal the members' names out, in the file's order, over hosts in the fleet's."""
    host: Placement = {}
    by_lot: dict[int, list[int]] = {}
    for lot, row in sorted(stands):
        by_lot.setdefault(lot, []).append(row)
    for lot, rows in by_lot.items():
        for id_, row in zip(ground.lots[lot].ids, rows, strict=True):
            host[id_] = ground.fleet.names[row]
    return {member.id: host[member.id] for member in ground.scene.batch}
