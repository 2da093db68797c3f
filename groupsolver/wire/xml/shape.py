"""The shape of a body: XML does not show the types that JSON shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

from groupsolver.model.value import Value
from groupsolver.wire.xml.scalars import ITEM, TextType

# The element name of a list's items, by the list's key; items of all others are called "item".
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
    "pools": "pool",
    "required": "trait",
    "reserved_for": "trait",
    "scarce": "shortage",
    "traits": "trait",
    "unlocks": "unlock",
    "violations": "violation",
    "warnings": "warning",
}
_METADATA = "metadata"
_TEXT_TYPES: dict[str, TextType] = {
    "string": "string",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
}


@dataclass(frozen=True)
class Shape:
    """The data that may be at one place of a body; a union is merged into one shape.

    Parameters
    ----------
    text : {"string", "int", "float", "bool"}, optional
        The type of bare text. None, where no scalar is expected, reads as a string.
    keys : mapping of str to Shape
        The known keys of a mapping.
    others : Shape, optional
        Of the values of a mapping with free keys.
    items : Shape, optional
        Of a list's items; None where no list is expected.
    singular : str
        The element name of an item.
    entries : bool
        Whether a mapping is always written as entries, whatever its keys are.
    """

    text: TextType | None = None
    keys: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    items: Shape | None = None
    singular: str = ITEM
    entries: bool = False

    def at(self, key: str) -> Shape:
        """Return the shape of a mapping's value; for an unknown key, that of any JSON data."""
        known = self.keys.get(key) or self.others
        if known:
            return known
        return _ANY_METADATA if key == _METADATA else ANYTHING


ANYTHING = Shape()
_ANY_METADATA = Shape(entries=True)


@cache
def shape_of(model: type[Value]) -> Shape:
    """Derive the shape from a model's JSON Schema, once. No model may contain itself."""
    schema = model.model_json_schema()
    return _shape(schema, schema.get("$defs", {}), "")


def _shape(schema: Any, definitions: dict[str, Any], key: str) -> Shape:
    """Return the shape of the schema of a key's value."""
    if not isinstance(schema, dict):
        return ANYTHING
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _shape(definitions[name], definitions, key)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        return _union(_shape(part, definitions, key) for part in alternatives)
    kind = schema.get("type")
    if kind == "object":
        return _object_shape(schema, definitions, key)
    if kind == "array":
        return _array_shape(schema, definitions, key)
    if isinstance(kind, str) and kind in _TEXT_TYPES:
        return Shape(text=_TEXT_TYPES[kind])
    if not kind and _is_string_enum(schema):
        return Shape(text="string")
    return ANYTHING


def _object_shape(schema: dict[str, Any], definitions: dict[str, Any], key: str) -> Shape:
    keys = {
        name: _shape(inner, definitions, name)
        for name, inner in schema.get("properties", {}).items()
    }
    free_values = [
        _shape(inner, definitions, "")
        for inner in _free_value_schemas(schema)
        if isinstance(inner, dict)
    ]
    others = _union(free_values) if free_values else None
    return Shape(keys=keys, others=others, entries=key == _METADATA)


def _free_value_schemas(schema: dict[str, Any]) -> Iterator[Any]:
    yield schema.get("additionalProperties")
    yield from schema.get("patternProperties", {}).values()


def _array_shape(schema: dict[str, Any], definitions: dict[str, Any], key: str) -> Shape:
    items = schema.get("prefixItems") or [schema.get("items")]
    inner = _union(_shape(item, definitions, "") for item in items)
    return Shape(items=inner, singular=SINGULAR.get(key, ITEM))


def _is_string_enum(schema: dict[str, Any]) -> bool:
    return "enum" in schema and all(isinstance(value, str) for value in schema["enum"])


def _union(shapes: Iterable[Shape]) -> Shape:
    return reduce(_merge, shapes)


def _merge(one: Shape, other: Shape) -> Shape:
    """Return the shape of what is either of two shapes."""
    shared = {
        key: _merge(one.keys[key], other.keys[key]) for key in one.keys.keys() & other.keys.keys()
    }
    singular = one.singular if one.items else other.singular
    return Shape(
        text=_merge_texts(one.text, other.text),
        keys={**one.keys, **other.keys, **shared},
        others=_merge_optional(one.others, other.others),
        items=_merge_optional(one.items, other.items),
        singular=singular,
        entries=one.entries or other.entries,
    )


def _merge_optional(one: Shape | None, other: Shape | None) -> Shape | None:
    if one and other:
        return _merge(one, other)
    return one or other


def _merge_texts(one: TextType | None, other: TextType | None) -> TextType | None:
    if one is None or other is None or one == other:
        return one or other
    return "float" if {one, other} == {"int", "float"} else "string"
