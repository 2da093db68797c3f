"""A route as an operation: what it takes, from where, and what it answers."""

from __future__ import annotations

import re
from typing import Any

from groupsolver.api.http.query import MAX_PAGE_SIZE
from groupsolver.api.http.route import Route
from groupsolver.api.nova.requests import Create21, Create215, Create264
from groupsolver.api.openapi import nova
from groupsolver.api.openapi.responses import Answers
from groupsolver.api.openapi.schemas import ref, xml_of

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean", "default": False}
_QUERY: dict[str, tuple[str, dict[str, Any]]] = {
    "limit": (
        "How many are answered at most",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": MAX_PAGE_SIZE},
    ),
    "marker": ("The id of the one after which the list begins", _TEXT),
    "name": ("Only those of this name", _TEXT),
    "force": (
        "Remove it with members too: they keep running, ungrouped; or adopt, whatever that breaks",
        _FLAG,
    ),
    "granted": ("The groups of other projects that this one may join, instead of its own", _FLAG),
    "preview": ("Change nothing, and say which policies running members would break then", _FLAG),
    "apply": (
        "With members too, where none of them would break a policy; not with `preview`",
        {"type": "string", "enum": ["if-clean"]},
    ),
    "dry_run": ("Decide, and claim nothing", _FLAG),
}
_IN_PATH = {
    "tenant_id": "The project",
    "project_id": "The project",
    "id": "The id; one that is not there, or not the project's, is answered with 404",
    "name": "The host's name",
    "grantee": "The project that may join",
}
_PATCH = "application/merge-patch+json"
_MERGE: dict[str, Any] = {
    "type": "object",
    "properties": {"group": {"type": "object", "description": "Null takes a key's value away"}},
    "required": ["group"],
}


def path_of(route: Route) -> str:
    """Give a route's path in OpenAPI's form."""
    return re.sub(r"<([a-z_]+)>", r"{\1}", route.path)


def operation(route: Route, answers: Answers) -> dict[str, Any]:
    """Give the operation object of a route."""
    made: dict[str, Any] = {
        "operationId": _id(route),
        "summary": route.summary,
        "tags": [{"plain": "operation"}.get(route.family, route.family)],
    }
    if route.handler.__doc__:
        made["description"] = route.handler.__doc__.partition("\n")[0]
    if route.needs == "nobody":
        made["security"] = []
    else:
        made["x-role"] = route.needs
    if parameters := _parameters(route):
        made["parameters"] = parameters
    if body := _body(route):
        made["requestBody"] = body
    made["responses"] = answers.of(route)
    if route.method == "POST" and (links := _LINKS.get(_id(route))):
        made["responses"]["201"]["links"] = links
    return made


def _id(route: Route) -> str:
    """Give a name that no other route has: the handler's, and what else tells routes of one handler apart."""
    module = route.handler.__module__.removeprefix("groupsolver.api.")
    parts = [module, route.handler.__name__]
    parts += ["put"] if route.method == "PUT" and route.joined else []
    parts += ["of_project"] if "<project_id>" in route.path else []
    parts += ["slash"] if route.path.endswith("/") and len(route.path) > 1 else []
    return ".".join(parts)


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IN_PATH[name],
            "schema": _TEXT,
        }
        for name in re.findall(r"<([a-z_]+)>", route.path)
    ]
    for name in route.query:
        about, schema = _QUERY[name]
        found.append({"name": name, "in": "query", "description": about, "schema": schema})
    if route.family == "nova":
        found += nova.QUERY if route.handler.__name__ == "index" else []
        found += nova.VERSION_HEADERS
    if "stale" in route.fails:
        about = "The `ETag` of the state that is to be changed, in quotes; 412 where it has changed since"
        found.append({"name": "If-Match", "in": "header", "description": about, "schema": _TEXT})
    if "idempotency-mismatch" in route.fails:
        about = "Of the client's making: for a day, the same body with the same key gets the same answer"
        schema = {"type": "string", "pattern": "^[ -~]{1,255}$"}
        found.append(
            {"name": "Idempotency-Key", "in": "header", "description": about, "schema": schema}
        )
    return found


def _body(route: Route) -> dict[str, Any] | None:
    if route.takes is not None:
        content = {"application/json": {"schema": ref(route.takes, "validation")}}
        if route.method == "PATCH":
            content = {_PATCH: {"schema": _MERGE}, "application/json": {"schema": _MERGE}}
        content["application/xml"] = {"schema": xml_of(route.takes, "validation", route.root)}
        return {"required": True, "content": content}
    if route.family == "nova" and route.method == "POST":
        any_of = [ref(model, "validation") for model in (Create21, Create215, Create264)]
        about = "Up to 2.14, up to 2.63, and from 2.64"
        return {
            "required": True,
            "description": about,
            "content": {"application/json": {"schema": {"anyOf": any_of}}},
        }
    return None


def _link(target: str, key: str) -> dict[str, Any]:
    inner = {"tenant_id": "$request.path.tenant_id", "id": f"$response.body#/{key}/id"}
    return {"operationId": target, "parameters": inner}


# What may be done next with what was made.
_LINKS = {
    "groups.create": {
        name: _link(f"groups.{name}", "group") for name in ("show", "patch", "delete")
    },
    "placements.create": {"confirm": _link("placements.confirm", "placement")},
}
