"""Schemas of answers without null keys, and the names of lists in XML."""

from __future__ import annotations

from typing import Any

from groupsolver.api.openapi.schemas import Schemas, remove_nulls, with_list_names
from groupsolver.api.routes import ROUTES
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest

TEXT = {"type": "string"}
NULL = {"type": "null"}


def sparse() -> dict[str, Any]:
    return {
        "properties": {
            "name": TEXT,
            "weight": {"anyOf": [{"type": "integer"}, NULL], "default": None},
            "level": {"anyOf": [TEXT, {"type": "integer"}, NULL], "default": None},
        },
        "required": ["name", "weight", "level"],
    }


def test_keys_that_may_be_null_become_optional() -> None:
    schema = sparse()
    remove_nulls(schema)
    assert schema["required"] == ["name"]
    assert schema["properties"]["weight"] == {"type": "integer"}
    assert schema["properties"]["level"] == {"anyOf": [TEXT, {"type": "integer"}]}


def test_only_the_listed_keys_become_optional() -> None:
    schema = sparse()
    remove_nulls(schema, {"weight"})
    assert schema["required"] == ["name", "level"]
    assert NULL in schema["properties"]["level"]["anyOf"]


def test_titles_go_but_a_property_may_be_called_title() -> None:
    schema = {"title": "Group", "properties": {"title": {"title": "Title", **TEXT}}}
    assert with_list_names(schema) == {"properties": {"title": TEXT}}


def test_values_are_left_as_they_are() -> None:
    schema = {"enum": [{"title": "x"}], "default": {"title": "y"}}
    assert with_list_names(schema) == schema


def test_the_items_of_a_list_have_the_singular_of_its_name() -> None:
    schema = {"properties": {"policies": {"type": "array", "items": dict(TEXT)}}}
    found = with_list_names(schema)["properties"]["policies"]
    assert found["items"] == {**TEXT, "xml": {"name": "policy"}}
    assert found["xml"] == {"wrapped": True}


def test_a_request_and_an_answer_have_schemas_of_their_own() -> None:
    schemas = Schemas(ROUTES)
    request = schemas.ref(GroupRequest, "validation")
    answer = schemas.ref(GroupAnswer, "serialization")
    assert request != answer
    for ref in (request, answer):
        assert ref["$ref"].rpartition("/")[2] in schemas.by_name


def test_the_root_in_xml_is_the_only_key_of_the_body() -> None:
    schemas = Schemas(ROUTES)
    found = schemas.xml(GroupAnswer, "serialization", None)
    assert schemas.by_name[found["$ref"].rpartition("/")[2]]["xml"] == {"name": "group"}


def test_the_schemas_of_some_routes_are_those_of_their_bodies() -> None:
    few = Schemas([route for route in ROUTES if route.operation_id == "groups.create"])
    assert "GroupRequest" in few.by_name
    assert "FleetAnswer" not in few.by_name
