"""``groupsolver schema``: the JSON Schema of each format."""

from __future__ import annotations

import json
from typing import Any

from groupsolver.cli.exits import Exit
from groupsolver.cli.options import Format, Options
from groupsolver.cli.out import write
from groupsolver.constraints import Application
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result


def schema(options: Options) -> int:
    """Print a schema."""
    write(json.dumps(schema_of(options.format), indent=2) + "\n")
    return Exit.OK


def schema_of(format_: Format) -> dict[str, Any]:
    """Give the JSON Schema of what is read (``fleet``, ``app``) or answered (``result``)."""
    match format_:
        case "fleet":
            found, title = Fleet.model_json_schema(mode="validation"), "groupsolver fleet"
        case "app":
            found, title = Application.model_json_schema(mode="validation"), "groupsolver application"
        case _:
            found, title = Result.model_json_schema(mode="serialization"), "groupsolver result"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_closed(found), "title": title}


def _closed(node: Any) -> Any:
    """Refuse the keys of a mapping that do not match its pattern, which pydantic leaves open."""
    if isinstance(node, dict):
        inner = {key: _closed(value) for key, value in node.items()}
        return {"additionalProperties": False, **inner} if "patternProperties" in inner else inner
    return [_closed(value) for value in node] if isinstance(node, list) else node
