"""Stored values as bodies of answers; names of hosts only for a principal that may see them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from groupsolver.api.http.call import Call
from groupsolver.api.services.conflict_view import Audience, own_group_names, with_names
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.validation import references
from groupsolver.store.entities import Grant, Instance, StoredGroup
from groupsolver.store.state.impact_preview import BrokenPolicy, ImpactPreview
from groupsolver.store.state.snapshot_cache import Snapshot
from groupsolver.wire.bodies.grants import BrokenView, GrantView, Preview
from groupsolver.wire.bodies.groups import GroupView
from groupsolver.wire.bodies.instances import InstanceView


def group_view(group: StoredGroup) -> GroupView:
    """Return a group as its own project sees it."""
    return _view(group, group.tenant_id, group.policies, group.metadata, group.groups)


def granted_view(call: Call, group: StoredGroup, known: Collection[str]) -> GroupView:
    """Return another project's group as a project sees it that may join it.

    It has the policies that bind the project's members. Policies that name hosts which the project
    may not see are left out, and so are policies that name groups not in `known`, additional keys
    of a policy, the metadata and the groups below.
    """
    policies = []
    for policy in group.policies:
        names_known_group = policy.target is None or policy.target in known
        names_host = any(kind == "host" for kind, _, _ in references(policy))
        if names_known_group and (call.sees_hosts or not names_host):
            policies.append(_declared_fields(policy))
    return _view(group, call.tenant, tuple(policies), None, ())


def _declared_fields(policy: Policy) -> Policy:
    """Return a policy with the fields of its kind only."""
    fields = set(type(policy).model_fields)
    return type(policy).model_validate(policy.model_dump(include=fields))


def _view(
    group: StoredGroup,
    tenant: str,
    policies: Any,
    metadata: dict[str, str] | None,
    groups: tuple[str, ...],
) -> GroupView:
    members = group.members_of(tenant)
    is_shared = group.grants or group.foreign or tenant != group.tenant_id
    return GroupView(
        id=group.id,
        name=group.name,
        tenant_id=group.tenant_id,
        policies=policies,
        metadata=metadata,
        groups=groups,
        members=members,
        other_members=len(group.members) - len(members) if is_shared else None,
    )


def grant_view(grant: Grant) -> GrantView:
    """Return a grant as a body has it."""
    created_at = str(timestamp(grant.created))
    return GrantView(group_id=grant.group, tenant_id=grant.tenant_id, created_at=created_at)


def preview_view(impact: ImpactPreview, tenant: str, now: Snapshot) -> Preview:
    """Return what running members would break, as a project may see it."""
    names = own_group_names(tenant, now)

    def view(broken: BrokenPolicy) -> BrokenView:
        own = tuple(key for key in broken.members if now.instances[key].tenant_id == tenant)
        return BrokenView(
            group=broken.group,
            policy=broken.kind,
            sentence=with_names(broken.sentence, names),
            measure=broken.measure,
            members=own,
            other_members=len(broken.members) - len(own),
        )

    violations = tuple(view(broken) for broken in impact.broken_policies())
    return Preview(clean=not impact, violations=violations)


def audience_of(call: Call) -> Audience:
    """Return what the principal may see of a conflict."""
    return Audience(call.tenant, call.sees_hosts, call.principal.has("admin"))


def host_id(tenant: str, host: str) -> str:
    """Return Nova's ``hostId``, which hides the host's name.

    It is the same for all instances of a project on one host.
    """
    return hashlib.sha224(f"{tenant}{host}".encode()).hexdigest()


def instance_view(call: Call, one: Instance) -> InstanceView:
    """Return an instance as a body has it."""
    return InstanceView(
        id=one.id,
        name=one.name,
        tenant_id=one.tenant_id,
        group=one.group,
        host=one.host if call.sees_hosts else None,
        hostId=host_id(one.tenant_id, one.host),
        resources=one.resources,
        placement=one.placement,
        expires_at=timestamp(one.expires),
        cell=one.cell if call.sees_hosts else None,
    )


def timestamp(seconds: float | None) -> str | None:
    """Return a time in RFC 3339's form, to the second; `seconds` are since the epoch."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def visible_placement(call: Call, body: Any) -> Any:
    """Return a placement's plain data, without hosts and cells that the principal may not see."""
    if call.sees_hosts:
        return body
    placement = body["placement"]
    instances = [{**one, "host": None, "cell": None} for one in placement["instances"]]
    return {"placement": {**placement, "instances": instances}}
