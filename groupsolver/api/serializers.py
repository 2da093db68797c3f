"""Stored values as bodies; names of hosts only for those who may see them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from groupsolver.api.http.call import Call
from groupsolver.api.services.conflict_view import Audience, named, names_of
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.validation import references
from groupsolver.store.entities import Grant, Instance, StoredGroup
from groupsolver.store.state.impact_preview import BrokenPolicy, ImpactPreview
from groupsolver.store.state.snapshot_cache import Snapshot
from groupsolver.wire.bodies.core import GroupView, InstanceView
from groupsolver.wire.bodies.grants import BrokenView, GrantView, Preview


def group_view(group: StoredGroup) -> GroupView:
    """Give a group as its own project is answered."""
    return _view(group, group.tenant_id, group.policies, group.metadata, group.groups)


def granted_view(call: Call, group: StoredGroup, known: Collection[str]) -> GroupView:
    """Give another project's group as one is answered that may join it.

    That is what binds its members: policies, but not those that name hosts, which it may not see, or
    groups other than `known`; nothing that a policy carries for its owner's use; no metadata, no groups below.
    """
    policies = tuple(
        _bare(policy)
        for policy in group.policies
        if (policy.target is None or policy.target in known)
        and (call.sees_hosts or all(what != "host" for what, _, _ in references(policy)))
    )
    return _view(group, call.tenant, policies, None, ())


def _bare(policy: Policy) -> Policy:
    """Give a policy's own fields alone."""
    return type(policy).model_validate(policy.model_dump(include=set(type(policy).model_fields)))


def _view(
    group: StoredGroup,
    tenant: str,
    policies: Any,
    metadata: dict[str, str] | None,
    groups: tuple[str, ...],
) -> GroupView:
    members = group.members_of(tenant)
    shared = group.grants or group.foreign or tenant != group.tenant_id
    return GroupView(
        id=group.id,
        name=group.name,
        tenant_id=group.tenant_id,
        policies=policies,
        metadata=metadata,
        groups=groups,
        members=members,
        other_members=len(group.members) - len(members) if shared else None,
    )


def grant_view(grant: Grant) -> GrantView:
    """Give a grant as it is answered."""
    return GrantView(
        group_id=grant.group, tenant_id=grant.tenant_id, created_at=str(moment(grant.created))
    )


def preview_view(found: ImpactPreview, tenant: str, now: Snapshot) -> Preview:
    """Give what running members would break, as a project may see it."""
    names = names_of(tenant, now)

    def view(one: BrokenPolicy) -> BrokenView:
        mine = tuple(key for key in one.members if now.instances[key].tenant_id == tenant)
        return BrokenView(
            group=one.group,
            policy=one.kind,
            sentence=named(one.sentence, names),
            measure=one.measure,
            members=mine,
            other_members=len(one.members) - len(mine),
        )

    return Preview(clean=not found, violations=tuple(view(one) for one in found.broken_policies()))


def reader_of(call: Call) -> Audience:
    """Give what whoever asks may read of a conflict."""
    return Audience(call.tenant, call.sees_hosts, call.principal.has("admin"))


def host_id(tenant: str, host: str) -> str:
    """Give Nova's ``hostId``: the same for a project's instances on one host, and no name."""
    return hashlib.sha224(f"{tenant}{host}".encode()).hexdigest()


def instance_view(call: Call, one: Instance) -> InstanceView:
    """Give an instance as it is answered."""
    return InstanceView(
        id=one.id,
        name=one.name,
        tenant_id=one.tenant_id,
        group=one.group,
        host=one.host if call.sees_hosts else None,
        hostId=host_id(one.tenant_id, one.host),
        resources=one.resources,
        placement=one.placement,
        expires_at=moment(one.expires),
        cell=one.cell if call.sees_hosts else None,
    )


def moment(seconds: float | None) -> str | None:
    """Give a time as RFC 3339 has it, to the second."""
    return (
        None
        if seconds is None
        else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def hidden(call: Call, body: Any) -> Any:
    """Take names of hosts and cells out of a placement's plain data, where the asker may not see them."""
    if call.sees_hosts:
        return body
    placement = body["placement"]
    instances = [{**one, "host": None, "cell": None} for one in placement["instances"]]
    return {"placement": {**placement, "instances": instances}}
