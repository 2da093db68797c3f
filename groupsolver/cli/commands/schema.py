"""``groupsolver schema``: the JSON Schema of each format, and the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Format, Options
from groupsolver.cli.output.stdout import write
from groupsolver.constraints.registry import Application
from groupsolver.files.schema import closed
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result


def schema(options: Options) -> int:
    """Print a schema."""
    write(json.dumps(schema_of(options.format), indent=2) + "\n")
    return Exit.OK


def schema_of(format_: Format) -> dict[str, Any]:
    """Give the JSON Schema of what is read (``fleet``, ``app``) or answered (``result``), or all of the HTTP API's."""
    match format_:
        case "openapi":
            # Not above: it loads the server, which the other formats can do without.
            from groupsolver.api.openapi import document
            from groupsolver.api.routes import ROUTES

            return document(ROUTES)
        case "fleet":
            found, title = Fleet.model_json_schema(mode="validation"), "groupsolver fleet"
        case "app":
            found, title = (
                Application.model_json_schema(mode="validation"),
                "groupsolver application",
            )
        case _:
            found, title = Result.model_json_schema(mode="serialization"), "groupsolver result"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **closed(found),
        "title": title,
    }
