"""What a placement depends on: its groups, and every other whose policies look at their members."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Existing, Members
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import above_of, below_of
from groupsolver.model.result import Objective
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import IdTaken, NotStored, QuotaExceeded
from groupsolver.store.state.cross_project import counts, names_for, of_tenant, sound
from groupsolver.store.state.snapshot_cache import Snapshot

UNGROUPED = "no group"  # stands for the group of instances that have none; no uuid is like it


@dataclass(frozen=True)
class RequestedInstance:
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
class RequestedPlacement:
    """Instances that are placed as one, for one project.

    Parameters
    ----------
    tenant_id : str
    instances : tuple of RequestedInstance
    objective : {"pack", "spread", "cost"}
    member_limits : dict of str to int
        How many members a group may have, where there is a quota.
    """

    tenant_id: str
    instances: tuple[RequestedInstance, ...]
    objective: Objective
    member_limits: Mapping[str, int]


@dataclass(frozen=True)
class _Node:
    name: str
    groups: tuple[str, ...]


def compose_application(requested: RequestedPlacement, now: Snapshot) -> Application:
    """Compose what is solved: groups by their ids, instances as members by theirs.

    Of other groups it has those that are counted by a policy which looks at the new members, and those
    with `exclusive` and members, of whichever project where it is hard; of their policies, only these.
    What binds whom across projects is in `groupsolver.store.state.cross_project`.

    Raises
    ------
    NotStored
        A group that is not there, or another project's that this one may not join.
    IdTaken, QuotaExceeded, BadInput
    """
    hinted = _hinted(requested, now)
    below = below_in(now)
    rules = rules_over(requested.tenant_id, hinted, below, now)
    return composed(rules, below, now, hinted, requested.tenant_id)


def composed(
    rules: Mapping[str, list[Policy]],
    below: Mapping[str, frozenset[str]],
    now: Snapshot,
    new: Mapping[str, list[Members]],
    tenant: str,
) -> Application:
    """Give the application of some groups' policies: with every group that one of them counts, and what runs there.

    Parameters
    ----------
    rules : mapping of str to list of Policy
        By group.
    below : mapping of str to frozenset of str
        Of all groups that are stored.
    now : Snapshot
    new : mapping of str to list of Members
        New members by group, `UNGROUPED` for those of none.
    tenant : str
        Whose they are.
    """
    shown = dict.fromkeys(new)
    for key, policies in rules.items():
        for start in (key, *(policy.target for policy in policies if policy.target)):
            shown.update(dict.fromkeys(sorted(below.get(start, ()))))
    alone = {
        now.groups[key].tenant_id
        for key, policies in rules.items()
        if any(map(of_tenant, policies))
    }
    # Whatever is the project's own is no stranger to it.
    shown.update(
        (key, None)
        for key, group in now.groups.items()
        if group.tenant_id in alone and group.members
    )
    groups = [
        Group.model_construct(
            name=key,
            policies=tuple(rules.get(key, ())),
            members=tuple(new.get(key, ())),
            groups=tuple(child for child in now.groups[key].groups if child in shown),
            tenant_id=now.groups[key].tenant_id,
        )
        for key in shown
        if key != UNGROUPED
    ]
    loose = _loose(alone, now)
    if UNGROUPED in new or tenant in loose:
        names = {tenant: UNGROUPED}
        members = tuple(new.get(UNGROUPED, ()))
        groups.append(
            Group.model_construct(
                name=UNGROUPED, policies=(), members=members, groups=(), tenant_id=tenant
            )
        )
    else:
        names = {}
    for i, other in enumerate(sorted(loose.keys() - names.keys())):
        names[other] = f"{UNGROUPED} {i}"
        name = names[other]
        groups.append(
            Group.model_construct(name=name, policies=(), members=(), groups=(), tenant_id=other)
        )
    existing = [*_running(shown, now)]
    existing += [_standing(names[whose], one) for whose, found in loose.items() for one in found]
    return Application.model_construct(
        version=1, name=None, flavors={}, groups=tuple(groups), existing=tuple(existing)
    )


def _loose(tenants: Collection[str], now: Snapshot) -> dict[str, list[Instance]]:
    """Give the instances of some projects that are in no group."""
    found: dict[str, list[Instance]] = {}
    for one in now.instances.values() if tenants else ():
        if one.group is None and one.tenant_id in tenants:
            found.setdefault(one.tenant_id, []).append(one)
    return found


def _standing(group: str, one: Instance) -> Existing:
    return Existing.model_construct(
        group=group, id=one.id, host=one.host, resources=one.resources, flavor=None
    )


def _hinted(requested: RequestedPlacement, now: Snapshot) -> dict[str, list[Members]]:
    hinted: dict[str, list[Members]] = {}
    for i, one in enumerate(requested.instances):
        if one.id in now.instances:
            raise IdTaken(one.id)
        if one.group is not None and not now.groups.get(one.group, _NOBODYS).admits(
            requested.tenant_id
        ):
            raise NotStored("group", one.group)
        if not one.resources:
            raise BadInput(
                [Fault("wrong-value", f"placement.instances[{i}]", "expected an amount above 0")]
            )
        members = hinted.setdefault(one.group or UNGROUPED, [])
        members.append(
            Members.model_construct(resources=one.resources, count=1, id=one.id, flavor=None)
        )
    for key, members in hinted.items():
        most = requested.member_limits.get(key, -1)
        if 0 <= most < len(members) + (len(now.groups[key].members) if key in now.groups else 0):
            theirs = key in now.groups and now.groups[key].tenant_id != requested.tenant_id
            raise QuotaExceeded(
                f"group {key} may have " + ("no more members" if theirs else f"{most} members")
            )
    return hinted


_NOBODYS = StoredGroup(id="", tenant_id="", user_id="")


def below_in(now: Snapshot) -> dict[str, frozenset[str]]:
    """Give what stands below each group that is stored, itself included."""
    nodes = [
        _Node(group.id, tuple(child for child in group.groups if child in now.groups))
        for group in now.groups.values()
    ]
    return below_of(nodes)


def rules_over(
    tenant: str, hinted: Iterable[str], below: Mapping[str, frozenset[str]], now: Snapshot
) -> dict[str, list[Policy]]:
    """Give the policies that look at new members of some groups, and bind their project."""
    above = above_of(below)
    over = {group for key in hinted for group in above.get(key, ())}
    rules: dict[str, list[Policy]] = {}
    for key in sorted(over):
        group = now.groups[key]
        rules[key] = [
            policy
            for policy in group.policies
            if counts(group, policy, tenant) and sound(group, policy, now)
        ]
    for key, group in now.groups.items():
        if key not in over:
            rules[key] = [
                policy
                for policy in group.policies
                if (
                    names_for(group, policy, over, tenant, now) or _jealous(policy, below[key], now)
                )
                and counts(group, policy, tenant)
                # Nobody asked for a grant: what another's group may like is no price of a batch that does not join it.
                and (policy.hard or group.tenant_id == tenant or policy.target in over)
            ]
    return {key: policies for key, policies in rules.items() if policies}


def _jealous(policy: Policy, inside: frozenset[str], now: Snapshot) -> bool:
    """Whether a policy looks at whoever comes, and there is something for it to look from."""
    return counts_all_groups(policy) and any(now.groups[key].members for key in inside)


def _running(shown: Iterable[str], now: Snapshot) -> Iterable[Existing]:
    for key in shown:
        if key in now.groups:
            for member in now.groups[key].members:
                there = now.instances.get(member)
                if there is not None:
                    yield _standing(key, there)
