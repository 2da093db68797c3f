"""A fix of what runs: the fewest running members that move to other hosts.

Running members are placed again, together with the new members. Each becomes a group of its own
inside the group that it is in, with a soft ``within`` of weight 1 that names its host. The least
cost is then the number of moves.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import MemberMoved, pool_difference, with_member_gone
from groupsolver.constraints.capacity.host_capacity import cells_for
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.problem.problem import Problem, RunningMember, Size, size_of
from groupsolver.constraints.protocols.scope import counts_child_groups
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application, Existing, Group, Members
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.model.fleet import Host
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import FeasibilityOracle

MAX_RUNNING_MEMBERS = 100  # that may move


def fewest_moves(
    app: Application[Any],
    fleet: CompiledFleet,
    oracle: FeasibilityOracle,
    time_share: float,
    own: Collection[str] | None = None,
) -> list[Change] | None:
    """Return the fewest moves that make an application possible.

    Parameters
    ----------
    app : Application
        Without soft policies.
    fleet : CompiledFleet
    oracle : FeasibilityOracle
    time_share : float
        Fraction of the time left that the search may take.
    own : collection of str, optional
        Groups whose members may be moved; by default all.

    Returns
    -------
    list of Change, or None
        None if no moves are enough, or none were found in time.
    """
    problem = Problem(app, fleet.index)
    own_members = [
        member for member in problem.running_members if own is None or member.group in own
    ]
    cells = {there.id: there.cell for there in app.existing}
    movable = [
        member for member in own_members if _is_movable(member, cells[member.id], problem, fleet)
    ]
    if not movable or len(movable) > MAX_RUNNING_MEMBERS:
        return None
    if any(counts_child_groups(rule.policy) for rule in rules_of(problem).all):
        return (
            None  # these policies count child groups, and the groups made here would count as such
        )
    result = oracle.solve(
        _with_members_placed_again(app, problem, movable),
        _with_members_taken_up(fleet, movable, cells),
        time_share,
        objective="cost",
        gap=0.0,
    )
    return None if result.placement is None else _moves(movable, result, cells, problem, fleet)


def _is_movable(
    member: RunningMember, cell: str | None, problem: Problem, fleet: CompiledFleet
) -> bool:
    """Return whether a member's size is known, and its host could take it again."""
    host = problem.hosts[member.host]
    if not member.resources or not fleet.enabled[fleet.rows[member.host]]:
        return False
    used = dict(host.used)
    in_cells = host.used_in_cells()
    if cell in in_cells:
        # Of a cell that is known; what the cell does not use may run in an unknown one.
        for name in host.cell_classes():
            used[name] = used.get(name, 0) + in_cells[cell].get(name, 0)
    pools = problem.hosts.pools
    for share in pools.shares(host, member.resources.items()):
        # What runs is in the pool's use; the host's own says nothing of the class.
        used[share.resource] = pools[share.pool].used.get(share.resource, 0)
    return all(used.get(name, 0) >= amount for name, amount in member.resources.items())


def _with_members_taken_up(
    fleet: CompiledFleet, movable: list[RunningMember], cells: dict[str, str | None]
) -> CompiledFleet:
    """Return a copy of a fleet, without what movable members use and without costs."""
    freed = fleet.copy()
    for member in movable:
        host = freed.index[member.host]
        less = pool_difference(freed.index, dict(member.resources), member.host, None)
        freed.replace_pools(freed.index.pools.with_more_used(less))
        freed.update(with_member_gone(host, cells[member.id], dict(member.resources)))
    freed.cost[:] = 0
    return freed


def _with_members_placed_again(
    app: Application[Any], problem: Problem, movable: list[RunningMember]
) -> Application[Any]:
    """Return an application whose movable members are new, each in a group of its own."""
    # No group of a file has a name that begins with a null character.
    own_groups = {f"\0{number}": member for number, member in enumerate(movable)}
    groups = [_with_child_groups(group, problem, own_groups) for group in app.groups]
    tenants = {group.name: group.tenant_id for group in app.groups}
    for name, member in own_groups.items():
        groups.append(_group_that_stays(name, member, tenants[member.group]))
    ids = {member.id for member in movable}
    existing = [
        _sized(there, member)
        for there, member in zip(app.existing, problem.running_members, strict=True)
        if there.id not in ids
    ]
    # The objective counts moves, and nothing else.
    update = {"groups": tuple(groups), "existing": tuple(existing), "host_price": None}
    return app.model_copy(update=update)


def _with_child_groups(
    group: Group[Any], problem: Problem, own_groups: dict[str, RunningMember]
) -> Group[Any]:
    """Return a group with its new members, and with the groups of its movable members inside."""
    children = [name for name, member in own_groups.items() if member.group == group.name]
    # Values that were valid before are not validated again: the names made here would not pass.
    members = [
        Members.model_construct(resources=dict(member.size), count=1, id=member.id)
        for member in problem.new_members
        if member.group == group.name
    ]
    update = {"groups": (*group.groups, *children), "members": tuple(members)}
    return group.model_copy(update=update)


def _group_that_stays(name: str, member: RunningMember, tenant: str | None) -> Group[Any]:
    """Return a group of one movable member, at a cost of 1 on any host but its own."""
    size = dict(size_of(member.resources))
    members = Members.model_construct(resources=size, count=1, id=member.id)
    stay = Within.model_construct(kind="within", hosts=(member.host,), domains=None, weight=1)
    return Group.model_construct(
        name=name, policies=(stay,), members=(members,), groups=(), tenant_id=tenant
    )


def _sized(there: Existing, member: RunningMember) -> Existing:
    """Return a running member that states its own size: the member of the file may be gone."""
    return there.model_copy(update={"flavor": None, "resources": member.resources})


def _moves(
    movable: list[RunningMember],
    result: Result,
    cells: dict[str, str | None],
    problem: Problem,
    fleet: CompiledFleet,
) -> list[Change]:
    """Return the moves that lead to a placement of new and movable members.

    A member that stays on its host stays in its cell, unless the others do not fit then.
    """
    placement = result.placement or {}
    leaving = [member for member in movable if placement[member.id] != member.host]
    sizes = {member.id: member.size for member in problem.new_members}
    sizes |= {member.id: size_of(member.resources) for member in leaving}
    landed: dict[str, list[tuple[str, Size]]] = {}
    for id_, size in sizes.items():
        landed.setdefault(placement[id_], []).append((id_, size))
    cells_after = dict(result.cells)
    for name, members in landed.items():
        host = fleet.index[name]
        for member in leaving:
            if member.host == name:
                host = with_member_gone(host, cells[member.id], dict(member.resources))
        kept = _cells_for(host, members)
        if kept is not None:
            cells_after |= kept
            for member in movable:
                if placement[member.id] == name == member.host:
                    cells_after.pop(member.id, None)
                    cell = cells[member.id]
                    if cell is not None:
                        cells_after[member.id] = cell
    changes: list[Change] = []
    for member in movable:
        target = placement[member.id]
        before = cells[member.id]
        after = cells_after.get(member.id)
        if target == member.host and (before == after or target not in landed):
            continue
        resources = tuple(member.resources.items())
        changes.append(
            MemberMoved(member.id, member.group, member.host, target, resources, before, after)
        )
    return changes


def _cells_for(host: Host, members: list[tuple[str, Size]]) -> dict[str, str] | None:
    try:
        return cells_for(host, members)
    except Undecided:
        return None
