"""The body of a placement with its flavors resolved, its counts expanded, and ids added."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.model.inventory import Resources
from groupsolver.store.state.project_scope import RequestedInstance, RequestedPlacement
from groupsolver.wire.bodies.placements import InstanceRequest, PlacementFields

_MAX_NAME_LENGTH = 255


def requested_placement(call: Call, fields: PlacementFields) -> RequestedPlacement:
    """Return what is to be placed. Raises `ApiError`: ``bad-input``, ``forbidden``."""
    settings = call.service.settings
    chooses_id = any(one.id is not None for one in fields.instances)
    # The answer would tell whether another project has an instance of that id.
    if chooses_id and not call.principal.roles & {"admin", "service"}:
        raise ApiError("forbidden", "only an admin or a service may choose an id")
    faults = find_faults(fields, settings.most_members, settings.time_limit)
    first_faults = list(islice(faults, MAX_FAULTS_SHOWN))
    if first_faults:
        raise bad_input(*first_faults)
    instances: list[RequestedInstance] = []
    for instance in fields.instances:
        instances.extend(expanded(instance, fields))
    snapshot = call.service.snapshot_cache.snapshot()
    # A member counts for the quota of the group's project, whichever project places it.
    limits = {}
    for key in {one.group for one in instances if one.group is not None}:
        group = snapshot.groups.get(key)
        if group is not None:
            limits[key] = settings.quota_of(group.tenant_id).max_members(group.origin)
    return RequestedPlacement(
        call.tenant, tuple(instances), fields.objective, limits, fields.host_price
    )


def find_faults(fields: PlacementFields, max_members: int, max_seconds: float) -> Iterator[Fault]:
    """Yield what is wrong with a placement's fields."""
    total = sum(one.count for one in fields.instances)
    if total > max_members:
        message = f"expected at most {max_members} instances, found {total}"
        yield Fault("too-many-members", "placement.instances", message)
        return
    if fields.time_limit is not None and fields.time_limit > max_seconds:
        message = f"expected at most {max_seconds:g}, found {fields.time_limit:g}"
        yield Fault("out-of-range", "placement.time_limit", message)
    seen: set[str] = set()
    for i, one in enumerate(fields.instances):
        path = f"placement.instances[{i}]"
        yield from _instance_faults(one, fields, path)
        if one.id is not None and one.id in seen:
            yield Fault("duplicate-name", f"{path}.id", f"instance id {one.id!r} is given twice")
        seen.add(one.id or "")


def _instance_faults(one: InstanceRequest, fields: PlacementFields, path: str) -> Iterator[Fault]:
    if one.flavor is not None and one.flavor not in fields.flavors:
        hint = nearest(one.flavor, list(fields.flavors))
        yield Fault("unknown-flavor", f"{path}.flavor", f"unknown flavor {one.flavor!r}{hint}")
    elif not _resources(one, fields):
        yield Fault("out-of-range", path, "expected an instance that takes something")
    # The last instance has the longest name.
    if one.name is not None and one.count > 1:
        longest = f"{one.name}-{one.count}"
        if len(longest) > _MAX_NAME_LENGTH:
            limit = f"{_MAX_NAME_LENGTH} characters with the number that is added"
            yield Fault("out-of-range", f"{path}.name", f"expected at most {limit}, found more")


def _resources(one: InstanceRequest, fields: PlacementFields) -> Resources:
    if one.flavor is not None:
        amounts = fields.flavors[one.flavor].resources
    else:
        amounts = one.resources or {}
    return {name: amount for name, amount in amounts.items() if amount}


def expanded(one: InstanceRequest, fields: PlacementFields) -> Iterator[RequestedInstance]:
    """Yield the instances of an entry: ``count`` of them, with numbered names."""
    resources = _resources(one, fields)
    for number in range(1, one.count + 1):
        name = one.name
        if name is not None and one.count > 1:
            name = f"{name}-{number}"
        key = one.id or str(uuid.uuid4())
        yield RequestedInstance(key, name, one.hints.group, resources)
