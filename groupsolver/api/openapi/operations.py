"""A route as an OpenAPI operation: its parameters, body and responses."""

from __future__ import annotations

import re
from typing import Any

from groupsolver.api.http.query import MAX_PAGE_SIZE
from groupsolver.api.http.route import Route
from groupsolver.api.openapi import nova
from groupsolver.api.openapi.responses import Responses
from groupsolver.api.openapi.schemas import NOVA_REQUEST_MODELS, Schemas

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean", "default": False}
_QUERY_PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "limit": (
        "The most entries of an answer",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": MAX_PAGE_SIZE},
    ),
    "marker": ("The id of the entry after which the list begins", _TEXT),
    "name": ("Only groups of this name", _TEXT),
    "force": (
        "Remove a group with members, which run on in no group; or adopt where a policy breaks",
        _FLAG,
    ),
    "granted": ("The groups of other projects that this one may join, instead of its own", _FLAG),
    "preview": ("Change nothing, and return the policies that running members would break", _FLAG),
    "apply": (
        "Change a group with members if none would break a policy; not with `preview`",
        {"type": "string", "enum": ["if-clean"]},
    ),
    "dry_run": ("Solve, and claim nothing", _FLAG),
}
_PATH_PARAMETERS = {
    "tenant_id": "The project",
    "project_id": "The project",
    "id": "The id; 404 for an unknown id and for one of another project",
    "name": "The host's name",
    "grantee": "The project that may join",
}
_MERGE_PATCH = "application/merge-patch+json"
_MERGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"group": {"type": "object", "description": "Null removes a key's value"}},
    "required": ["group"],
}


_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` of the state to change, in quotes; 412 if it has changed since",
    "schema": _TEXT,
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Chosen by the client: for a day, the same key and body get the same answer",
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
}


def openapi_path(route: Route) -> str:
    """Return a route's path in OpenAPI's form."""
    return re.sub(r"<([a-z_]+)>", r"{\1}", route.path)


def operation(route: Route, schemas: Schemas, responses: Responses) -> dict[str, Any]:
    """Return the operation object of a route."""
    made: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": [{"plain": "operation"}.get(route.family, route.family)],
    }
    if route.handler.__doc__:
        made["description"] = route.handler.__doc__.partition("\n")[0]
    if route.role is None:
        made["security"] = []
    else:
        made["x-role"] = route.role
    parameters = _parameters(route)
    if parameters:
        made["parameters"] = parameters
    body = _body(route, schemas)
    if body:
        made["requestBody"] = body
    made["responses"] = responses.of_route(route)
    links = _LINKS.get(route.operation_id)
    if links:
        made["responses"]["201"]["links"] = links
    return made


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_PARAMETERS[name],
            "schema": _TEXT,
        }
        for name in re.findall(r"<([a-z_]+)>", route.path)
    ]
    for name in route.query_parameters:
        description, schema = _QUERY_PARAMETERS[name]
        found.append({"name": name, "in": "query", "description": description, "schema": schema})
    if route.family == "nova":
        found += nova.QUERY_PARAMETERS if route.handler.__name__ == "index" else []
        found += nova.VERSION_PARAMETERS
    if "stale" in route.error_codes:
        found.append(_IF_MATCH)
    if "idempotency-mismatch" in route.error_codes:
        found.append(_IDEMPOTENCY_KEY)
    return found


def _body(route: Route, schemas: Schemas) -> dict[str, Any] | None:
    model = route.request_model
    if model is not None:
        content = {"application/json": {"schema": schemas.ref(model, "validation")}}
        if route.method == "PATCH":
            content = {
                _MERGE_PATCH: {"schema": _MERGE_SCHEMA},
                "application/json": {"schema": _MERGE_SCHEMA},
            }
        content["application/xml"] = {"schema": schemas.xml(model, "validation", route.xml_root)}
        return {"required": True, "content": content}
    if route.family == "nova" and route.method == "POST":
        any_of = [schemas.ref(one, "validation") for one in NOVA_REQUEST_MODELS]
        return {
            "required": True,
            "description": "Up to 2.14, up to 2.63, and from 2.64",
            "content": {"application/json": {"schema": {"anyOf": any_of}}},
        }
    return None


def _link(target: str, key: str) -> dict[str, Any]:
    """Return a link to an operation on what was created; `key` is the outer key of the answer."""
    parameters = {"tenant_id": "$request.path.tenant_id", "id": f"$response.body#/{key}/id"}
    return {"operationId": target, "parameters": parameters}


# The id of an operation that creates something -> links to operations on it.
_LINKS = {
    "groups.create": {
        name: _link(f"groups.{name}", "group") for name in ("show", "patch", "delete")
    },
    "placements.create": {"confirm": _link("placements.confirm", "placement")},
}
