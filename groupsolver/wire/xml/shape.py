"""What stands where in a body: XML needs to be told what JSON shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, reduce
from typing import Any

from groupsolver.model.value import Value
from groupsolver.wire.xml.scalars import ITEM, Text

# What one of a list's items is called, by the list's key; all others are called "item".
SINGULAR = {
    "any_of": "trait",
    "between": "end",
    "capacity": "shortage",
    "cells": "cell",
    "conflicts": "conflict",
    "errors": "error",
    "fixes": "fix",
    "grants": "grant",
    "forbidden": "trait",
    "groups": "group",
    "hosts": "host",
    "instances": "instance",
    "levels": "level",
    "links": "link",
    "members": "member",
    "policies": "policy",
    "required": "trait",
    "scarce": "shortage",
    "traits": "trait",
    "unlocks": "unlock",
    "violations": "violation",
    "warnings": "warning",
}
_METADATA = "metadata"
_TEXTS: dict[str, Text] = {
    "string": "string",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
}


@dataclass(frozen=True)
class Shape:
    """What may stand at one place of a body; the parts of a union stand side by side.

    Parameters
    ----------
    text : {"string", "int", "float", "bool"}, optional
        What bare text is. None, where no scalar is expected, reads as a string.
    keys : mapping of str to Shape
        The keys that have a meaning.
    others : Shape, optional
        Of the values of a mapping with free keys.
    items : Shape, optional
        Of a list's items; None where no list is expected.
    singular : str
        What an item is called.
    entries : bool
        Whether a mapping is always written as entries, whatever its keys are.
    """

    text: Text | None = None
    keys: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    items: Shape | None = None
    singular: str = ITEM
    entries: bool = False

    def at(self, key: str) -> Shape:
        """Give the shape of a mapping's value; of a key without a meaning, that of any JSON."""
        return (
            self.keys.get(key) or self.others or (_ANY_METADATA if key == _METADATA else ANYTHING)
        )


ANYTHING = Shape()
_ANY_METADATA = Shape(entries=True)


@cache
def shape_of(model: type[Value]) -> Shape:
    """Derive what stands where from a model's JSON Schema, once. No model may contain itself."""
    schema = model.model_json_schema()
    return _shape(schema, schema.get("$defs", {}), "")


def _shape(schema: Any, defs: dict[str, Any], key: str) -> Shape:
    """Give the shape of a schema that stands at a key."""
    if not isinstance(schema, dict):
        return ANYTHING
    if "$ref" in schema:
        return _shape(defs[schema["$ref"].rpartition("/")[2]], defs, key)
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        return _union(_shape(part, defs, key) for part in parts)
    match schema.get("type") or _type_of(schema):
        case "object":
            keys = {
                name: _shape(inner, defs, name)
                for name, inner in schema.get("properties", {}).items()
            }
            values = [
                schema.get("additionalProperties"),
                *schema.get("patternProperties", {}).values(),
            ]
            typed = [_shape(inner, defs, "") for inner in values if isinstance(inner, dict)]
            return Shape(
                keys=keys, others=_union(typed) if typed else None, entries=key == _METADATA
            )
        case "array":
            items = schema.get("prefixItems") or [schema.get("items")]
            inner = _union(_shape(item, defs, "") for item in items)
            return Shape(items=inner, singular=SINGULAR.get(key, ITEM))
        case str(name) if name in _TEXTS:
            return Shape(text=_TEXTS[name])
    return ANYTHING


def _type_of(schema: dict[str, Any]) -> str | None:
    return (
        "string"
        if "enum" in schema and all(isinstance(value, str) for value in schema["enum"])
        else None
    )


def _union(shapes: Iterable[Shape]) -> Shape:
    return reduce(_both, shapes)


def _both(one: Shape, other: Shape) -> Shape:
    texts = {shape.text for shape in (one, other)} - {None}
    text: Text | None = "float" if texts == {"int", "float"} else "string"
    if len(texts) < 2:
        text = one.text or other.text
    shared = {
        key: _both(one.keys[key], other.keys[key]) for key in one.keys.keys() & other.keys.keys()
    }
    named = one if one.items else other
    return replace(
        named,
        text=text,
        keys={**one.keys, **other.keys, **shared},
        others=_both(one.others, other.others)
        if one.others and other.others
        else one.others or other.others,
        items=_both(one.items, other.items) if one.items and other.items else named.items,
        entries=one.entries or other.entries,
    )
