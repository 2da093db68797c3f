"""Whether a batch would be just as impossible were the fleet empty."""

from __future__ import annotations

from typing import Any

from groupsolver.changes.fleet import emptied
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import depends_on_usage
from groupsolver.model.application import Application, Members, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.solver.explain.feasibility import Oracle
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import Atomized, CapacityRule, PolicyRule


def never(
    atomized: Atomized, fleet: CompiledFleet, found: MinimalConflict, oracle: Oracle
) -> bool | None:
    """Say whether a batch is impossible with nothing running anywhere; None: not decided in time."""
    full = atomized.problem.running_members or (fleet.enabled & ~fleet.ready).any()
    if not full and not any(_depends(atom) for atom in found.atoms):
        return True  # the conflict speaks of nothing that is used
    empty = _emptied(fleet)
    status = "unknown"
    for atoms in (found.atoms, atomized.every):
        status = oracle.ask(_alone(atomized.problem, atomized.application(atoms)), empty).status
        if status == "infeasible":
            return True
    return None if status == "unknown" else False


def _depends(atom: object) -> bool:
    """Whether a rule depends on what runs."""
    return isinstance(atom, CapacityRule) or (
        isinstance(atom, PolicyRule) and depends_on_usage(atom.policy)
    )


def _emptied(fleet: CompiledFleet) -> CompiledFleet:
    """Give the fleet with nothing on it; disabled hosts stay disabled."""
    hosts = tuple(
        emptied(host).model_copy(update={"enabled": host.enabled}) for host in fleet.index
    )
    links = tuple(link.model_copy(update={"used_mbps": 0}) for link in fleet.links)
    return compile_fleet(Fleet.model_construct(levels=fleet.levels, hosts=hosts, links=links))


def _alone(problem: Problem, app: Application[Any]) -> Application[Any]:
    """Give an application with its new members and without those that run."""
    running = {there.id for there in app.existing}
    if not running:
        return app
    by_group: dict[str, list[Members]] = {}
    inside = {group.name for group in app.groups if group.members}
    own = {(group.name, id_): what for group in app.groups for id_, what in member_ids(group)}
    for member in problem.new_members:
        if member.group in inside:
            by_group.setdefault(member.group, []).append(
                own[member.group, member.id].model_copy(update={"id": member.id, "count": 1})
            )
    groups = tuple(
        g.model_copy(update={"members": tuple(by_group.get(g.name, ()))}) for g in app.groups
    )
    return app.model_copy(update={"groups": groups, "existing": ()})
