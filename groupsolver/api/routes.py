"""Every path, as a table."""

from __future__ import annotations

from groupsolver.api.handlers import (
    adoption,
    explain,
    fleet,
    grants,
    groups,
    headroom,
    instances,
    monitoring,
    placements,
)
from groupsolver.api.http.route import Route
from groupsolver.api.nova import NOVA_ROUTES, VERSION_ROUTES
from groupsolver.model.fleet import Fleet, Host
from groupsolver.wire.bodies.explain import ExplainRequest, ExplanationAnswer
from groupsolver.wire.bodies.fleet import FleetAnswer
from groupsolver.wire.bodies.grants import (
    AdoptRequest,
    GrantAnswer,
    GrantRequest,
    GrantsAnswer,
    PreviewAnswer,
)
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.headroom import HeadroomAnswer, HeadroomRequest
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer
from groupsolver.wire.bodies.placements import PlacementAnswer, PlacementRequest

_GROUPS = "/v1.0/<tenant_id>/groups"
_GROUP = f"{_GROUPS}/<id>"
_INSTANCES = "/v1.0/<tenant_id>/instances"
_PLACEMENTS = "/v1.0/<tenant_id>/placements"
_EXPLAIN = "/v1.0/<tenant_id>/explain"
_HEADROOM = "/v1.0/<tenant_id>/headroom"
_HOST = "/v1.0/fleet/hosts/<name>"
_ONE = {200: GroupAnswer}
_CHANGE_FAILS = (
    "group-not-found",
    "group-not-empty",
    "group-in-use",
    "quota-exceeded",
    "stale",
    "id-taken",
    "would-break",
)
_PLACE_FAILS = (
    "group-not-found",
    "id-taken",
    "placement-infeasible",
    "quota-exceeded",
    "idempotency-in-flight",
    "idempotency-mismatch",
    "busy",
    "claim-contended",
    "no-answer-in-time",
)
_PAGE = ("limit", "marker")


def _changing(method: str, summary: str) -> Route:
    handler = groups.patch if method == "PATCH" else groups.update
    return Route(
        method,
        _GROUP,
        handler,
        summary,
        needs="member",
        takes=GroupRequest,
        gives=_ONE,
        fails=_CHANGE_FAILS,
        query=("preview", "apply"),
        previews=PreviewAnswer,
        joined=True,
    )


_FLEET = (
    Route(
        "GET",
        "/v1.0/fleet",
        fleet.show,
        "Show the fleet",
        "admin",
        root="fleet",
        gives={200: FleetAnswer},
    ),
    Route(
        "PUT",
        "/v1.0/fleet",
        fleet.replace,
        "Replace the fleet",
        "admin",
        takes=Fleet,
        root="fleet",
        gives={204: None},
        fails=("host-in-use", "level-in-use"),
        large=True,
    ),
    Route(
        "GET",
        _HOST,
        fleet.show_host,
        "Show a host",
        "admin",
        root="host",
        gives={200: Host},
        fails=("host-not-found",),
    ),
    Route(
        "PUT",
        _HOST,
        fleet.put_host,
        "Add or replace a host",
        "admin",
        takes=Host,
        root="host",
        gives={200: Host, 201: Host},
        fails=("host-not-found", "stale"),
    ),
    Route(
        "DELETE",
        _HOST,
        fleet.delete_host,
        "Take a host out",
        "admin",
        gives={204: None},
        fails=("host-not-found", "host-in-use", "stale"),
    ),
)
_TENANT = (
    Route(
        "GET",
        _GROUPS,
        groups.index,
        "List groups",
        gives={200: GroupsAnswer},
        query=(*_PAGE, "name", "granted"),
    ),
    Route(
        "POST",
        _GROUPS,
        groups.create,
        "Register a group",
        "member",
        takes=GroupRequest,
        gives={201: GroupAnswer},
        fails=("group-not-found", "group-not-empty", "id-taken", "quota-exceeded"),
    ),
    Route("GET", _GROUP, groups.show, "Show a group", gives=_ONE, fails=("group-not-found",)),
    _changing("UPDATE", "Change a group: each key of the body replaces the stored one"),
    _changing("PUT", "Change a group: each key of the body replaces the stored one"),
    _changing("PATCH", "Change a group by a merge patch, RFC 7396"),
    Route(
        "DELETE",
        _GROUP,
        groups.delete,
        "Remove a group",
        "member",
        gives={204: None},
        fails=("group-not-found", "group-not-empty", "group-in-use", "stale"),
        query=("force",),
    ),
    Route(
        "POST",
        _PLACEMENTS,
        placements.create,
        "Place instances, all or none",
        "member",
        takes=PlacementRequest,
        gives={200: PlacementAnswer, 201: PlacementAnswer},
        fails=_PLACE_FAILS,
        query=("dry_run",),
    ),
    Route(
        "POST",
        f"{_PLACEMENTS}/<id>/confirm",
        placements.confirm,
        "Let the claims of a placement stay",
        "member",
        gives={200: PlacementAnswer},
        fails=("placement-not-found",),
    ),
    Route(
        "POST",
        _EXPLAIN,
        explain.create,
        "Say why instances cannot be placed, and what would help",
        "member",
        takes=ExplainRequest,
        gives={200: ExplanationAnswer},
        fails=("group-not-found", "id-taken", "quota-exceeded", "busy", "no-answer-in-time"),
    ),
    Route(
        "POST",
        _HEADROOM,
        headroom.create,
        "Say how many more copies of instances fit",
        "member",
        takes=HeadroomRequest,
        gives={200: HeadroomAnswer},
        fails=("group-not-found", "busy", "no-answer-in-time"),
    ),
    Route(
        "GET",
        _INSTANCES,
        instances.index,
        "List instances",
        gives={200: InstancesAnswer},
        query=_PAGE,
    ),
    Route(
        "GET",
        f"{_INSTANCES}/<id>",
        instances.show,
        "Say where an instance is",
        gives={200: InstanceAnswer},
        fails=("instance-not-found",),
    ),
    Route(
        "DELETE",
        f"{_INSTANCES}/<id>",
        instances.delete,
        "Remove an instance and free its claim",
        "member",
        gives={204: None},
        fails=("instance-not-found",),
    ),
)
_SHARING = (
    Route(
        "GET",
        f"{_GROUP}/grants",
        grants.index,
        "List the projects that may join a group",
        gives={200: GrantsAnswer},
        fails=("group-not-found",),
    ),
    Route(
        "POST",
        f"{_GROUP}/grants",
        grants.create,
        "Let another project join a group",
        "member",
        takes=GrantRequest,
        gives={200: GrantAnswer, 201: GrantAnswer},
        fails=("group-not-found", "quota-exceeded"),
    ),
    Route(
        "DELETE",
        f"{_GROUP}/grants/<grantee>",
        grants.delete,
        "Let another project join a group no more",
        "member",
        gives={204: None},
        fails=("group-not-found", "grant-not-found"),
    ),
    Route(
        "POST",
        f"{_GROUP}/adopt",
        adoption.adopt,
        "Take running instances into a group",
        "service",
        takes=AdoptRequest,
        gives=_ONE,
        fails=(
            "group-not-found",
            "instance-not-found",
            "instance-in-group",
            "quota-exceeded",
            "would-break",
            "stale",
        ),
        query=("preview", "force"),
        previews=PreviewAnswer,
    ),
)
_OPERATION = (
    Route(
        "GET", "/openapi.json", monitoring.openapi, "Describe this API", "nobody", family="plain"
    ),
    Route(
        "GET",
        "/healthz",
        monitoring.healthz,
        "Liveness, with the database's",
        "nobody",
        family="plain",
    ),
    Route(
        "GET",
        "/metrics",
        monitoring.metrics,
        "Counters, as Prometheus reads them",
        "nobody",
        family="plain",
    ),
)
_NOVA = tuple(
    Route(
        row.method,
        prefix + row.path,
        row.handler,
        row.summary,
        "reader" if row.method == "GET" else "member",
        family="nova",
    )
    for prefix in ("/v2.1", "/v2.1/<project_id>")
    for row in NOVA_ROUTES
)
_VERSIONS = tuple(
    Route(row.method, row.path, row.handler, row.summary, "nobody", family="nova")
    for row in VERSION_ROUTES
)

ROUTES: tuple[Route, ...] = (*_TENANT, *_SHARING, *_FLEET, *_NOVA, *_VERSIONS, *_OPERATION)
