"""Files that are bad as a whole: one clear fault, found before it does harm."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groupsolver.files import load_application, load_fleet, load_result
from groupsolver.files.reading import FLEET_JSON_MAX, YAML_MAX
from tests.support.documents import APP, FLEET, put, write
from tests.support.faults import fault, faults


def test_a_fault_names_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, "fleet.yaml", put(FLEET, ["hosts", 1, "inventory", "VCPU", "total"], -8))
    (found,) = faults(load_fleet, path)
    assert (
        str(found)
        == f"{path}: hosts[1].inventory.VCPU.total: expected at least 0, found -8 [out-of-range]"
    )


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, f"{tmp_path}/a\0b", tmp_path / ("x" * 5000)):
        for load in (load_fleet, load_application, load_result):
            assert fault(load, path)[0] == "unreadable-file"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = Path(write(tmp_path, "f.json", FLEET))
    path.chmod(0)
    assert fault(load_fleet, path)[0] == "unreadable-file"


def test_a_file_that_is_not_yaml_or_json_is_an_error(tmp_path: Path) -> None:
    yaml, json_, other = tmp_path / "a.yaml", tmp_path / "a.json", tmp_path / "a.conf"
    for path in (yaml, json_, other):
        path.write_text("groups:\n  - {name: a\n  - b")
    assert re.match(r"line [34], column \d: expected YAML: ", fault(load_application, yaml)[2])
    assert fault(load_application, json_)[2].startswith("expected JSON: line 1, column 1: ")
    assert fault(load_application, other)[2].startswith("neither JSON (line 1, column 1: ")
    assert fault(load_application, yaml)[0] == fault(load_application, other)[0] == "not-yaml"
    assert fault(load_application, json_)[0] == "not-json"


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a"])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe{\x00}\x00", b"\x7fELF\x02\x01\x80\x00", b"name: caf\xe9"]
)
def test_a_file_that_is_not_utf_8_is_an_error(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    code, _, message = fault(load_application, path)
    assert code == "not-text"
    assert message.startswith("expected UTF-8 text, found the byte 0x")


def test_half_a_character_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in (r'{"x-a": "\ud800"}', r'{"x-\uDC00": 1}'):
        path.write_text(text)
        assert fault(load_application, path)[0] == "not-text"
    path.write_text(json.dumps(put(APP, ["name"], "\U0001f600")))
    assert load_application(path).name == "\U0001f600"


@pytest.mark.parametrize("content", [b"", b"  \n", b"# nothing\n", b"---\n"])
def test_an_empty_file_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    message = "expected an application, which has groups, found an empty document"
    assert fault(load_application, path)[2] == message


@pytest.mark.parametrize(
    ("name", "load", "limit"),
    [
        ("a.yaml", load_application, YAML_MAX),
        ("a.json", load_application, 16 * 2**20),
        ("a.json", load_result, 16 * 2**20),
        ("a", load_application, 16 * 2**20),
        ("f.yaml", load_fleet, YAML_MAX),
        ("f.json", load_fleet, FLEET_JSON_MAX),
    ],
)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    name: str, load: Callable[[Any], Any], limit: int, tmp_path: Path
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(limit + 1)  # a hole: it takes no room
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code, _, message = fault(load, path)
    assert (code, message) == (
        "file-too-large",
        f"expected at most {limit // 2**20} MiB, found more",
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4_000  # KiB


def test_a_file_of_50_megabytes_is_refused_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert fault(load_fleet, path)[0] == "file-too-large"


def test_a_file_without_an_end_is_refused() -> None:
    if Path("/dev/zero").exists():
        assert fault(load_application, "/dev/zero")[0] == "file-too-large"


def test_standard_input_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" " * (YAML_MAX + 1))))
    (found,) = faults(load_application, "-")
    assert (found.code, found.file) == ("file-too-large", "<stdin>")
    # JSON of a fleet may be larger; what is no JSON may not.
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a" * (YAML_MAX + 1))))
    assert fault(load_fleet, "-")[0] == "not-json"


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a"])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_document_nested_too_deep_is_refused(name: str, opening: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(opening * 200_000)
    assert fault(load_application, path)[0] == "too-deep"
    path.write_text('{"groups": ' + "[" * 50 + "]" * 50 + "}")
    assert {found.code for found in faults(load_application, path)} == {"wrong-type"}


def test_free_keys_may_nest_as_deep_as_is_read_and_are_written_again(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.json"):
        path = tmp_path / name
        deep = "[" * 90 + "]" * 90
        path.write_text(json.dumps(APP)[:-1] + f', "metadata": {deep}}}')
        json.dumps(load_application(path).document())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"name": "a", "groups": [], "name": "b"}', "name"),
        (
            '{"groups": [{"name": "a"}, {"name": "b", "members": [], "name": "c"}]}',
            "groups[1].name",
        ),
        ('{"metadata": {"a": {"b": 1, "b": 2}}}', "metadata.a.b"),
    ],
)
def test_a_key_that_stands_twice_is_an_error(text: str, path: str, tmp_path: Path) -> None:
    for name in ("a.json", "a.yaml", "a"):
        file = tmp_path / name
        file.write_text(text)
        assert fault(load_application, file)[:2] == ("duplicate-key", path)


def test_all_keys_that_stand_twice_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": {"c": 1, "c": 1, "d": NaN}, "b": 1, "b": 2}')
    assert {(found.code, found.path) for found in faults(load_fleet, path)} == {
        ("duplicate-key", "a.c"),
        ("not-finite", "a.d"),
        ("duplicate-key", "b"),
    }


def laughs(depth: int, inner: str = "[{}]") -> str:
    """Return YAML whose aliases would grow ten times with each line."""
    lines = ["a0: &a0 [x]"]
    lines += [
        f"a{i}: &a{i} " + inner.format(", ".join([f"*a{i - 1}"] * 10)) for i in range(1, depth)
    ]
    return "\n".join(lines)


def test_aliases_that_explode_are_refused_before_they_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in (laughs(60), laughs(300)):
        path.write_text(text)
        code, where, message = fault(load_application, path)
        assert code == "too-many-aliases"
        assert where.startswith("a6")  # the first of more than a million
        assert "expected aliases that add at most 1000000 values" in message
    path.write_text(laughs(5))
    assert {found.code for found in faults(load_application, path)} == {"unknown-key"}


def test_an_alias_in_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in (
        "&a [*a]",
        "a: &a {b: [1, *a]}",
        "a: &a {<<: *a}",
        "&a [&a [*a]]",
        "x: &a [1]\ny: &a [*a]",
    ):
        path.write_text(text)
        code, _, message = fault(load_application, path)
        assert code == "too-many-aliases"
        assert "contains itself" in message
    path.write_text("a: *nowhere")
    assert fault(load_application, path)[0] == "not-yaml"


@pytest.mark.parametrize(
    "text",
    [
        "a: !!binary aGk=",
        "a: !!timestamp 2024-01-01",
        "a: !!set {b}",
        "a: !!python/object:os.system {}",
        "a: !mine [1]",
        "a: !!int '1'",
        "{[1]: 2}",
        "? {a: b}\n: c",
        "a: &x [1]\n*x : 2",
        "a: 1\n---\nb: 2",
        "<<: 1",
        "<<: [1]",
    ],
)
def test_yaml_that_json_could_not_say_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert fault(load_application, path)[0] == "yaml-only"


def test_a_timestamp_is_text_and_so_an_error_where_a_number_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("hosts: [{name: 2024-01-01, cost: 2024-01-01}]")
    assert fault(load_fleet, path)[2] == "expected an integer, found '2024-01-01'"
