"""The document: paths by method, what they refer to, and what holds for all of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import groupsolver
from groupsolver.api.openapi.operations import operation, path_of
from groupsolver.api.openapi.responses import Answers
from groupsolver.api.openapi.schemas import schemas
from groupsolver.api.routes import ROUTES

_ABOUT = """\
Places whole applications: groups of instances and the policies that relate them.

**Forms.** Paths below `/v1.0` speak JSON and XML, by `Accept` and `Content-Type`; all others JSON. In XML a key is an \
element, and an item of a list one with the list's singular: `<policies><policy>...`. Metadata, and keys that cannot \
be an element's name, are `<entry><key/><value/></entry>`. Null, an empty list and an empty mapping are a child \
`<null/>`, `<list/>`, `<dict/>`.

**Methods.** `UPDATE`, which OpenAPI has no word for, stands as `x-update` beside the other methods of its path. A \
method that a path does not take is answered with 405 and `Allow`.

**Identity.** As the server was started: tokens are looked at in the modes `keystone` (`X-Auth-Token` alone) and \
`tokens`; in the mode `loopback` every user of the server's machine is admin, and nobody else is answered.

**Errors.** `code` says what went wrong, and is stable; the codes of each status are its `x-codes`, those of a body's \
faults, with 400, are in the documentation."""


@cache
def document() -> dict[str, Any]:
    """Give the OpenAPI 3.1 document of all that is served; the same one each time, not to be changed.

    Returns
    -------
    dict
        Plain JSON data. ``UPDATE``, which OpenAPI does not know, is an operation under ``x-update``.
    """
    answers = Answers()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        word = "x-update" if route.method == "UPDATE" else route.method.lower()
        paths.setdefault(path_of(route), {})[word] = operation(route, answers)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "groupsolver",
            "version": groupsolver.__version__,
            "description": _ABOUT,
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
            "schemas": schemas(),
            "responses": answers.shared,
            "headers": answers.headers,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }
