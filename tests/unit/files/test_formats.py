"""Documents are read the same from YAML, JSON, standard input and memory."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Result
from groupsolver.files import (
    dump_yaml,
    load_application,
    load_fleet,
    load_result,
    parse_application,
    parse_fleet,
    parse_result,
    read_document,
)
from groupsolver.files.json_text import parse_json
from groupsolver.files.yaml_text import parse_yaml
from tests.support.documents import APP, FLEET, RESULT, write

LOADERS: list[tuple[Callable[[str], Any], Callable[[Any], Any], dict[str, Any]]] = [
    (load_fleet, parse_fleet, FLEET),
    (load_application, parse_application, APP),
    (load_result, parse_result, RESULT),
]
# What both formats can express: finite 64-bit numbers, and text that YAML can carry.
TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        exclude_characters="\ufeff\ufffe\uffff",
        include_characters="\x85\n\t",
    )
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.from_regex(r"\A[-+0-9.eExo_:~<]{1,8}\Z")
    | st.sampled_from(
        [
            "yes",
            "no",
            "2024-01-01",
            "null",
            "~",
            "",
            "<<",
            "=",
            "1e5",
            "010",
            ".inf",
            "True",
            "a\x85b",
        ]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(("load", "parse", "document"), LOADERS)
def test_json_yaml_standard_input_and_memory_give_the_same_value(
    load: Callable[[str], Any],
    parse: Callable[[Any], Any],
    document: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    value = parse(document)
    for name in ("a.json", "a.yaml", "a.yml", "A.JSON", "a.txt", "a"):
        assert load(write(tmp_path, name, document)) == value
    for text in (json.dumps(document), dump_yaml(document)):
        stdin(monkeypatch, text.encode())
        assert load("-") == value


@pytest.mark.parametrize(("load", "parse", "document"), LOADERS)
def test_what_a_value_gives_as_its_document_is_read_back_as_that_value(
    load: Callable[[str], Any],
    parse: Callable[[Any], Any],
    document: dict[str, Any],
    tmp_path: Path,
) -> None:
    value = parse(document)
    assert parse(value.document()) == value
    assert load(write(tmp_path, "a.yaml", value.document())) == value


def test_metadata_and_keys_with_x_are_kept() -> None:
    assert parse_fleet(FLEET).document()["hosts"][0]["metadata"] == {"owner": ["a", 1, None, 1.5]}
    assert parse_application(APP).document()["x-team"] == {"mail": "a@b"}


def test_loaders_give_the_public_types(tmp_path: Path) -> None:
    assert type(load_fleet(write(tmp_path, "f.json", FLEET))) is Fleet
    assert type(load_application(write(tmp_path, "a.json", APP))) is Application
    assert type(load_result(write(tmp_path, "r.json", RESULT))) is Result


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(FLEET).encode())
    assert load_fleet(path) == parse_fleet(FLEET)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("4.0", 4.0),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        # Text, though YAML 1.1 has other meanings for them.
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", "0x10"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        (".inf", ".inf"),
        (".5", ".5"),
        ("+5", "+5"),
        # Quoted, or tagged as text.
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
    ],
)
def test_a_plain_scalar_of_yaml_means_what_it_would_in_json_and_is_text_otherwise(
    text: str, value: object
) -> None:
    found = parse_yaml(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_of_yaml_is_text() -> None:
    assert parse_yaml("{1: a, true: b, null: c, 1.5: d}") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "1.5": "d",
    }


def test_anchors_and_merge_keys_of_yaml_work() -> None:
    text = """
    small: &small {VCPU: 1, DISK_GB: 20}
    other: &other {VCPU: 9, MEMORY_MB: 5}
    same: *small
    more: {<<: *small, VCPU: 2}
    before: {VCPU: 2, <<: *small}
    both: {<<: [*small, *other]}
    """
    found = parse_yaml(text)
    assert found["same"] == {"VCPU": 1, "DISK_GB": 20}
    assert found["more"] == found["before"] == {"VCPU": 2, "DISK_GB": 20}
    assert found["both"] == {"VCPU": 1, "DISK_GB": 20, "MEMORY_MB": 5}  # the first of several wins


@given(PLAIN)
@example(
    ["1e5", "-1E+5", "010", "12", "yes", "2024-01-01", "~", "", "<<", "="]
)  # text, each of them
@example({"1e5": 1e5, "": None, "null": 1e-7, "<<": "<<"})
def test_yaml_that_is_written_is_read_back_the_same(data: Any) -> None:
    found = parse_yaml(dump_yaml(data))
    assert json.dumps(found, sort_keys=True) == json.dumps(data, sort_keys=True)


@given(PLAIN)
def test_json_is_read_as_python_reads_it(data: Any) -> None:
    assert parse_json(json.dumps(data)) == json.loads(json.dumps(data))


@given(PLAIN)
def test_json_is_read_the_same_as_yaml(data: Any) -> None:
    # YAML has JSON within it, but for the escapes of characters beyond 16 bits.
    text = json.dumps(data, ensure_ascii=False)
    assert json.dumps(parse_yaml(text)) == json.dumps(parse_json(text))


def test_a_document_of_no_kind_is_read_as_plain_data(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "a.yaml", [1, {"b": None}])) == [1, {"b": None}]
