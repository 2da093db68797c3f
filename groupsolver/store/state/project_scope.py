"""The scope of a project's placement: what it requests, and the application that is solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from groupsolver.cluster.scope import UNGROUPED, Policies, compose, policies_in_scope
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Members
from groupsolver.model.inventory import Resources
from groupsolver.model.result import Objective
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import IdTaken, NotStored, QuotaExceeded
from groupsolver.store.state.cross_project import ProjectReach
from groupsolver.store.state.snapshot_cache import Snapshot


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
    with a policy that binds all comers and members, of any project where the policy is hard. Of the
    policies of these groups it includes only the ones named.
    `groupsolver.store.state.cross_project` decides which policies bind which project.

    Raises
    ------
    NotStored
        For a group that is not stored, or is another project's that this one may not join.
    IdTaken, QuotaExceeded, BadInput
    """
    new_members = _new_members_by_group(requested, now)
    policies = project_policies(requested.tenant_id, new_members, now)
    app = compose(policies, new_members, now, tenant=requested.tenant_id)
    return app.model_copy(update={"host_price": requested.host_price})


def project_policies(tenant: str, joined: Iterable[str], now: Snapshot) -> Policies:
    """Return the policies that concern new members of some groups and bind their project.

    Parameters
    ----------
    tenant : str
        The project of the new members.
    joined : iterable of str
        The groups of the new members.
    now : Snapshot
    """
    return policies_in_scope(joined, now.groups, ProjectReach(tenant, now.groups))


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
