"""XML that is made to do harm: entities, bombs, depth."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.model.fleet import Host
from groupsolver.wire.bodies.groups import GroupRequest
from groupsolver.wire.read import read_body
from groupsolver.wire.write import write_body
from tests.unit.wire.xml.test_xml_bodies import code_of, read


def test_an_entity_reads_no_file(tmp_path: Path) -> None:
    marker = tmp_path / "secret"
    marker.write_text("marker-4711")
    for declared in (
        f'<!ENTITY a SYSTEM "{marker.as_uri()}">',
        f'<!ENTITY % a SYSTEM "{marker.as_uri()}"> %a;',
    ):
        with pytest.raises(BadInput) as caught:
            read(f"<!DOCTYPE group [{declared}]><group><name>&a;</name></group>")
        assert "4711" not in str(caught.value)
        assert [fault.code for fault in caught.value.faults] == ["unsafe-xml"]


LAUGHS = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12))
BOMBS = {
    "laughs": (f"<!DOCTYPE group [<!ENTITY a0 'ha'>{LAUGHS}]><group>&a11;</group>", "unsafe-xml"),
    "blow-up": (
        f"<!DOCTYPE a [<!ENTITY a '{'a' * 100_000}'>]><a>{'&a;' * 10_000}</a>",
        "unsafe-xml",
    ),
    "deep": ("<a>" * 300_000, "too-deep"),
    "deep, closed": ("<list>" * 100_000 + "</list>" * 100_000, "too-deep"),
    "attributes": ("<a " + " ".join(f"a{i}=''" for i in range(50_000)) + "/>", "xml-only"),
    "comments": ("<a>" + "<!---->" * 140_000, "not-xml"),
    "digits": (f"<host><cost>{'9' * 1_000_000}</cost></host>", "host"),
    "references": ("<a>" + "&#65;" * 200_000 + "</a>", "unknown-key"),
    "wide": (f"<groups><x-a>{'<item/>' * 140_000}</x-a></groups>", "unknown-key"),
    "many": (f"<group><x-a>{'<a/>' * 250_000}</x-a></group>", "duplicate-key"),
    "open": ("<" + "a" * 1_000_000, "not-xml"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_mebibyte_made_to_hurt_is_refused_soon_and_takes_little(name: str) -> None:
    text, code = BOMBS[name]
    body = text.encode()
    start = time.perf_counter()
    with pytest.raises(BadInput) as caught:
        read_body("xml", body, Host, root="host") if code == "host" else read_body(
            "xml", body, GroupRequest
        )
    assert (
        time.perf_counter() - start < 10
    )  # a hundredth of that, on a machine that does nothing else
    assert code == "host" or code in {fault.code for fault in caught.value.faults}
    tracemalloc.start()
    with pytest.raises(BadInput):
        read_body("xml", body, GroupRequest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 * len(body)  # as of JSON: "[],[],..." takes 25 times its length


def nested(depth: int, form: str) -> str:
    first, last = {
        "item": ("<item>", "</item>"),
        "entry": ("<entry><key>é</key><value>", "</value></entry>"),
    }[form]
    # The host itself is one level.
    return f"<host><name>h</name><x-a>{first * (depth - 1)}{last * (depth - 1)}</x-a></host>"


@pytest.mark.parametrize("form", ["item", "entry"])
def test_a_body_may_be_64_levels_deep(form: str) -> None:
    read(nested(64, form), Host, "host")
    assert code_of(nested(65, form), Host, "host") == "too-deep"
    assert code_of(nested(200, form), Host, "host") == "too-deep"


def test_data_that_is_64_levels_deep_goes_through_entries() -> None:
    data: Any = 5
    for _ in range(64):
        data = {"\u00e9": data}
    assert read(write_body("xml", data, GroupRequest)) == data
