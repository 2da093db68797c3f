"""The schemas of the document accept what the readers accept, and describe the answers."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsolver.api.openapi import document
from groupsolver.api.openapi.operations import openapi_path
from groupsolver.api.openapi.schemas import Schemas
from groupsolver.api.routes import ROUTES
from groupsolver.errors import BadInput, Fault
from groupsolver.model.value import Value
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.read import read_body, validated
from tests.support.draws.bodies import BODIES

SCHEMAS = Schemas(ROUTES)
REQUESTS = {route.request_model: route.xml_root for route in ROUTES if route.request_model}
ANSWERS = {model for route in ROUTES for model in route.response_models.values() if model}
# What depends on other keys of the body, which the schemas say nothing of.
BEYOND = {
    "ambiguous-name",
    "amount-overflow",
    "duplicate-name",
    "missing-key",  # a flavor or resources, hosts or domains, min_domains or max_skew
    "reserved-name",
    "unknown-level",
    "wrong-value",  # a flavor and resources, an id and a count
    "not-for-xml",
}


@cache
def validator(model: type[Value], mode: Any) -> jsonschema.Draft202012Validator:
    components = document(ROUTES)["components"]
    return jsonschema.Draft202012Validator({**SCHEMAS.ref(model, mode), "components": components})


@cache
def described() -> Any:
    forms = json.loads(json.dumps(document(ROUTES)))
    for route in ROUTES:
        content = (
            forms["paths"][openapi_path(route)]
            .get(route.method.lower(), {})
            .get("requestBody", {})
            .get("content", {})
        )
        content.pop("application/xml", None)
    schemathesis = pytest.importorskip("schemathesis")
    return schemathesis.openapi.from_dict(forms)


@cache  # building a strategy takes longer than drawing from it
def drawn(model: type[Value], mode: Literal["positive", "negative"]) -> st.SearchStrategy[Any]:
    """Return bodies drawn from the schema alone: accepted ones, or refused ones."""
    generation = pytest.importorskip("schemathesis").GenerationMode(mode)
    path, method = next(
        (openapi_path(route), route.method)
        for route in ROUTES
        if route.request_model is model and route.method in {"POST", "PUT"}
    )
    cases = described()[path][method].as_strategy(generation)
    return cases.map(lambda case: _whole(case.body))  # type: ignore[no-any-return]


def _whole(node: Any) -> Any:
    """Write whole numbers as integers: to JSON Schema 1.0 is one too, to the reader it is not."""
    match node:
        case float() if node.is_integer():
            return int(node)
        case dict():
            return {key: _whole(inner) for key, inner in node.items()}
        case list():
            return [_whole(inner) for inner in node]
    return node


def faults_in(model: type[Value], body: Any) -> tuple[Fault, ...]:
    """What the reader finds wrong with a body."""
    try:
        read_body("json", bytes_of(body), model)
    except BadInput as error:
        return error.faults
    return ()


def bytes_of(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.mark.parametrize(
    ("model", "data"), [(model, data) for model, _, data in BODIES if model in REQUESTS]
)
@given(draw=st.data())
def test_the_schema_accepts_what_is_read(
    model: type[Value], data: st.SearchStrategy[Any], draw: st.DataObject
) -> None:
    body = draw.draw(data)
    try:
        validated(model, body)
    except BadInput:
        return
    validator(model, "validation").validate(body)


@pytest.mark.parametrize(
    ("model", "data"), [(model, data) for model, _, data in BODIES if model in ANSWERS]
)
@given(draw=st.data())
def test_the_schema_accepts_what_is_answered(
    model: type[Value], data: st.SearchStrategy[Any], draw: st.DataObject
) -> None:
    body = draw.draw(data)
    try:
        value = validated(model, body)
    except BadInput:
        return
    validator(model, "serialization").validate(json.loads(json.dumps(plain(value))))


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
@settings(max_examples=settings().max_examples // 6)  # each is large
@given(draw=st.data())
def test_what_the_schema_accepts_is_well_formed(model: type[Value], draw: st.DataObject) -> None:
    body = draw.draw(drawn(model, "positive"))
    assert [
        fault
        for fault in faults_in(model, body)
        if fault.code not in BEYOND and "reserved" not in fault.message
    ] == []


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
@settings(max_examples=settings().max_examples // 6)  # each is large
@given(draw=st.data())
def test_what_the_schema_refuses_is_bad_input(model: type[Value], draw: st.DataObject) -> None:
    body = draw.draw(drawn(model, "negative"))
    if not isinstance(body, bytes) and validator(model, "validation").is_valid(body):
        return
    assert faults_in(model, body)
