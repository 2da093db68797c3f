"""The bodies' schemas, from their models: of requests as they are read, of answers as they are written."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from groupsolver.api.nova.requests import Create21, Create215, Create264
from groupsolver.api.openapi.nova import NOVA
from groupsolver.api.routes import ROUTES
from groupsolver.constraints.registry import POLICIES
from groupsolver.files.schema import closed
from groupsolver.model.fleet import Host, Link
from groupsolver.model.inventory import Inventory
from groupsolver.model.numa_cell import Cell
from groupsolver.wire.bodies.errors import ErrorsAnswer, ErrorView
from groupsolver.wire.xml.scalars import ITEM
from groupsolver.wire.xml.shape import SINGULAR

Mode = Literal["validation", "serialization"]
Key = tuple[type[BaseModel], Mode]
REF = "#/components/schemas/"
# Answers leave their null keys out.
_SPARSE = [model.__name__ for model in (Host, Cell, Link, Inventory, ErrorView)]
_SPARSE += [model.__name__ for model in POLICIES.values()]
_SPARSE_KEYS = {"GroupView": {"other_members"}}
_NULL = {"type": "null"}


def ref(model: type[BaseModel], mode: Mode) -> dict[str, str]:
    """Give the reference to a model's schema, asked for (``validation``) or answered (``serialization``)."""
    return dict(_made()[0][model, mode])


def xml_of(model: type[BaseModel], mode: Mode, root: str | None) -> dict[str, Any]:
    """Give the schema of a body in XML: its only key is the root element, or `root` is."""
    here = ref(model, mode)
    if root is not None:
        return here
    ((root, inner),) = _at(here, schemas())["properties"].items()
    return inner if "$ref" in inner else {**inner, "xml": {**inner["xml"], "name": root}}


def schemas() -> dict[str, Any]:
    """Give all schemas, by name."""
    return {**_made()[1], **NOVA}


@cache
def _made() -> tuple[dict[Key, dict[str, Any]], dict[str, Any]]:
    keys = _keys()
    # Sorted, so that names do not depend on the order of the table.
    ordered = sorted(keys, key=lambda key: (key[0].__name__, key[1]))
    refs, whole = models_json_schema(ordered, ref_template=REF + "{model}")
    found: dict[str, Any] = whole["$defs"]
    for name in _SPARSE:
        _without_nulls(found.get(f"{name}-Output") or found[name])
    for name, few in _SPARSE_KEYS.items():
        _without_nulls(found.get(f"{name}-Output") or found[name], few)
    named = {name: _said(closed(schema)) for name, schema in sorted(found.items())}
    for schema in [*named.values()]:
        for key, inner in schema.get("properties", {}).items():
            _called(inner, SINGULAR.get(key, ITEM) if "items" in inner else key, named)
    for key, root in keys.items():
        if root:
            _called(refs[key], root, named)
    return {(model, mode): refs[model, mode] for model, mode in keys}, named


def _keys() -> dict[Key, str | None]:
    """Give the models of all bodies, and the root elements of those that stand bare in JSON."""
    keys: dict[Key, str | None] = {(ErrorsAnswer, "serialization"): None}
    keys |= {(model, "validation"): None for model in (Create21, Create215, Create264)}
    for route in ROUTES:
        if route.takes:
            keys[route.takes, "validation"] = route.root
        keys |= {
            (model, "serialization"): route.root
            for model in (*route.gives.values(), route.previews)
            if model
        }
    return keys


def _at(here: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = named[here["$ref"].removeprefix(REF)]
    return found


def _called(schema: dict[str, Any], name: str, named: dict[str, Any]) -> None:
    """Write an element's name where its schema stands: what stands beside a reference is often passed over."""
    inner = schema.get("items", schema)
    if "$ref" in inner:
        _at(inner, named)["xml"] = {"name": name}


def _without_nulls(schema: dict[str, Any], few: Collection[str] = ()) -> None:
    """Change a schema to that of a value without the keys that are null; with `few`, without these."""
    for name, inner in schema["properties"].items():
        if (not few or name in few) and _NULL in inner.get("anyOf", ()):
            rest = [part for part in inner.pop("anyOf") if part != _NULL]
            inner.pop("default", None)
            inner.update(rest[0] if len(rest) == 1 else {"anyOf": rest})
            schema["required"] = [key for key in schema.get("required", ()) if key != name]


def _said(node: Any, key: str = "") -> Any:
    """Give a schema without pydantic's titles, which repeat the keys, and with the names that lists have in XML."""
    if isinstance(node, list):
        return [_said(inner, key) for inner in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for word, inner in node.items():
        if word == "properties":
            made[word] = {name: _said(value, name) for name, value in inner.items()}
        elif word != "title" or not isinstance(inner, str):
            made[word] = inner if word in {"default", "const", "enum"} else _said(inner, key)
    if made.get("type") == "array" and isinstance(made.get("items"), dict):
        if "$ref" not in made["items"]:
            made["items"] = {**made["items"], "xml": {"name": SINGULAR.get(key, ITEM)}}
        made["xml"] = {"wrapped": True}
    return made
