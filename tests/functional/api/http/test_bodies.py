"""Bodies that are broken, too long, too deep, or say what cannot be said."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupAnswer
from groupsolver.wire.read import read_data
from tests.support.drivers.api_driver import PRINCIPAL_KEY, Asker, one, opened, refused

WRITING = [
    ("POST", "~/groups"),
    ("PUT", "~/groups/{id}"),
    ("PATCH", "~/groups/{id}"),
    ("POST", "~/placements"),
]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "missing-key"),
        (b"{", "not-json"),
        (b"nope", "not-json"),
        (b'{"group": {}} {}', "not-json"),
        (b"{'group': {}}", "not-json"),
        (b'{"group": {"name": "a", "name": "b"}}', "duplicate-key"),
        (b'{"group": {}, "group": {}}', "duplicate-key"),
        (b'{"group": {"x-a": NaN}}', "not-finite"),
        (b'{"group": {"x-a": -Infinity}}', "not-finite"),
        (b'{"group": {"x-a": 1e999}}', "not-finite"),
        (b'{"group": {"name": "\xff"}}', "not-text"),
        ('{"group": {}}'.encode("utf-16"), "not-text"),
        (b'{"group": {"name": "\\ud800"}}', "not-text"),
        (b'{"group": {"name": "a\\u0000b"}}', "not-for-xml"),
        (b'{"group": {"x-a": "\\uffff"}}', "not-for-xml"),
        (b'{"group": {"x-a": ' + b"[" * 100 + b"]" * 100 + b"}}", "too-deep"),
        (b'{"x-a": ' + b"[" * 200_000, "too-deep"),
        (b'{"x-a": ' + b'{"a":' * 100_000, "too-deep"),
    ],
)
@pytest.mark.parametrize(("method", "path"), WRITING)
def test_json_that_is_none_is_refused(
    admin: Asker, method: str, path: str, text: bytes, code: str
) -> None:
    path = path.format(id=admin.id(name="kept"))
    before = admin.get("~/groups", "groups")
    refused(admin(method, path, text, Content_Type="application/json"), code, 400)
    # As it is without a Content-Type: JSON is meant then.
    refused(admin(method, path, text), code, 400)
    assert admin.get("~/groups", "groups") == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"<group>", "not-xml"),
        (b"{}", "not-xml"),
        (b"<group><name>a</name><name>b</name></group>", "duplicate-key"),
        (b"<group a='b'/>", "xml-only"),
        (b"<group>text<name>a</name></group>", "xml-only"),
        (b"<group xmlns='urn:x'/>", "xml-only"),
        (
            b"<!DOCTYPE g [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><group><name>&e;</name></group>",
            "unsafe-xml",
        ),
        (
            b"<!DOCTYPE g [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><group><name>&b;</name></group>",
            "unsafe-xml",
        ),
        (b"<group>" + b"<x-a>" * 300 + b"</x-a>" * 300 + b"</group>", "too-deep"),
        (b"<group><name>&#1;</name></group>", "not-xml"),
        (b"<grup><name>a</name></grup>", "unknown-key"),
        (b"<group><nme>a</nme></group>", "unknown-key"),
        (
            b"<group><policies><policy><kind>afinity</kind></policy></policies></group>",
            "unknown-policy",
        ),
    ],
)
def test_xml_that_is_none_is_refused_in_the_form_that_is_asked_for(
    admin: Asker, text: bytes, code: str
) -> None:
    for accept in ("application/json", "application/xml"):
        answer = admin("POST", "~/groups", text, Content_Type="application/xml", Accept=accept)
        assert (answer.status_code, answer.mimetype) == (400, accept)
        kind: Any = accept.rpartition("/")[2]
        assert read_data(kind, answer.data, ErrorsAnswer)["errors"][0]["code"] == code
    assert admin.get("~/groups", "groups") == []


def test_all_that_is_wrong_is_told_at_once_each_with_its_path(admin: Asker) -> None:
    body = {
        "group": {
            "nme": 1,
            "policies": [{"kind": "anti-affinity", "max_per_domain": 0}],
            "metadata": {"a": 1},
        }
    }
    answer = admin("POST", "~/groups", body)
    refused(answer, "unknown-key", 400)
    details = {
        (error["code"], error["detail"].partition(":")[0]) for error in answer.get_json()["errors"]
    }
    assert details == {
        ("unknown-key", "group.nme"),
        ("out-of-range", "group.policies[0].max_per_domain"),
        ("wrong-type", "group.metadata.a"),
    }
    many = {"group": {f"k{i}": 1 for i in range(500)}}
    assert len(admin("POST", "~/groups", many).get_json()["errors"]) <= 50


@pytest.mark.parametrize("key", ["a\u0001b", "\ufffe", "a\nb", "<&>", "k" * 5000])
def test_an_odd_key_is_told_in_both_forms(admin: Asker, key: str) -> None:
    for accept in ("application/json", "application/xml"):
        assert admin("POST", "~/groups", {"group": {key: 1}}, Accept=accept).status_code == 400
        assert (
            admin(
                "POST", "~/placements", {"placement": {"flavors": {key: 1}}}, Accept=accept
            ).status_code
            == 400
        )


@pytest.mark.parametrize(
    "path", ["~/groups?%01=1", "~/groups?limit=%01", "~/groups/%EF%BF%BE", "~/groups?limit=%FF"]
)
def test_an_odd_address_is_told_in_both_forms(admin: Asker, path: str) -> None:
    for accept in ("application/json", "application/xml"):
        answer = admin("GET", path, Accept=accept)
        assert answer.status_code in {400, 404}
        assert answer.mimetype == accept


@pytest.mark.parametrize(
    "value", ["nope", "", "0" * 36, "{00000000-0000-4000-8000-000000000000}", 5, None, ["a"]]
)
def test_ids_that_are_no_uuids_are_refused(admin: Asker, value: Any) -> None:
    for fields in ({"id": value}, {"groups": [value]}):
        if fields != {"id": None}:
            assert admin("POST", "~/groups", {"group": fields}).status_code == 400
    hint = {"placement": {"instances": [{**one(), "hints": {"group": value}}]}}
    assert admin("POST", "~/placements", hint).status_code == (201 if value is None else 400)


def test_what_an_id_should_look_like_is_told(admin: Asker) -> None:
    assert (
        "uuid"
        in refused(admin("POST", "~/groups", {"group": {"id": "nope"}}), "ill-formed-name")[
            "detail"
        ]
    )
    detail = refused(admin("POST", "~/groups", {"group": {"tenant_id": "a b"}}), "ill-formed-name")[
        "detail"
    ]
    assert "VCPU" not in detail


@pytest.mark.parametrize("text", ["<&>\"'", " a ", "é\u0301", "\U0001f600", "]]>", "a" * 255])
def test_what_xml_can_carry_comes_back_as_it_was(admin: Asker, text: str) -> None:
    group = admin.group(name=text, metadata={text: text})
    assert (group["name"], group["metadata"]) == (text, {text: text})
    answer = admin("GET", f"~/groups/{group['id']}", Accept="application/xml")
    assert read_data("xml", answer.data, GroupAnswer) == {"group": group}
    shown = admin("PUT", f"~/groups/{group['id']}", answer.data, Content_Type="text/xml")
    assert shown.get_json()["group"] == group


LIMIT = 1000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Asker]:
    (tmp_path / "small").mkdir()
    with opened(tmp_path / "small", body=LIMIT) as world:
        yield world.asker("demo", "admin")


def padded(size: int) -> bytes:
    return b'{"group": {"name": "a"}}'.ljust(size)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_is_read_up_to_the_limit_and_no_further(small: Asker, announced: bool) -> None:
    def send(size: int) -> Any:
        # What servers say of a body that came in chunks: it ends by itself.
        base = (
            {}
            if announced
            else {"wsgi.input": io.BytesIO(padded(size)), "wsgi.input_terminated": True}
        )
        return small.within(base)("POST", "~/groups", padded(size) if announced else None)

    assert send(LIMIT).status_code == 201
    for size in (LIMIT + 1, 50 * LIMIT):
        refused(send(size), "body-too-large", 413)
    assert len(small.get("~/groups", "groups")) == 1


def test_a_body_that_is_announced_too_long_is_not_read(small: Asker) -> None:
    class Unread(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("it is read")

    base = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(10 * LIMIT)}
    refused(small.within(base)("POST", "~/groups"), "body-too-large", 413)


def test_a_body_that_ends_early_is_refused(small: Asker) -> None:
    base = {"wsgi.input": io.BytesIO(b'{"group": {}}'), "CONTENT_LENGTH": "500"}
    assert small.within(base)("POST", "~/groups").status_code == 400
    assert small.get("~/groups", "groups") == []


@pytest.mark.parametrize("length", ["", "abc", "-5", "1" * 5000])
def test_an_odd_length_is_no_failure(small: Asker, length: str) -> None:
    base = {"wsgi.input": io.BytesIO(padded(50)), "CONTENT_LENGTH": length}
    # PEP 3333 knows no such lengths; servers hand them on nevertheless.
    bare = Client(small.app)
    answer = bare.open(
        "/v1.0/demo/groups",
        method="POST",
        environ_overrides={**base, PRINCIPAL_KEY: small.principal},
    )
    assert answer.status_code in {400, 413}
    assert small.get("~/groups", "groups") == []
