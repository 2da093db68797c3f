"""The JSON Schemas of all bodies: of requests as they are read, of answers as they are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from groupsolver.api.http.route import Route
from groupsolver.api.nova.request_models import Create21, Create215, Create264
from groupsolver.api.openapi.nova import NOVA_SCHEMAS
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
REF_PREFIX = "#/components/schemas/"
NOVA_REQUEST_MODELS: tuple[type[BaseModel], ...] = (Create21, Create215, Create264)
# Models whose answers leave out keys that are null -> these keys; empty: all of them.
_ALWAYS_SPARSE: list[type[BaseModel]] = [Host, Cell, Link, Inventory, ErrorView]
_OMITS_NULLS: dict[str, set[str]] = {"GroupView": {"other_members"}}
_OMITS_NULLS |= {model.__name__: set() for model in (*_ALWAYS_SPARSE, *POLICIES.values())}
_NULL = {"type": "null"}


class Schemas:
    """The schemas of all bodies of a table of routes.

    Parameters
    ----------
    routes : iterable of Route

    Attributes
    ----------
    by_name : dict
        OpenAPI's schemas, by name.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        xml_roots = _models(routes)
        # Sorted, so that names do not depend on the order of the routes.
        ordered = sorted(xml_roots, key=lambda key: (key[0].__name__, key[1]))
        self._refs, whole = models_json_schema(ordered, ref_template=REF_PREFIX + "{model}")
        definitions: dict[str, Any] = whole["$defs"]
        for name, keys in _OMITS_NULLS.items():
            answer = definitions.get(f"{name}-Output") or definitions.get(name)
            if answer is not None:
                remove_nulls(answer, keys)
        named = {
            name: with_list_names(closed(schema)) for name, schema in sorted(definitions.items())
        }
        _name_elements(named)
        for key, root in xml_roots.items():
            if root:
                _set_xml_name(self._refs[key], root, named)
        self.by_name: dict[str, Any] = {**named, **NOVA_SCHEMAS}

    def ref(self, model: type[BaseModel], mode: Mode) -> dict[str, str]:
        """Return the reference to a model's schema.

        Parameters
        ----------
        model : type of BaseModel
        mode : {"validation", "serialization"}
            Whether the model is a request or an answer.
        """
        return dict(self._refs[model, mode])

    def xml(self, model: type[BaseModel], mode: Mode, root: str | None) -> dict[str, Any]:
        """Return the schema of a body in XML.

        Its root element is `root`, or the only key of the body.
        """
        ref = self.ref(model, mode)
        if root is not None:
            return ref
        ((key, inner),) = _resolve(ref, self.by_name)["properties"].items()
        return inner if "$ref" in inner else {**inner, "xml": {**inner["xml"], "name": key}}


def _models(routes: Iterable[Route]) -> dict[Key, str | None]:
    """Return the models of all bodies, with the XML root of those without an outer key."""
    models: dict[Key, str | None] = {(ErrorsAnswer, "serialization"): None}
    for model in NOVA_REQUEST_MODELS:
        models[model, "validation"] = None
    for route in routes:
        if route.request_model:
            models[route.request_model, "validation"] = route.xml_root
        for answer in (*route.response_models.values(), route.preview_model):
            if answer:
                models[answer, "serialization"] = route.xml_root
    return models


def _resolve(ref: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = named[ref["$ref"].removeprefix(REF_PREFIX)]
    return found


def _name_elements(named: dict[str, Any]) -> None:
    """Set the XML name of every schema that a property refers to."""
    for schema in list(named.values()):
        for key, inner in schema.get("properties", {}).items():
            name = SINGULAR.get(key, ITEM) if "items" in inner else key
            _set_xml_name(inner, name, named)


def _set_xml_name(schema: dict[str, Any], name: str, named: dict[str, Any]) -> None:
    """Set an element's name in the schema that is referred to.

    Many tools ignore a name beside a `$ref`.
    """
    inner = schema.get("items", schema)
    if "$ref" in inner:
        _resolve(inner, named)["xml"] = {"name": name}


def remove_nulls(schema: dict[str, Any], keys: Collection[str] = ()) -> None:
    """Change a schema to that of a value whose null keys are left out; with `keys`, these only."""
    for name, inner in schema["properties"].items():
        if keys and name not in keys:
            continue
        if _NULL not in inner.get("anyOf", ()):
            continue
        rest = [part for part in inner.pop("anyOf") if part != _NULL]
        inner.pop("default", None)
        inner.update(rest[0] if len(rest) == 1 else {"anyOf": rest})
        schema["required"] = [key for key in schema.get("required", ()) if key != name]


def with_list_names(node: Any, key: str = "") -> Any:
    """Return a schema with the XML names of list items, and without pydantic's titles.

    A title repeats the key. `key` is the property that the node is the schema of.
    """
    if isinstance(node, list):
        return [with_list_names(inner, key) for inner in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for word, inner in node.items():
        if word == "properties":
            made[word] = {name: with_list_names(value, name) for name, value in inner.items()}
        elif word in {"default", "const", "enum"}:
            made[word] = inner  # values, not schemas
        elif word != "title" or not isinstance(inner, str):
            made[word] = with_list_names(inner, key)
    if made.get("type") == "array" and isinstance(made.get("items"), dict):
        if "$ref" not in made["items"]:
            made["items"] = {**made["items"], "xml": {"name": SINGULAR.get(key, ITEM)}}
        made["xml"] = {"wrapped": True}
    return made
