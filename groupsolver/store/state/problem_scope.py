"""The scope of a placement: its groups, and all others whose policies concern their members."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Existing, Members
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import above_of
from groupsolver.model.result import Objective
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import IdTaken, NotStored, QuotaExceeded
from groupsolver.store.state.cross_project import (
    binds_members_of,
    binds_project,
    is_effective,
    is_tenant_scoped,
)
from groupsolver.store.state.group_nesting import groups_below
from groupsolver.store.state.snapshot_cache import Snapshot

UNGROUPED = "no group"  # the group of instances that have none; no uuid is equal to it


@dataclass(frozen=True)
class RequestedInstance:
    """An instance that is to be placed.

    Parameters
    ----------
    id : str
        A uuid.
    name : str or None
    group : str or None
        A group's id.
    resources : dict of str to int
        The amounts that it takes, above 0.
    """

    id: str
    name: str | None
    group: str | None
    resources: Resources


@dataclass(frozen=True)
class RequestedPlacement:
    """Instances that are placed together, or not at all, for one project.

    Parameters
    ----------
    tenant_id : str
    instances : tuple of RequestedInstance
    objective : {"pack", "spread", "cost"}
    member_limits : dict of str to int
        How many members a group may have, where there is a quota.
    host_price : int or None
        Points for each host that held nothing before.
    """

    tenant_id: str
    instances: tuple[RequestedInstance, ...]
    objective: Objective
    member_limits: Mapping[str, int]
    host_price: int | None = None


def compose_application(requested: RequestedPlacement, now: Snapshot) -> Application:
    """Compose the application to be solved: groups by their ids, instances as members by theirs.

    Of other groups it includes those that a policy counts which concerns the new members, and those
    with `exclusive` and members, of any project where the policy is hard. Of the policies of these
    groups it includes only the ones named. `groupsolver.store.state.cross_project` decides which
    policies bind which project.

    Raises
    ------
    NotStored
        For a group that is not stored, or is another project's that this one may not join.
    IdTaken, QuotaExceeded, BadInput
    """
    new_members = _new_members_by_group(requested, now)
    below = groups_below(now.groups)
    policies = policies_in_scope(requested.tenant_id, new_members, below, now)
    app = compose_groups(policies, below, now, new_members, requested.tenant_id)
    return app.model_copy(update={"host_price": requested.host_price})


def compose_groups(
    policies: Mapping[str, list[Policy]],
    below: Mapping[str, frozenset[str]],
    now: Snapshot,
    new_members: Mapping[str, list[Members]],
    tenant: str,
) -> Application:
    """Compose the application of some policies, with every group they count and what runs there.

    Parameters
    ----------
    policies : mapping of str to list of Policy
        By group.
    below : mapping of str to frozenset of str
        The groups below each stored group, itself included.
    now : Snapshot
    new_members : mapping of str to list of Members
        New members by group, `UNGROUPED` for those of none.
    tenant : str
        The project of the new members.
    """
    exclusive_tenants = {
        now.groups[key].tenant_id
        for key, of_group in policies.items()
        if any(map(is_tenant_scoped, of_group))
    }
    shown = _shown_groups(policies, below, now, new_members, exclusive_tenants)
    groups = [
        Group.model_construct(
            name=key,
            policies=tuple(policies.get(key, ())),
            members=tuple(new_members.get(key, ())),
            groups=tuple(child for child in now.groups[key].groups if child in shown),
            tenant_id=now.groups[key].tenant_id,
        )
        for key in shown
    ]
    ungrouped = _ungrouped_instances(exclusive_tenants, now)
    names = _names_of_ungrouped(ungrouped, tenant, has_new=UNGROUPED in new_members)
    for owner, name in names.items():
        members = tuple(new_members.get(UNGROUPED, ())) if owner == tenant else ()
        groups.append(_ungrouped_group(name, members, owner))
    existing = [*_running_members(shown, now)]
    for owner, instances in ungrouped.items():
        existing += [_to_existing(names[owner], instance, now) for instance in instances]
    return Application.model_construct(
        version=1, name=None, flavors={}, groups=tuple(groups), existing=tuple(existing)
    )


def _shown_groups(
    policies: Mapping[str, list[Policy]],
    below: Mapping[str, frozenset[str]],
    now: Snapshot,
    new_members: Iterable[str],
    exclusive_tenants: Collection[str],
) -> dict[str, None]:
    """Return the stored groups of an application, as an ordered set."""
    shown = dict.fromkeys(key for key in new_members if key != UNGROUPED)
    for key, of_group in policies.items():
        targets = [policy.target for policy in of_group if policy.target]
        for counted in (key, *targets):
            shown.update(dict.fromkeys(sorted(below.get(counted, ()))))
    # A policy that keeps other projects away must know every member of its own project.
    for key, group in now.groups.items():
        if group.tenant_id in exclusive_tenants and group.members:
            shown[key] = None
    return shown


def _ungrouped_instances(tenants: Collection[str], now: Snapshot) -> dict[str, list[Instance]]:
    """Return the instances of some projects that are in no group, by project."""
    found: dict[str, list[Instance]] = {}
    if not tenants:
        return found
    for instance in now.instances.values():
        if instance.group is None and instance.tenant_id in tenants:
            found.setdefault(instance.tenant_id, []).append(instance)
    return found


def _names_of_ungrouped(tenants: Collection[str], tenant: str, *, has_new: bool) -> dict[str, str]:
    """Return the name of the group for each project's ungrouped instances.

    Parameters
    ----------
    tenants : collection of str
        The projects with running instances in no group.
    tenant : str
        The project of the new members.
    has_new : bool
        Whether some of the new members are in no group.
    """
    names: dict[str, str] = {}
    if has_new or tenant in tenants:
        names[tenant] = UNGROUPED
    others = sorted(set(tenants) - {tenant})
    for i, other in enumerate(others):
        names[other] = f"{UNGROUPED} {i}"
    return names


def _ungrouped_group(name: str, members: tuple[Members, ...], tenant: str) -> Group:
    return Group.model_construct(
        name=name, policies=(), members=members, groups=(), tenant_id=tenant
    )


def _running_members(groups: Iterable[str], now: Snapshot) -> Iterator[Existing]:
    for key in groups:
        for member in now.groups[key].members:
            instance = now.instances.get(member)
            if instance is not None:
                yield _to_existing(key, instance, now)


def _to_existing(group: str, instance: Instance, now: Snapshot) -> Existing:
    cell = instance.cell
    rows = now.fleet.rows
    if cell is not None:  # the host may have changed since
        known = now.fleet.index[instance.host].cell_names() if instance.host in rows else ()
        cell = cell if cell in known else None
    return Existing.model_construct(
        group=group,
        id=instance.id,
        host=instance.host,
        resources=instance.resources,
        flavor=None,
        cell=cell,
    )


def _new_members_by_group(requested: RequestedPlacement, now: Snapshot) -> dict[str, list[Members]]:
    """Return the requested instances as members, by group. Raises as `compose_application`."""
    found: dict[str, list[Members]] = {}
    for i, instance in enumerate(requested.instances):
        if instance.id in now.instances:
            raise IdTaken(instance.id)
        if instance.group is not None:
            _require_joinable(instance.group, requested.tenant_id, now)
        if not instance.resources:
            path = f"placement.instances[{i}]"
            raise BadInput([Fault("wrong-value", path, "expected an amount above 0")])
        member = Members.model_construct(
            resources=instance.resources, count=1, id=instance.id, flavor=None
        )
        found.setdefault(instance.group or UNGROUPED, []).append(member)
    for key, members in found.items():
        if key in requested.member_limits:
            _require_quota(key, len(members), requested, now)
    return found


def _require_joinable(key: str, tenant: str, now: Snapshot) -> None:
    group = now.groups.get(key)
    if group is None or not group.admits(tenant):
        raise NotStored("group", key)


def _require_quota(
    key: str, new_members: int, requested: RequestedPlacement, now: Snapshot
) -> None:
    limit = requested.member_limits[key]
    group: StoredGroup | None = now.groups.get(key)
    running_members = len(group.members) if group else 0
    if limit < 0 or new_members + running_members <= limit:
        return
    # The quota of another project's group is not revealed.
    foreign = group is not None and group.tenant_id != requested.tenant_id
    allowed = "no more members" if foreign else f"{limit} members"
    raise QuotaExceeded(f"group {key} may have {allowed}")


def policies_in_scope(
    tenant: str, joined: Iterable[str], below: Mapping[str, frozenset[str]], now: Snapshot
) -> dict[str, list[Policy]]:
    """Return the policies that concern new members of some groups and bind their project.

    Parameters
    ----------
    tenant : str
        The project of the new members.
    joined : iterable of str
        The groups of the new members.
    below : mapping of str to frozenset of str
        The groups below each stored group, itself included.
    now : Snapshot

    Returns
    -------
    dict of str to list of Policy
        By group; only groups with such a policy.
    """
    above = above_of(below)
    over_joined = {group for key in joined for group in above.get(key, ())}
    found: dict[str, list[Policy]] = {}
    for key in sorted(over_joined):
        group = now.groups[key]
        found[key] = [
            policy
            for policy in group.policies
            if binds_project(group, policy, tenant) and is_effective(group, policy, now)
        ]
    for key, group in now.groups.items():
        if key in over_joined:
            continue
        found[key] = [
            policy
            for policy in group.policies
            if _concerns_others(group, policy, over_joined, tenant, below[key], now)
        ]
    return {key: policies for key, policies in found.items() if policies}


def _concerns_others(
    group: StoredGroup,
    policy: Policy,
    over_joined: Collection[str],
    tenant: str,
    below: Collection[str],
    now: Snapshot,
) -> bool:
    """Return whether a policy binds new members that are not below its own group."""
    if not binds_project(group, policy, tenant):
        return False
    # A soft policy of another project's group is no price of a placement that does not join it,
    # though a grant would allow that: nobody asked for the grant.
    if not (policy.hard or group.tenant_id == tenant or policy.target in over_joined):
        return False
    if binds_members_of(group, policy, over_joined, tenant, now):
        return True
    return counts_all_groups(policy) and any(now.groups[key].members for key in below)
