"""Stored values as bodies; names of hosts only for those who may see them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from groupsolver.api.call import Call
from groupsolver.store.records import Instance, StoredGroup
from groupsolver.wire.bodies import GroupView, InstanceView


def group_view(group: StoredGroup) -> GroupView:
    """Give a group as it is answered."""
    return GroupView(
        id=group.id,
        name=group.name,
        tenant_id=group.tenant_id,
        policies=group.policies,
        metadata=group.metadata,
        groups=group.groups,
        members=group.members,
    )


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
    )


def moment(seconds: float | None) -> str | None:
    """Give a time as RFC 3339 has it, to the second."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hidden(call: Call, body: Any) -> Any:
    """Take names of hosts out of a placement's plain data, where the asker may not see them."""
    if call.sees_hosts:
        return body
    placement = body["placement"]
    instances = [{**one, "host": None} for one in placement["instances"]]
    return {"placement": {**placement, "instances": instances}}
