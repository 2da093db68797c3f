"""Why not, and what would help, in one straight function, `explained`."""

from __future__ import annotations

from groupsolver.constraints.scene import Scene
from groupsolver.model.compiled import CompiledFleet
from groupsolver.model.costs import Costs
from groupsolver.model.result import Explanation, Fix, Objective
from groupsolver.solver.explain.atoms import Atomized, in_pieces
from groupsolver.solver.explain.conflict import Found, find, impossible_part
from groupsolver.solver.explain.corrections import Remedy
from groupsolver.solver.explain.never import never
from groupsolver.solver.explain.oracle import Answer, Asked, Oracle
from groupsolver.solver.explain.remedies import remedies
from groupsolver.solver.explain.words import told
from groupsolver.solver.refuse import disabled, everything
from groupsolver.solver.run import Run

FIXES = 6  # that are told


def explained(
    scene: Scene,
    fleet: CompiledFleet,
    objective: Objective,
    run: Run,
    answer: Answer,
    *,
    known: bool = True,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    reveal: bool = True,
) -> Explanation:
    """Explain a batch that cannot be placed; where it is not `known` that it cannot, and it can, give its placement.

    Parameters
    ----------
    run : Run
        Whose time it takes; what is not proved in it is said to be open.
    answer : callable
        The pipeline.
    known : bool, default True
        Whether it was proved already that the batch is impossible.
    costs : Costs, optional
    fixes : bool, default True
        Whether to look for fixes, and for what an empty fleet would change.
    every : bool, default False
        Whether to look for further conflicts.
    reveal : bool, default True
        Whether hosts and domains are named.
    """
    atomized = Atomized(Scene(in_pieces(scene), scene.hosts))
    oracle = Oracle(answer, objective, run)
    asked = Asked(atomized, fleet, oracle)
    start = None if known else impossible_part(asked, atomized.every)  # mostly faster than to ask for the whole
    if not known and start is None:
        result = answer(scene.app, fleet, objective, run)
        if result.status != "infeasible":
            return Explanation.model_validate(result.model_dump())
    asked.refuse(atomized.every)
    found = [first] if (first := find(asked, start=start)) else []
    if found and every:
        found += _further(asked, found[0])
    conflicts = [told(atomized, one, fleet, reveal) for one in found] or [everything(scene)]
    empty = None
    if found and fixes:
        helps = sorted(remedies(atomized, fleet, oracle, costs or Costs(), found[0]), key=lambda one: one.cost)
        fixes_told = tuple(_fix(remedy, reveal) for remedy in helps[:FIXES])
        conflicts[0] = conflicts[0].model_copy(update={"fixes": fixes_told})
        empty = never(atomized, fleet, found[0], oracle)
    return Explanation(
        status="infeasible",
        seconds=run.elapsed(),
        warnings=scene.warnings + (disabled(scene) if reveal else ()),
        conflict=conflicts[0],
        conflicts=tuple(conflicts),
        never=empty,
    )


def _further(asked: Asked, first: Found) -> list[Found]:
    """Give more conflicts until what is left is possible: no policy and no size stands in two of them."""
    left = [atom for atom in asked.atomized.every if atom not in first.rules]
    found: list[Found] = []
    while (more := find(asked, left)) is not None:
        found.append(more)
        left = [atom for atom in left if atom not in more.rules]
    return found


def _fix(remedy: Remedy, reveal: bool) -> Fix:
    change = "; ".join(change.describe(reveal) for change in remedy.changes)
    return Fix(change=change, cost=remedy.cost, placement=remedy.result.placement)
