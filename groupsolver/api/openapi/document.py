"""The document: the paths with their methods, and the components that they refer to."""

from __future__ import annotations

from functools import cache
from typing import Any

import groupsolver
from groupsolver.api.http.route import Route
from groupsolver.api.openapi.operations import openapi_path, operation
from groupsolver.api.openapi.responses import HEADERS, Responses
from groupsolver.api.openapi.schemas import Schemas

_DESCRIPTION = """\
Places whole applications: groups of instances and the policies that relate them.

**Media types.** Paths below `/v1.0` use JSON and XML, by `Accept` and `Content-Type`; all others \
use JSON. In XML each key is an element, and each item of a list an element with the singular of \
the list's name: `<policies><policy>...`. Metadata, and keys that cannot be an element's name, are \
`<entry><key/><value/></entry>`. Null, an empty list and an empty mapping are a child `<null/>`, \
`<list/>`, `<dict/>`.

**Methods.** OpenAPI does not know the method `UPDATE`: it is `x-update` beside the other methods \
of its path. A method that a path does not support is answered with 405 and `Allow`.

**Identity.** The operator chooses the mode: `keystone` reads tokens from `X-Auth-Token`, `tokens` \
also from `Authorization: Bearer`. In the mode `loopback` every user of the server's machine is \
admin, and no other machine is served.

**Errors.** `code` says what went wrong, and is stable. The codes of each status are its \
`x-codes`; those of faults in a body, with 400, are in the documentation."""


@cache
def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a table of routes.

    Returns
    -------
    dict
        Plain JSON data; it is cached, and must not be changed. ``UPDATE``, which OpenAPI does not
        know, is an operation under ``x-update``.
    """
    schemas = Schemas(routes)
    responses = Responses(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method = "x-update" if route.method == "UPDATE" else route.method.lower()
        path = paths.setdefault(openapi_path(route), {})
        path[method] = operation(route, schemas, responses)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "groupsolver",
            "version": groupsolver.__version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"bearer": []}],
        "tags": [
            {"name": "v1", "description": "Groups, placements, instances and the fleet"},
            {"name": "nova", "description": "Nova's server groups, for its own clients"},
            {"name": "operation", "description": "For operators"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.by_name,
            "responses": responses.shared,
            "headers": HEADERS,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }
