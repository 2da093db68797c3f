"""The schemas of Nova's family that have no model, and the parameters of its requests."""

from __future__ import annotations

from typing import Any

from groupsolver.api.nova.microversion import HEADER, HIGHEST, LEGACY, LOWEST

_TEXT = {"type": "string"}
_LINKS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["rel", "href"],
        "properties": {"rel": _TEXT, "href": _TEXT},
    },
}


def _object(
    required: dict[str, Any], optional: dict[str, Any] | None = None, description: str | None = None
) -> dict[str, Any]:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_POLICY_NAMES = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]
_VERSION = {
    "id": {"const": f"v{LOWEST}"},
    "status": {"const": "CURRENT"},
    "version": {"const": str(HIGHEST)},
    "min_version": {"const": str(LOWEST)},
    "updated": _TEXT,
    "links": _LINKS,
}
_MEDIA_TYPES = {"type": "array", "items": _object({"base": _TEXT, "type": _TEXT})}
NOVA_SCHEMAS: dict[str, Any] = {
    "ServerGroup": _object(
        {"id": _TEXT, "name": _TEXT, "members": {"type": "array", "items": _TEXT}},
        {
            "policies": {"type": "array", "items": {"enum": _POLICY_NAMES}, "maxItems": 1},
            "metadata": {"type": "object", "maxProperties": 0},
            "policy": {"enum": [*_POLICY_NAMES, None]},
            "rules": _object({}, {"max_server_per_host": {"type": "integer", "minimum": 1}}),
            "project_id": _TEXT,
            "user_id": _TEXT,
        },
        "`policies` and `metadata` up to 2.63, `policy` and `rules` from 2.64; the owners "
        "from 2.13.",
    ),
    "ServerGroupAnswer": _object({"server_group": _ref("ServerGroup")}),
    "ServerGroupsAnswer": _object(
        {"server_groups": {"type": "array", "items": _ref("ServerGroup")}}
    ),
    "VersionAnswer": _object({"version": _object({**_VERSION, "media-types": _MEDIA_TYPES})}),
    "VersionsAnswer": _object({"versions": {"type": "array", "items": _object(_VERSION)}}),
    "NovaFault": {
        "type": "object",
        "description": "One key, named after the status.",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": _object({"code": {"type": "integer"}, "message": _TEXT}),
    },
}
"""The schemas, by name."""

# The name of a handler -> the schema of its answer.
RESPONSE_SCHEMAS = {
    "index": "ServerGroupsAnswer",
    "create": "ServerGroupAnswer",
    "show": "ServerGroupAnswer",
    "root": "VersionsAnswer",
    "one": "VersionAnswer",
    "of_project": "VersionAnswer",
}
VERSION_PARAMETERS = [
    {
        "name": HEADER,
        "in": "header",
        "description": f"`compute X`, {LOWEST} to {HIGHEST}, or `compute latest`; default {LOWEST}",
        "schema": {
            **_TEXT,
            "examples": [f"compute {LOWEST}", f"compute {HIGHEST}", "compute latest"],
        },
    },
    {
        "name": LEGACY,
        "in": "header",
        "description": "The version alone, for older clients",
        "schema": {**_TEXT, "examples": [str(LOWEST), str(HIGHEST), "latest"]},
    },
]
_NUMBER = {"type": "integer", "minimum": 0}
QUERY_PARAMETERS = [
    {
        "name": "all_projects",
        "in": "query",
        "description": "All projects' groups, for admins",
        "schema": _TEXT,
    },
    {"name": "limit", "in": "query", "description": "0: no limit", "schema": _NUMBER},
    {"name": "offset", "in": "query", "schema": _NUMBER},
    {
        "name": "marker",
        "in": "query",
        "description": "The group after which the list begins",
        "schema": _TEXT,
    },
]
