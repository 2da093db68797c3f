"""The OpenAPI document: every route, every form, and schemas that say the same as the readers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from groupsolver.api.http.errors import HTTP_ERRORS
from groupsolver.api.http.route import Route
from groupsolver.api.openapi import document
from groupsolver.api.openapi.operations import openapi_path
from groupsolver.api.openapi.responses import error_codes_of
from groupsolver.api.routes import ROUTES
from groupsolver.cli.main import main

DOCUMENT = document(ROUTES)
SCHEMAS = DOCUMENT["components"]["schemas"]


def operation_of(route: Route) -> dict[str, Any]:
    method = "x-update" if route.method == "UPDATE" else route.method.lower()
    found: dict[str, Any] = DOCUMENT["paths"][openapi_path(route)][method]
    return found


def operations() -> Iterator[dict[str, Any]]:
    for path in DOCUMENT["paths"].values():
        yield from path.values()


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        if "mapping" in node and "propertyName" in node:
            yield from node["mapping"].values()
        for inner in node.values():
            yield from refs(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from refs(inner)


def test_it_is_openapi_3_1() -> None:
    definitions = pytest.importorskip("schemathesis.specs.openapi.definitions")
    jsonschema.Draft202012Validator(definitions.OPENAPI_31).validate(DOCUMENT)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_each_schema_is_json_schema(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9.-]+", name)
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere_and_everything_shared_is_used() -> None:
    used = set(refs(DOCUMENT))
    for used_one in used:
        node = DOCUMENT
        for part in used_one.removeprefix("#/").split("/"):
            node = node[part]
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "headers")
        for name in DOCUMENT["components"][kind]
    }
    assert there == used


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_is_described(route: Route) -> None:
    found = operation_of(route)
    answers = found["responses"]
    assert found["summary"] == route.summary
    assert {str(status) for status in route.response_models} <= set(answers)
    assert set(re.findall(r"<(\w+)>", route.path)) == {
        p["name"] for p in found.get("parameters", ()) if p["in"] == "path"
    }
    assert set(route.query_parameters) <= {
        p["name"] for p in found.get("parameters", ()) if p["in"] == "query"
    }
    assert (route.request_model is not None) <= ("requestBody" in found)
    for code in error_codes_of(route):
        shared = answers[str(HTTP_ERRORS[code][0])]["$ref"].rpartition("/")[2]
        assert code in DOCUMENT["components"]["responses"][shared]["x-codes"]
    assert ("security" in found) == (route.role is None)


def test_nothing_but_the_routes_is_described() -> None:
    assert sum(len(path) for path in DOCUMENT["paths"].values()) == len(ROUTES)
    names = [found["operationId"] for found in operations()]
    assert len(set(names)) == len(names)
    for found in operations():
        for answer in found["responses"].values():
            for link in answer.get("links", {}).values():
                assert link["operationId"] in names


def test_each_code_is_some_routes_but_those_of_paths_without_one() -> None:
    shared = DOCUMENT["components"]["responses"].values()
    codes = {code for answer in shared for code in answer["x-codes"]}
    assert set(HTTP_ERRORS) - codes == {"method-not-allowed"}


def test_update_stands_beside_put_with_the_same_body() -> None:
    path = DOCUMENT["paths"]["/v1.0/{tenant_id}/groups/{id}"]
    assert path["x-update"]["requestBody"] == path["put"]["requestBody"]
    assert path["x-update"]["responses"] == path["put"]["responses"]


def test_the_paths_of_v1_speak_xml_and_the_others_do_not() -> None:
    for route in ROUTES:
        found = json.dumps(operation_of(route))
        bodies = route.request_model is not None or any(route.response_models.values())
        assert ("application/xml" in found) == (route.family == "v1" and bodies)


def test_it_is_the_same_each_time() -> None:
    document.cache_clear()
    again = document(ROUTES)
    assert json.dumps(again) == json.dumps(DOCUMENT)
    assert document(ROUTES) is again


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == DOCUMENT
