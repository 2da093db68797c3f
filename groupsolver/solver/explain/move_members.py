"""A fix of what runs: the fewest running members that go elsewhere.

Running members are placed again, as members of the batch that would rather stay: each is a group of
its own below the one it is in, within its host at a price of one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import Moved
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.problem.problem import Problem, RunningMember, size_of
from groupsolver.constraints.protocols.scope import counts_child_groups
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application, Group, Members
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import Oracle

MAX_RUNNING_MEMBERS = 100  # running members


def moved(
    app: Application[Any],
    fleet: CompiledFleet,
    oracle: Oracle,
    share: float,
    own: Collection[str] | None = None,
) -> list[Change] | None:
    """Give the fewest moves that make a batch possible; None where none do, or not in time.

    Parameters
    ----------
    app : Application
        Without soft policies.
    own : collection of str, optional
        Groups whose members may be moved; by default all.
    """
    problem = Problem(app, fleet.index)
    mine = [there for there in problem.running_members if own is None or there.group in own]
    movable = [there for there in mine if _movable(there, problem, fleet)]
    if (
        not movable
        or len(movable) > MAX_RUNNING_MEMBERS
        or any(counts_child_groups(rule.policy) for rule in rules_of(problem).all)
    ):
        return None
    freed = fleet.copy()
    for there in movable:
        host = freed.index[there.host]
        used = {name: amount - there.resources.get(name, 0) for name, amount in host.used.items()}
        freed.update(host.with_used(used))
    freed.cost[:] = 0
    result = oracle.ask(
        _placed_again(app, problem, movable), freed, share, objective="cost", gap=0.0
    )
    return None if result.placement is None else _moves(movable, result)


def _movable(there: RunningMember, problem: Problem, fleet: CompiledFleet) -> bool:
    """Whether a running member may be taken up: its size is known, and its host would take it again."""
    host = problem.hosts[there.host]
    known = bool(there.resources) and all(
        host.used.get(name, 0) >= n for name, n in there.resources.items()
    )
    return known and not host.cells and bool(fleet.ready[fleet.rows[there.host]])


def _placed_again(
    app: Application[Any], problem: Problem, movable: list[RunningMember]
) -> Application[Any]:
    ids = {there.id for there in movable}
    alone = {
        f"\0{number}": there for number, there in enumerate(movable)
    }  # no group of a file is called so
    groups = [
        group.model_copy(
            update={
                "groups": (
                    *group.groups,
                    *(name for name, there in alone.items() if there.group == group.name),
                ),
                "members": tuple(
                    Members.model_construct(resources=dict(member.size), count=1, id=member.id)
                    for member in problem.new_members
                    if member.group == group.name
                ),
            }
        )
        for group in app.groups
    ]
    tenants = {group.name: group.tenant_id for group in app.groups}
    for name, there in alone.items():
        size = Members.model_construct(
            resources=dict(size_of(there.resources)), count=1, id=there.id
        )
        stay = Within.model_construct(kind="within", hosts=(there.host,), domains=None, weight=1)
        tenant = tenants[there.group]
        groups.append(
            Group.model_construct(
                name=name, policies=(stay,), members=(size,), groups=(), tenant_id=tenant
            )
        )
    existing = tuple(
        one.model_copy(update={"flavor": None, "resources": standing.resources})
        for one, standing in zip(app.existing, problem.running_members, strict=True)
        if one.id not in ids
    )
    return app.model_copy(update={"groups": tuple(groups), "existing": existing})


def _moves(movable: list[RunningMember], result: Result) -> list[Change]:
    placement = result.placement or {}
    return [
        Moved(
            there.id, there.group, there.host, placement[there.id], tuple(there.resources.items())
        )
        for there in movable
        if placement[there.id] != there.host
    ]
