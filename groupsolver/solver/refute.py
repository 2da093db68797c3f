"""Parts of a batch that are impossible by themselves: small models, quickly refuted.

Members that are left out make a batch easier, as long as every policy that they could have
helped is left out with them. So one part without a placement refutes the whole; and a part
with few members keeps few candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groupsolver.constraints.ground import Ground
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.scene import Scene
from groupsolver.model.application import Application
from groupsolver.model.compiled import CompiledFleet
from groupsolver.model.result import Objective
from groupsolver.solver.exact import RATE, exact
from groupsolver.solver.reduce import reduce
from groupsolver.solver.run import Run
from groupsolver.solver.subset import kept, subset
from groupsolver.solver.survey import survey

MOST = 15_000  # candidates of a part that is still worth a try
SHARE = 0.3  # of the time left, for each part


def refuted(scene: Scene, fleet: CompiledFleet, objective: Objective, run: Run) -> bool:
    """Say whether some part of the batch is proved impossible: groups alone first, then those that rules join."""
    for part in _parts(scene):
        if run.left() <= 0:
            break
        ground = Ground(Scene(_only(scene, part), fleet.index), fleet)
        known = survey(ground, objective)
        if any(int(most.sum()) < lot.number for most, lot in zip(known.most, ground.lots, strict=True)):
            return True
        candidates = reduce(ground, known)
        if sum(map(len, candidates)) <= min(MOST, RATE * SHARE * run.left()):
            answer = exact(ground, known, candidates, None, run, SHARE * run.left(), gap=float("inf"))
            if answer.infeasible:
                return True
    return False


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


def _only(scene: Scene, part: frozenset[str]) -> Application[Any]:
    """Give the application with the new members of some groups alone, and the hard rules that then still bind."""
    placed = {member.group for member in scene.batch}

    def stays(group: str, policy: Policy) -> bool:
        return policy.hard and (policy.monotone or policy.counted(group, scene) & placed <= part)

    return subset(scene, part, kept(scene, stays))
