"""Copies of a whole application: each brings groups of its own, beside what runs already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.model.application import Application, Existing, Group, member_ids
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import below_of

_MARK = "\0"  # no name of a file has such a character: what is made here cannot meet it, and is not validated


def copied(name: str, copy: int) -> str:
    """Name a group, or a member, of a copy."""
    return f"{name}{_MARK}{copy}"


def told(id_: str) -> str:
    """Give the name in the file of a group or a member of a copy."""
    return id_.partition(_MARK)[0]


def copies_of(
    app: Application[Any],
    number: int,
    placed: Iterable[tuple[Mapping[str, str], Mapping[str, str]]] = (),
) -> Application[Any]:
    """Give an application of so many copies.

    A copy's groups are fresh: its policies speak of its own groups alone, and do not see the running
    members of the file's. Those stay where they are, in groups without policies but those that look at
    whoever comes near (`Policy.of_all`). Soft policies are left out: they have a price and forbid nothing.
    So are groups of which a copy has no members, unless its rules name them.

    Parameters
    ----------
    app : Application
    number : int
    placed : iterable of (mapping of str to str, mapping of str to str)
        Copies that stand already: host, and cell where there is one, of each member of the file. They are
        as what runs, each group of all of them being one: strangers to the copies that come.

    Returns
    -------
    Application
        Groups and members are named by `copied`, from 0.
    """
    sizes = {
        id_: app.resources(members) for group in app.groups for id_, members in member_ids(group)
    }
    standing = [_of_all(group, group.name) for group in app.groups]
    existing = [
        there.model_copy(update={"flavor": None, "resources": _own(app, there, sizes)})
        for there in app.existing
    ]
    before = list(placed)
    if before:
        owner = {id_: group.name for group in app.groups for id_, _ in member_ids(group)}
        standing += [_of_all(group, copied(group.name, -1)) for group in app.groups]
        existing += [
            Existing.model_construct(
                group=copied(owner[id_], -1),
                id=copied(id_, -1 - i),
                host=host,
                cell=cells.get(id_),
                resources=sizes[id_],
            )
            for i, (hosts, cells) in enumerate(before)
            for id_, host in hosts.items()
        ]
    asked = _asked(app)
    groups = [
        _fresh(group, copy) for copy in range(number) for group in app.groups if group.name in asked
    ]
    return app.model_copy(
        update={
            "groups": tuple(standing + groups),
            "existing": tuple(existing),
            "flavors": app.flavors,
        }
    )


def _asked(app: Application[Any]) -> frozenset[str]:
    """Give the groups that a copy has members in or looks at: no copy can break what the others say."""
    below = below_of(app.groups)
    named = {
        group.name: {policy.target for policy in group.policies if policy.hard}
        for group in app.groups
    }
    filled = {group.name for group in app.groups if group.members}
    todo = [name for name, inside in below.items() if inside & filled]
    found: set[str] = set()
    while todo:
        new = below[todo.pop()] - found
        found |= new
        todo += [target for name in new for target in named[name] if target is not None]
    return frozenset(found)


def _own(app: Application[Any], there: Existing, sizes: Mapping[str, Resources]) -> Resources:
    sized = there.flavor is not None or there.resources is not None
    return app.resources(there) if sized else sizes.get(there.id, {})


def _of_all(group: Group[Any], name: str) -> Group[Any]:
    old = name == group.name
    below = group.groups if old else tuple(copied(child, -1) for child in group.groups)
    policies = tuple(
        policy for policy in group.policies if policy.hard and counts_all_groups(policy)
    )
    return group.model_copy(
        update={"name": name, "members": (), "groups": below, "policies": policies}
    )


def _fresh(group: Group[Any], copy: int) -> Group[Any]:
    fresh = tuple(
        members.model_copy(update={"count": 1, "id": copied(id_, copy)})
        for id_, members in member_ids(group)
    )
    return group.model_copy(
        update={
            "name": copied(group.name, copy),
            "members": fresh,
            "groups": tuple(copied(child, copy) for child in group.groups),
            "policies": tuple(_named(policy, copy) for policy in group.policies if policy.hard),
        }
    )


def _named(policy: Policy, copy: int) -> Policy:
    if policy.target is None:
        return policy
    return policy.model_copy(update={policy.target_key: copied(policy.target, copy)})
