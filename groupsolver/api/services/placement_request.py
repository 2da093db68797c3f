"""A placement's body as a batch: flavors resolved, counts unrolled, ids given."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.model.inventory import Resources
from groupsolver.store.state.problem_scope import RequestedPlacement, RequestedInstance
from groupsolver.wire.bodies.core import InstanceRequest, PlacementFields

_NAME = 255  # characters of a name


def requested_placement(call: Call, asked: PlacementFields) -> RequestedPlacement:
    """Read what is to be placed. Raises `ApiError`: ``bad-input``, ``forbidden``."""
    settings = call.service.settings
    # Whether an id is taken tells of other projects' instances.
    if any(one.id is not None for one in asked.instances) and not call.principal.roles & {
        "admin",
        "service",
    }:
        raise ApiError("forbidden", "only an admin or a service may choose an id")
    if faults := list(
        islice(_faults(asked, settings.most_members, settings.time_limit), MAX_FAULTS_SHOWN)
    ):
        raise bad_input(*faults)
    instances = tuple(one for instance in asked.instances for one in _unrolled(instance, asked))
    groups = {one.group for one in instances if one.group is not None}
    snapshot = call.service.snapshot_cache.snapshot()
    there = [snapshot.groups[key] for key in groups if key in snapshot.groups]
    # A member counts for the quota of the group's project, whoever placed it.
    most = {
        group.id: settings.quota_of(group.tenant_id).of_members(group.origin) for group in there
    }
    return RequestedPlacement(call.tenant, instances, asked.objective, most)


def _faults(asked: PlacementFields, most: int, seconds: float) -> Iterator[Fault]:
    total = sum(one.count for one in asked.instances)
    if total > most:
        message = f"expected at most {most} instances, found {total}"
        yield Fault("too-many-members", "placement.instances", message)
        return
    if asked.time_limit is not None and asked.time_limit > seconds:
        yield Fault(
            "out-of-range",
            "placement.time_limit",
            f"expected at most {seconds:g}, found {asked.time_limit:g}",
        )
    seen: set[str] = set()
    for i, one in enumerate(asked.instances):
        path = f"placement.instances[{i}]"
        if one.flavor is not None and one.flavor not in asked.flavors:
            hint = nearest(one.flavor, list(asked.flavors))
            yield Fault("unknown-flavor", f"{path}.flavor", f"unknown flavor {one.flavor!r}{hint}")
        elif not _resources(one, asked):
            yield Fault("out-of-range", path, "expected an instance that takes something")
        if one.name is not None and one.count > 1 and len(f"{one.name}-{one.count}") > _NAME:
            message = (
                f"expected at most {_NAME} characters with the number that is added, found more"
            )
            yield Fault("out-of-range", f"{path}.name", message)
        if one.id is not None and one.id in seen:
            yield Fault("duplicate-name", f"{path}.id", f"instance id {one.id!r} is given twice")
        seen.add(one.id or "")


def _resources(one: InstanceRequest, asked: PlacementFields) -> Resources:
    whole = asked.flavors[one.flavor].resources if one.flavor is not None else one.resources or {}
    return {name: amount for name, amount in whole.items() if amount}


def _unrolled(one: InstanceRequest, asked: PlacementFields) -> Iterator[RequestedInstance]:
    resources = _resources(one, asked)
    for number in range(1, one.count + 1):
        name = one.name if one.name is None or one.count == 1 else f"{one.name}-{number}"
        yield RequestedInstance(one.id or str(uuid.uuid4()), name, one.hints.group, resources)
