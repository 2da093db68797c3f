"""Parts of a batch that are impossible by themselves: small models, quickly refuted.

Members that are left out make a batch easier, as long as every policy that they could have
helped is left out with them. So one part without a placement refutes the whole; and a part
with few members keeps few candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.problem import Scene
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Part, Run
from groupsolver.solver.exact.cp_sat import RATE, exact
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.presolve.eligibility import survey
from groupsolver.solver.presolve.host_quotient import quotient
from groupsolver.solver.presolve.host_reduction import reduce
from groupsolver.solver.presolve.subproblem import kept, subset
from groupsolver.solver.presolve.tight_host_sets import crowds
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.column_generation import relax
from groupsolver.solver.relaxation.columns import slots_of

ANY = 1e18  # a gap that the first placement reaches; unlike an infinite one it keeps the linear relaxation
MOST = 15_000  # candidates of a part that is still worth a try
SHARE = 0.3  # of the time left, for each part


def refuted(scene: Scene, fleet: CompiledFleet, objective: Objective, run: Run) -> bool:
    """Say whether some part of the batch is proved impossible: groups alone first, then those that rules join."""
    for part in dict.fromkeys((*_parts(scene), *crowds(Ground(scene, fleet)))):
        if run.left() <= 0:
            break
        if len(part) > 1 and _impossible(Ground(Scene(_only(scene, part, room=False), fleet.index), fleet), run, False):
            return True
        if _impossible(Ground(Scene(_only(scene, part), fleet.index), fleet), run, True, objective):
            return True
    return False


def _impossible(ground: Ground, run: Run, room: bool, objective: Objective = "cost") -> bool:
    if not room:  # whether rules contradict each other whatever room there is, is a question of few hosts
        few = quotient(ground)
        ground = Ground(Scene(ground.scene.app, few.index), few)
    known = survey(ground, objective)
    if any(int(most.sum()) < lot.number for most, lot in zip(known.most, ground.lots, strict=True)):
        return True
    candidates = reduce(ground, known)
    blocks = blocks_of(ground)
    slots = slots_of(known, candidates, blocks)
    relaxed = relax(ground, known, slots, blocks, run)
    if not math.isfinite(relaxed.bounds.lower):
        return True
    best = Incumbent(ground, objective, Part(run, SHARE * run.left(), 0.0, quiet=True))
    for stands in construct(ground, known, blocks, slots, candidates, relaxed, best, run):
        best.offer(stands, "construct")
        if best.placed:  # most parts are possible, and are placed much faster than searched
            return False
    if sum(map(len, candidates)) > min(MOST, RATE * SHARE * run.left()):
        return False
    return exact(ground, known, candidates, None, run, SHARE * run.left(), gap=ANY).infeasible


def _parts(scene: Scene) -> Iterator[frozenset[str]]:
    """Give sets of groups whose new members are taken together."""
    placed = {member.group for member in scene.batch}
    joined: dict[str, frozenset[str]] = {group: frozenset([group]) for group in placed}
    for group in scene.groups:
        if group in placed:
            yield joined[group]
    for rule in scene.hard():
        counted = rule.policy.counted(rule.group, scene) & placed
        if counted and counted != placed:  # a rule that looks at everyone joins nothing in particular
            merged = frozenset().union(*(joined[group] for group in counted))
            for group in merged:
                joined[group] = merged
    yield from (part for part in dict.fromkeys(joined.values()) if 1 < len(part) < len(placed))


def _only(scene: Scene, part: frozenset[str], room: bool = True) -> Application[Any]:
    """Give the application with the new members of some groups alone, and the hard rules that then still bind."""
    placed = {member.group for member in scene.batch}

    def stays(group: str, policy: Policy) -> bool:
        return policy.hard and (policy.monotone or policy.counted(group, scene) & placed <= part)

    classes = {name for member in scene.batch for name, _ in member.size}
    return subset(scene, part, kept(scene, stays), () if room else classes)
