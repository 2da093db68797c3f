"""The table of routes: every path and method of the server."""

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
from groupsolver.api.http.call import Call, Reply
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
    ReleaseRequest,
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
_GROUP_ANSWER = {200: GroupAnswer}
_CHANGE_ERRORS = (
    "group-not-found",
    "group-not-empty",
    "group-in-use",
    "quota-exceeded",
    "stale",
    "id-taken",
    "would-break",
)
_PLACE_ERRORS = (
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


def _change_route(method: str, operation_id: str, summary: str) -> Route:
    return Route(
        method,
        _GROUP,
        groups.patch if method == "PATCH" else groups.update,
        operation_id,
        summary,
        role="member",
        request_model=GroupRequest,
        response_models=_GROUP_ANSWER,
        preview_model=PreviewAnswer,
        error_codes=_CHANGE_ERRORS,
        query_parameters=("preview", "apply"),
        merges_stored=True,
    )


def _openapi(call: Call) -> Reply:  # noqa: ARG001 - a handler
    """Describe every path, OpenAPI 3.1."""
    from groupsolver.api.openapi import document

    return Reply(body=document(ROUTES))


_FLEET = (
    Route(
        "GET",
        "/v1.0/fleet",
        fleet.show,
        "fleet.show",
        "Show the fleet",
        role="admin",
        response_models={200: FleetAnswer},
        xml_root="fleet",
    ),
    Route(
        "PUT",
        "/v1.0/fleet",
        fleet.replace,
        "fleet.replace",
        "Replace the fleet",
        role="admin",
        request_model=Fleet,
        response_models={204: None},
        xml_root="fleet",
        error_codes=("host-in-use", "level-in-use"),
        large_body=True,
    ),
    Route(
        "GET",
        _HOST,
        fleet.show_host,
        "fleet.show_host",
        "Show a host",
        role="admin",
        response_models={200: Host},
        xml_root="host",
        error_codes=("host-not-found",),
    ),
    Route(
        "PUT",
        _HOST,
        fleet.put_host,
        "fleet.put_host",
        "Add or replace a host",
        role="admin",
        request_model=Host,
        response_models={200: Host, 201: Host},
        xml_root="host",
        error_codes=("host-not-found", "stale"),
    ),
    Route(
        "DELETE",
        _HOST,
        fleet.delete_host,
        "fleet.delete_host",
        "Remove a host",
        role="admin",
        response_models={204: None},
        error_codes=("host-not-found", "host-in-use", "stale"),
    ),
)
_TENANT = (
    Route(
        "GET",
        _GROUPS,
        groups.index,
        "groups.index",
        "List groups",
        response_models={200: GroupsAnswer},
        query_parameters=(*_PAGE, "name", "granted"),
    ),
    Route(
        "POST",
        _GROUPS,
        groups.create,
        "groups.create",
        "Register a group",
        role="member",
        request_model=GroupRequest,
        response_models={201: GroupAnswer},
        error_codes=("group-not-found", "group-not-empty", "id-taken", "quota-exceeded"),
    ),
    Route(
        "GET",
        _GROUP,
        groups.show,
        "groups.show",
        "Show a group",
        response_models=_GROUP_ANSWER,
        error_codes=("group-not-found",),
    ),
    _change_route(
        "UPDATE", "groups.update", "Change a group: each key of the body replaces the stored one"
    ),
    _change_route(
        "PUT", "groups.update.put", "Change a group: each key of the body replaces the stored one"
    ),
    _change_route("PATCH", "groups.patch", "Change a group by a merge patch, RFC 7396"),
    Route(
        "DELETE",
        _GROUP,
        groups.delete,
        "groups.delete",
        "Remove a group",
        role="member",
        response_models={204: None},
        error_codes=("group-not-found", "group-not-empty", "group-in-use", "stale"),
        query_parameters=("force",),
    ),
    Route(
        "POST",
        _PLACEMENTS,
        placements.create,
        "placements.create",
        "Place instances, all or none",
        role="member",
        request_model=PlacementRequest,
        response_models={200: PlacementAnswer, 201: PlacementAnswer},
        error_codes=_PLACE_ERRORS,
        query_parameters=("dry_run",),
    ),
    Route(
        "POST",
        f"{_PLACEMENTS}/<id>/confirm",
        placements.confirm,
        "placements.confirm",
        "Confirm the claims of a placement",
        role="member",
        response_models={200: PlacementAnswer},
        error_codes=("placement-not-found",),
    ),
    Route(
        "POST",
        _EXPLAIN,
        explain.create,
        "explanations.create",
        "Explain why instances cannot be placed, and what would help",
        role="member",
        request_model=ExplainRequest,
        response_models={200: ExplanationAnswer},
        error_codes=("group-not-found", "id-taken", "quota-exceeded", "busy", "no-answer-in-time"),
    ),
    Route(
        "POST",
        _HEADROOM,
        headroom.create,
        "headrooms.create",
        "Count how many more copies of instances fit",
        role="member",
        request_model=HeadroomRequest,
        response_models={200: HeadroomAnswer},
        error_codes=("group-not-found", "busy", "no-answer-in-time"),
    ),
    Route(
        "GET",
        _INSTANCES,
        instances.index,
        "instances.index",
        "List instances",
        response_models={200: InstancesAnswer},
        query_parameters=_PAGE,
    ),
    Route(
        "GET",
        f"{_INSTANCES}/<id>",
        instances.show,
        "instances.show",
        "Show where an instance is",
        response_models={200: InstanceAnswer},
        error_codes=("instance-not-found",),
    ),
    Route(
        "DELETE",
        f"{_INSTANCES}/<id>",
        instances.delete,
        "instances.delete",
        "Remove an instance and free its claim",
        role="member",
        response_models={204: None},
        error_codes=("instance-not-found",),
    ),
)
_SHARING = (
    Route(
        "GET",
        f"{_GROUP}/grants",
        grants.index,
        "sharing.index",
        "List the projects that may join a group",
        response_models={200: GrantsAnswer},
        error_codes=("group-not-found",),
    ),
    Route(
        "POST",
        f"{_GROUP}/grants",
        grants.create,
        "sharing.create",
        "Permit another project to join a group",
        role="member",
        request_model=GrantRequest,
        response_models={200: GrantAnswer, 201: GrantAnswer},
        error_codes=("group-not-found", "quota-exceeded"),
    ),
    Route(
        "DELETE",
        f"{_GROUP}/grants/<grantee>",
        grants.delete,
        "sharing.delete",
        "Revoke a grant",
        role="member",
        response_models={204: None},
        error_codes=("group-not-found", "grant-not-found"),
    ),
    Route(
        "POST",
        f"{_GROUP}/adopt",
        adoption.adopt,
        "adoption.adopt",
        "Take running instances into a group",
        role="service",
        request_model=AdoptRequest,
        response_models=_GROUP_ANSWER,
        preview_model=PreviewAnswer,
        error_codes=(
            "group-not-found",
            "instance-not-found",
            "instance-in-group",
            "quota-exceeded",
            "would-break",
            "stale",
        ),
        query_parameters=("preview", "force"),
    ),
    Route(
        "POST",
        f"{_GROUP}/release",
        adoption.release,
        "adoption.release",
        "End memberships of a group: its instances run on in no group",
        role="member",
        request_model=ReleaseRequest,
        response_models=_GROUP_ANSWER,
        error_codes=("group-not-found", "instance-not-found", "instance-in-group", "stale"),
    ),
)
_MONITORING = (
    Route(
        "GET",
        "/openapi.json",
        _openapi,
        "operation.openapi",
        "Describe this API",
        role=None,
        family="plain",
    ),
    Route(
        "GET",
        "/healthz",
        monitoring.healthz,
        "operation.healthz",
        "Check that the server and its database are up",
        role=None,
        family="plain",
    ),
    Route(
        "GET",
        "/metrics",
        monitoring.metrics,
        "operation.metrics",
        "Show the metrics, in the text format of Prometheus",
        role=None,
        family="plain",
    ),
)


def _nova_routes(prefix: str, operation_suffix: str) -> tuple[Route, ...]:
    return tuple(
        Route(
            row.method,
            prefix + row.path,
            row.handler,
            row.operation_id + operation_suffix,
            row.summary,
            role="reader" if row.method == "GET" else "member",
            family="nova",
        )
        for row in NOVA_ROUTES
    )


_VERSIONS = tuple(
    Route(
        row.method,
        row.path,
        row.handler,
        row.operation_id,
        row.summary,
        role=None,
        family="nova",
    )
    for row in VERSION_ROUTES
)

ROUTES: tuple[Route, ...] = (
    *_TENANT,
    *_SHARING,
    *_FLEET,
    *_nova_routes("/v2.1", ""),
    *_nova_routes("/v2.1/<project_id>", ".of_project"),
    *_VERSIONS,
    *_MONITORING,
)
