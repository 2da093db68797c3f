"""What a placement depends on: its groups, and every other whose policies look at their members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from groupsolver.constraints import Application, Group
from groupsolver.constraints.policy import Policy
from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Existing, Members
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import above_of, below_of
from groupsolver.model.result import Objective
from groupsolver.store.errors import IdTaken, NotStored, QuotaExceeded
from groupsolver.store.mirror import Snapshot
from groupsolver.store.records import StoredGroup

LOOSE = "no group"  # stands for the group of instances that have none; no uuid is like it


@dataclass(frozen=True)
class Wanted:
    """An instance that is to be placed.

    Parameters
    ----------
    id : str
        A uuid.
    group : str or None
        A group's id.
    resources : dict of str to int
        What it takes, above 0.
    """

    id: str
    name: str | None
    group: str | None
    resources: Resources


@dataclass(frozen=True)
class Batch:
    """Instances that are placed as one, for one project.

    Parameters
    ----------
    tenant_id : str
    wanted : tuple of Wanted
    objective : {"pack", "spread", "cost"}
    most : dict of str to int
        How many members a group may have, where there is a quota.
    """

    tenant_id: str
    wanted: tuple[Wanted, ...]
    objective: Objective
    most: Mapping[str, int]


@dataclass(frozen=True)
class _Node:
    name: str
    groups: tuple[str, ...]


def application(batch: Batch, now: Snapshot) -> Application:
    """Compose what is solved: groups by their ids, instances as members by theirs.

    Of other groups it has those that are counted by a policy which looks at the new members, and those
    with `exclusive` and members, of whichever project where it is hard; of their policies, only these.

    Raises
    ------
    NotStored
        A group that is not there, or another project's.
    IdTaken, QuotaExceeded, BadInput
    """
    hinted = _hinted(batch, now)
    below = below_of(_nodes(now.groups.values(), now))
    rules = _rules(batch.tenant_id, hinted, below, now)
    shown = dict.fromkeys(hinted)
    for key, policies in rules.items():
        for start in (key, *(policy.target for policy in policies if policy.target)):
            shown.update(dict.fromkeys(sorted(below.get(start, ()))))
    groups = [
        Group.model_construct(
            name=key,
            policies=tuple(rules.get(key, ())),
            members=tuple(hinted.get(key, ())),
            groups=tuple(child for child in now.groups[key].groups if child in shown),
        )
        for key in shown
        if key != LOOSE
    ]
    if LOOSE in hinted:
        groups.append(Group(name=LOOSE, members=tuple(hinted[LOOSE])))
    existing = tuple(_running(shown, now))
    return Application.model_construct(version=1, name=None, flavors={}, groups=tuple(groups), existing=existing)


def _hinted(batch: Batch, now: Snapshot) -> dict[str, list[Members]]:
    hinted: dict[str, list[Members]] = {}
    for i, one in enumerate(batch.wanted):
        if one.id in now.instances:
            raise IdTaken(one.id)
        if one.group is not None and now.groups.get(one.group, _NOBODYS).tenant_id != batch.tenant_id:
            raise NotStored("group", one.group)
        if not one.resources:
            raise BadInput([Fault("wrong-value", f"placement.instances[{i}]", "expected an amount above 0")])
        members = hinted.setdefault(one.group or LOOSE, [])
        members.append(Members.model_construct(resources=one.resources, count=1, id=one.id, flavor=None))
    for key, members in hinted.items():
        most = batch.most.get(key, -1)
        if 0 <= most < len(members) + (len(now.groups[key].members) if key in now.groups else 0):
            raise QuotaExceeded(f"group {key} may have {most} members")
    return hinted


_NOBODYS = StoredGroup(id="", tenant_id="", user_id="")


def _nodes(groups: Iterable[StoredGroup], now: Snapshot) -> list[_Node]:
    return [_Node(group.id, tuple(child for child in group.groups if child in now.groups)) for group in groups]


def _rules(
    tenant: str, hinted: Iterable[str], below: Mapping[str, frozenset[str]], now: Snapshot
) -> dict[str, list[Policy]]:
    """Give the policies that look at new members of some groups.

    Of another project's, the hard ones: its prices, which may be any, are no business of this one's.
    """
    above = above_of(below)
    over = {group for key in hinted for group in above.get(key, ())}
    rules: dict[str, list[Policy]] = {}
    for key in sorted(over):
        if now.groups[key].policies:
            rules[key] = list(now.groups[key].policies)
    for key, group in now.groups.items():
        if key not in over:
            naming = [
                policy
                for policy in group.policies
                if policy.target in over
                or (_jealous(policy, below[key], now) and (policy.hard or group.tenant_id == tenant))
            ]
            if naming:
                rules[key] = naming
    return {
        key: [policy for policy in policies if policy.target is None or policy.target in now.groups]
        for key, policies in rules.items()
    }


def _jealous(policy: Policy, inside: frozenset[str], now: Snapshot) -> bool:
    """Whether a policy looks at whoever comes, and there is something for it to look from."""
    return policy.of_all and any(now.groups[key].members for key in inside)


def _running(shown: Iterable[str], now: Snapshot) -> Iterable[Existing]:
    for key in shown:
        if key in now.groups:
            for member in now.groups[key].members:
                there = now.instances.get(member)
                if there is not None:
                    yield Existing.model_construct(
                        group=key, id=member, host=there.host, resources=there.resources, flavor=None
                    )
