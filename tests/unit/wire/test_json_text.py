"""JSON bodies that are refused, and the places in their faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.model.fleet import Host
from groupsolver.wire.bodies.groups import GroupRequest
from groupsolver.wire.read import read_body
from groupsolver.wire.write import write_body


def faults(body: bytes) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_body("json", body, GroupRequest)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("body", "end"),
    [
        (b"", "[not-json]"),
        (b"<group/>", "[not-json]"),
        (b'{"group": {}', "[not-json]"),
        (b'{"group": {"name": "a\x01"}}', "[not-json]"),
        (b'{"group": {"name": "\xff"}}', "[not-text]"),
        ('{"group": {}}'.encode("utf-16"), "[not-text]"),
        (b'{"group": {"name": "a", "name": "b"}}', "[duplicate-key]"),
        (b'{"group": {"x-a": NaN}}', "[not-finite]"),
        (b'{"group": {"name": "\\ud800"}}', "[not-text]"),
        (
            b'{"group": {"name": "a\\u0001"}}',
            "group.name: expected characters that XML can carry too, found U+0001 [not-for-xml]",
        ),
        (b'{"group": {"name": "a\\b"}}', "U+0008 [not-for-xml]"),
        (
            b'{"group": {"x-a": ["\\f"]}}',
            "group.x-a[0]: expected characters that XML can carry too, found U+000C [not-for-xml]",
        ),
        (b'{"group": {"x-a": {"\\uFFFE": 1}}}', "U+FFFE [not-for-xml]"),
        ('{"group": {"x-a": "\uffff"}}'.encode(), "U+FFFF [not-for-xml]"),
        (b'{"group": {"x-a": ' + b"[" * 63 + b"]" * 63 + b"}}", "[too-deep]"),
        (b"[" * 500_000, "[too-deep]"),
    ],
)
def test_what_is_no_body_is_refused(body: bytes, end: str) -> None:
    (fault,) = faults(body)
    assert fault.endswith(end)


def test_what_only_looks_unfit_is_read() -> None:
    body = (
        b'\xef\xbb\xbf{"group": {"name": "a\\\\b \\\\u0001 \\ud83d\\ude00", "x-a": '
        + b"[" * 62
        + b"]" * 62
        + b"}}"
    )
    assert read_body("json", body, GroupRequest).group.name == "a\\b \\u0001 \U0001f600"


def test_faults_have_places_without_what_pydantic_adds() -> None:
    policies: list[Any] = [
        {"kind": "anti-affinity", "max_per_domain": 0},
        {"kind": "near", "near": 1},
        "nearby",
        {},
    ]
    found = faults(json.dumps({"group": {"policies": policies, "metadata": {"a": 1}}}).encode())
    assert [fault.partition(":")[0] for fault in found] == [
        "group.policies[0].max_per_domain",
        "group.policies[1].near",
        "group.policies[2]",
        "group.policies[3]",
        "group.metadata.a",
    ]


def test_json_is_written_short_and_in_utf_8() -> None:
    assert write_body("json", {"name": "é\n"}, Host, root="host") == '{"name":"é\\n"}'.encode()
