"""Every body survives JSON and XML unchanged, and nothing but bad input is ever raised."""

from __future__ import annotations

import inspect
import json
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groupsolver import BadInput
from groupsolver.errors import CODES, Fault
from groupsolver.model.fleet import Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies import (
    errors,
    explain,
    fleet,
    grants,
    groups,
    headroom,
    instances,
    placements,
)
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.read import read_body, read_data
from groupsolver.wire.write import write_body
from tests.support.draws.bodies import BODIES, JSON, KEYS, TEXT, Data, like_body

Kind = Literal["json", "xml"]
KINDS: list[Kind] = ["json", "xml"]
EACH = pytest.mark.parametrize(
    ("model", "root", "drawn"), BODIES, ids=lambda what: getattr(what, "__name__", "")
)
Model = type[Value]


def same(one: Any, other: Any) -> bool:
    """Equality of JSON data, in which 1, 1.0 and true differ, and so does the order of keys."""
    return json.dumps(one) == json.dumps(other)


def test_every_body_is_drawn() -> None:
    inner = {
        errors.ErrorView,
        grants.AdoptFields,
        grants.GrantFields,
        grants.ReleaseFields,
        placements.FlavorRequest,
        placements.Hints,
    }

    def wraps(model: type[Value]) -> bool:
        return len(model.model_fields) == 1 and model not in inner

    modules = [errors, explain, fleet, grants, groups, headroom, instances, placements]
    own = {
        model
        for module in modules
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, Value) and model.__module__ == module.__name__
    }
    assert {model for model in own if wraps(model)} | {fleet.FleetAnswer} <= {
        model for model, _, _ in BODIES
    }


@EACH
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_value_goes_through_both_forms_to_itself(
    kind: Kind, model: Model, root: str | None, drawn: Data, data: st.DataObject
) -> None:
    asked = data.draw(drawn)
    value = model.model_validate(asked)
    for form in (asked, plain(value), value.model_dump(mode="json")):
        body = write_body(kind, form, model, root=root)
        assert same(read_data(kind, body, model, root=root), form)
        assert read_body(kind, body, model, root=root) == model.model_validate(form)
    assert read_body(kind, write_body(kind, asked, model, root=root), model, root=root) == value


@EACH
@given(data=st.data())
def test_any_data_goes_through_xml_to_itself_whatever_was_expected(
    model: Model, root: str | None, drawn: Data, data: st.DataObject
) -> None:
    any_data = data.draw(like_body(model))
    body = write_body("xml", any_data, model, root=root)
    assert same(read_data("xml", body, model, root=root), any_data)


@pytest.mark.parametrize("key", ["x-a", "x-a b", "metadata"])
@settings(max_examples=200)
@given(data=JSON)
def test_any_data_below_a_free_key_is_kept_by_xml(key: str, data: Any) -> None:
    host = {"name": "h1", key: data}
    value = read_body("xml", write_body("xml", host, Host, root="host"), Host, root="host")
    assert value.model_extra is not None
    assert same(value.model_extra[key], data)


def only_bad_input(kind: Kind, body: bytes, model: Model, root: str | None) -> None:
    faults: tuple[Fault, ...] | None = None
    try:
        read_body(kind, body, model, root=root)
    except BadInput as error:
        faults = error.faults
    assert faults != ()
    for fault in faults or ():
        assert fault.code in CODES
        assert fault.message
        assert str(fault).isprintable()


@EACH
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_data_is_read_or_refused(
    kind: Kind, model: Model, root: str | None, drawn: Data, data: st.DataObject
) -> None:
    only_bad_input(
        kind, write_body(kind, data.draw(like_body(model)), model, root=root), model, root
    )


ANY_BYTES = st.binary(max_size=60) | st.text(max_size=40).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
_TAGS = [
    "group",
    "name",
    "policies",
    "policy",
    "kind",
    "item",
    "entry",
    "key",
    "value",
    "null",
    "list",
    "dict",
    "int",
]
_TAG = st.sampled_from(
    [*_TAGS, "float", "string", "true", "level", "weight", "metadata", "hosts", "x-a", "\u00e9"]
)
_LEAF = TEXT.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")) | KEYS.filter(
    str.isalnum
)
_BETWEEN = st.sampled_from(["", "", "", " ", "\n  ", "<!-- - -->", "<![CDATA[ ]]>", "a"])


def _element(name: str, inner: list[str], between: str) -> str:
    return f"<{name}>{between.join(['', *inner, ''])}</{name}>"


XML = st.recursive(
    st.builds(lambda name, leaf: f"<{name}>{leaf}</{name}>", _TAG, _LEAF)
    | _TAG.map(lambda name: f"<{name}/>"),
    lambda inner: st.builds(_element, _TAG, st.lists(inner, max_size=3), _BETWEEN),
    max_leaves=10,
)


@pytest.mark.parametrize("kind", KINDS)
@given(body=ANY_BYTES)
@example(body=b"")
@example(body=b"\xef\xbb\xbf")
@example(body=b"\x00")
@example(body="<\u00e9".encode("utf-16"))
@example(body=b"<?xml version='1.1'?><group/>")
@example(body=b"<group><null/></group>")
@example(body=b'{"group": {"name": "\\ud800"}}')
def test_any_bytes_are_read_or_refused(kind: Kind, body: bytes) -> None:
    only_bad_input(kind, body, groups.GroupRequest, None)
    only_bad_input(kind, body, Host, "host")


@settings(max_examples=200)
@given(text=XML | XML.map(lambda text: f"<group>{text}</group>"))
def test_any_elements_are_read_or_refused(text: str) -> None:
    only_bad_input("xml", text.encode(), groups.GroupRequest, None)
    only_bad_input("xml", f"<host>{text}</host>".encode(), Host, "host")


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_body_with_some_bytes_changed_is_read_or_refused(kind: Kind, data: st.DataObject) -> None:
    model, root, drawn = data.draw(st.sampled_from(BODIES))
    body = bytearray(write_body(kind, data.draw(drawn), model, root=root))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body) - 1))
        new = data.draw(
            st.binary(max_size=3)
            | st.sampled_from([b"<", b">", b"&", b"/>", b"<null/>", b"{", b'"', b"]"])
        )
        body[start : start + data.draw(st.integers(0, 4))] = new
    only_bad_input(kind, bytes(body), model, root)
