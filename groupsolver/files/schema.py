"""What pydantic leaves open in a JSON Schema, closed: the schema then refuses what the readers refuse."""

from __future__ import annotations

from typing import Any


def closed(node: Any) -> Any:
    """Give a schema that refuses keys which match no pattern of their mapping, and policies without their kind."""
    if isinstance(node, list):
        return [closed(value) for value in node]
    if not isinstance(node, dict):
        return node
    inner = {key: closed(value) for key, value in node.items()}
    if "patternProperties" in inner:
        inner = {"additionalProperties": False, **inner}
    properties = inner.get("properties")
    # Of several policies one is found by its kind, which therefore has to be there, default or not.
    if (
        isinstance(properties, dict)
        and isinstance(properties.get("kind"), dict)
        and "const" in properties["kind"]
    ):
        inner["required"] = list(dict.fromkeys(["kind", *inner.get("required", [])]))
    return inner
