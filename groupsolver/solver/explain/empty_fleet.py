"""Whether an application would be just as impossible on an empty fleet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import depends_on_usage
from groupsolver.model.application import Application, Group, Members, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.solver.explain.feasibility import FeasibilityOracle
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import ApplicationRules, CapacityRule, PolicyRule, RuleAtom


def impossible_on_empty_fleet(
    rules: ApplicationRules,
    fleet: CompiledFleet,
    conflict: MinimalConflict,
    oracle: FeasibilityOracle,
) -> bool | None:
    """Return whether an application stays impossible with nothing running anywhere.

    Parameters
    ----------
    rules : ApplicationRules
        Of an application that is impossible.
    fleet : CompiledFleet
    conflict : MinimalConflict
        A conflict of these rules.
    oracle : FeasibilityOracle

    Returns
    -------
    bool or None
        None if it was not decided in time.
    """
    something_runs = bool(rules.problem.running_members)
    if not something_runs and not any(_depends_on_usage(atom) for atom in conflict.atoms):
        return True  # nothing in the conflict depends on what runs
    if oracle.budget.left() <= 0:
        return None
    empty = _empty_fleet(fleet)
    # The rules of the conflict alone are a smaller question, which often decides it.
    for atoms in (conflict.atoms, rules.atoms):
        app = _without_running_members(rules.problem, rules.application(atoms))
        status = oracle.solve(app, empty).status
        if status == "infeasible":
            return True
    return None if status == "unknown" else False


def _depends_on_usage(atom: RuleAtom) -> bool:
    """Return whether a rule depends on what runs on hosts and links."""
    if isinstance(atom, CapacityRule):
        return True
    return isinstance(atom, PolicyRule) and depends_on_usage(atom.policy)


def _empty_fleet(fleet: CompiledFleet) -> CompiledFleet:
    """Return a fleet with nothing on it; disabled hosts stay disabled."""
    links = tuple(link.model_copy(update={"used_mbps": 0}) for link in fleet.links)
    # The hosts are valid already: to validate a large fleet again would take long.
    pools = tuple(pool.emptied() for pool in fleet.index.pools.pools)
    given = fleet.index.hosts_of_columns
    columns = None if given is None else given.columns
    hosts = () if columns is not None else tuple(host.emptied() for host in fleet.index)
    values = Fleet.model_construct(levels=fleet.levels, hosts=hosts, links=links, pools=pools)
    if given is None or columns is None:
        return CompiledFleet(values)
    empty = CompiledFleet(values, replace(columns, used={}))
    for name in given.removed():
        empty.remove(name)
    for host in given.put_later():
        empty.put(host.emptied())
    return empty


def _without_running_members(problem: Problem, app: Application[Any]) -> Application[Any]:
    """Return an application with its new members, by their ids, and without running ones."""
    if not app.existing:
        return app
    members_of_group: dict[str, list[Members]] = {}
    placed = {group.name for group in app.groups if group.members}
    described = {
        (group.name, id_): members for group in app.groups for id_, members in member_ids(group)
    }
    for member in problem.new_members:
        if member.group in placed:
            update = {"id": member.id, "count": 1}
            members = described[member.group, member.id].model_copy(update=update)
            members_of_group.setdefault(member.group, []).append(members)

    def with_new_members(group: Group[Any]) -> Group[Any]:
        new = tuple(members_of_group.get(group.name, ()))
        return group.model_copy(update={"members": new})

    groups = tuple(map(with_new_members, app.groups))
    return app.model_copy(update={"groups": groups, "existing": ()})
