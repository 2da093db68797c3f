"""Copies of a whole application: each brings groups of its own, beside what runs already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.model.application import Application, Existing, Group, member_ids
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import below_of
from groupsolver.model.result import Cells, Placement

# No name of a file has such a character: what is made here cannot meet it, and is not validated.
_MARK = "\0"
_RUNNING_COPIES = -1  # the number that all copies share which run already
Copy = tuple[Placement, Cells]  # of each member of the file


def copied(name: str, copy: int) -> str:
    """Return the name of a group, or a member, of a copy."""
    return f"{name}{_MARK}{copy}"


def original(name: str) -> str:
    """Return the name in the file of a group or a member of a copy."""
    return name.partition(_MARK)[0]


def copies_of(
    app: Application[Any],
    number: int,
    placed: Iterable[Copy] = (),
) -> Application[Any]:
    """Return an application of so many copies.

    A copy's groups are fresh: its policies speak of its own groups alone, and do not look at the
    running members of the file's. Those stay where they are, in groups without policies but those
    that look at every member that comes near (`GroupScope.counts_all_groups`). Soft policies are
    left out: they have a price and forbid nothing. So are groups of which a copy has no members,
    unless its rules name them.

    Parameters
    ----------
    app : Application
    number : int
    placed : iterable of Copy
        Copies that run already.
        Each group is one for all of them: its members are strangers to the copies that come.

    Returns
    -------
    Application
        Groups and members are named by `copied`, from 0.
    """
    sizes = {
        id_: app.resources(members) for group in app.groups for id_, members in member_ids(group)
    }
    groups = [_running(group, group.name) for group in app.groups]
    existing = [
        there.model_copy(update={"flavor": None, "resources": _size(app, there, sizes)})
        for there in app.existing
    ]
    before = list(placed)
    if before:
        groups += [_running(group, copied(group.name, _RUNNING_COPIES)) for group in app.groups]
        existing += _members_of(before, app, sizes)
    wanted = _groups_of_a_copy(app)
    for copy in range(number):
        groups += [_fresh(group, copy) for group in app.groups if group.name in wanted]
    return app.model_copy(update={"groups": tuple(groups), "existing": tuple(existing)})


def _members_of(
    placed: list[Copy],
    app: Application[Any],
    sizes: Mapping[str, Resources],
) -> list[Existing]:
    """Return the members of copies that run already, those of a group in one place as one.

    They are strangers to all that comes: where they are matters, and what they use together.
    """
    group_of = {id_: group.name for group in app.groups for id_, _ in member_ids(group)}
    used: dict[tuple[str, str, str | None], Resources] = {}
    for (hosts, cells), number in alike(placed):
        for id_, host in hosts.items():
            in_place = used.setdefault((group_of[id_], host, cells.get(id_)), {})
            for resource, amount in sizes[id_].items():
                in_place[resource] = in_place.get(resource, 0) + number * amount
    return [
        Existing.model_construct(
            group=copied(group, _RUNNING_COPIES),
            id=copied(f"{group}/{place}", _RUNNING_COPIES),
            host=host,
            cell=cell,
            resources=resources,
        )
        for place, ((group, host, cell), resources) in enumerate(used.items())
    ]


def _groups_of_a_copy(app: Application[Any]) -> frozenset[str]:
    """Return the groups that a copy has members in or looks at: it cannot break other rules."""
    below = below_of(app.groups)
    named: dict[str, list[str]] = {}
    for group in app.groups:
        targets = [policy.target for policy in group.policies if policy.hard]
        named[group.name] = [target for target in targets if target is not None]
    filled = {group.name for group in app.groups if group.members}
    todo = [name for name, inside in below.items() if inside & filled]
    found: set[str] = set()
    while todo:
        new = below[todo.pop()] - found
        found |= new
        for name in new:
            todo += named[name]
    return frozenset(found)


def _size(app: Application[Any], there: Existing, sizes: Mapping[str, Resources]) -> Resources:
    sized = there.flavor is not None or there.resources is not None
    return app.resources(there) if sized else sizes.get(there.id, {})


def _running(group: Group[Any], name: str) -> Group[Any]:
    """Return a group of what runs: its policies are those that look at every member that comes."""
    below = group.groups
    if name != group.name:
        below = tuple(copied(child, _RUNNING_COPIES) for child in below)
    policies = tuple(
        policy for policy in group.policies if policy.hard and counts_all_groups(policy)
    )
    return group.model_copy(
        update={"name": name, "members": (), "groups": below, "policies": policies}
    )


def _fresh(group: Group[Any], copy: int) -> Group[Any]:
    """Return a group of a copy that comes."""

    def in_copy(name: str) -> str:
        return copied(name, copy)

    members = tuple(
        one.model_copy(update={"count": 1, "id": in_copy(id_)}) for id_, one in member_ids(group)
    )
    return group.model_copy(
        update={
            "name": in_copy(group.name),
            "members": members,
            "groups": tuple(map(in_copy, group.groups)),
            "policies": tuple(policy.naming(in_copy) for policy in group.policies if policy.hard),
        }
    )


def alike(placed: Iterable[Copy]) -> list[tuple[Copy, int]]:
    """Return the copies that are different objects, each with how often it is there."""
    first: dict[int, Copy] = {}
    number: Counter[int] = Counter()
    for identity, run in groupby(placed, key=id):
        copies = list(run)
        first.setdefault(identity, copies[0])
        number[identity] += len(copies)
    # The caller holds all of them: no identity was given twice.
    return [(copy, number[identity]) for identity, copy in first.items()]
