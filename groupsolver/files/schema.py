"""JSON Schemas made as strict as the package's own parsers."""

from __future__ import annotations

from typing import Any


def closed(node: Any) -> Any:
    """Return a schema that refuses unknown keys and policies without their kind.

    Pydantic's schemas leave both open: keys that match no pattern of their mapping, and a `kind`
    that has a default.
    """
    if isinstance(node, list):
        return [closed(value) for value in node]
    if not isinstance(node, dict):
        return node
    strict = {key: closed(value) for key, value in node.items()}
    if "patternProperties" in strict:
        strict = {"additionalProperties": False, **strict}
    # A policy is recognized by its kind among several, so the kind is required, default or not.
    if _has_constant_kind(strict):
        required = ["kind", *strict.get("required", [])]
        strict["required"] = list(dict.fromkeys(required))
    return strict


def _has_constant_kind(schema: dict[str, Any]) -> bool:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return False
    kind = properties.get("kind")
    return isinstance(kind, dict) and "const" in kind
