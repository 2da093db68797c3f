"""NUMA cells on the command line: a column in the table, a key in the document, and ``check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main

Captured = pytest.CaptureFixture[str]
APP = {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 3}, "count": 2}]}]}
FLEET = {
    "hosts": [
        {
            "name": "h",
            "cells": [{"inventory": {"VCPU": 4}}, {"name": "b", "inventory": {"VCPU": 4}}],
        }
    ]
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "app.json").write_text(json.dumps(APP))
    (tmp_path / "fleet.json").write_text(json.dumps(FLEET))
    return tmp_path


def run(command: str, folder: Path, *more: str) -> int:
    return main([command, str(folder / "app.json"), "--fleet", str(folder / "fleet.json"), *more])


def answer(folder: Path, capsys: Captured) -> dict[str, Any]:
    assert run("place", folder, "--output", "json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def checked(folder: Path, result: dict[str, Any]) -> int:
    (folder / "result.json").write_text(json.dumps(result))
    return run("check", folder, "--placement", str(folder / "result.json"))


def test_a_table_has_a_column_of_cells_where_there_are_any(files: Path, capsys: Captured) -> None:
    assert run("place", files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3:6] == [
        "  member  host  cell  cost",
        "  A/0     h     0     1000",
        "  A/1     h     b     1000",
    ]


def test_cells_of_a_result_are_checked_as_they_are_told(files: Path, capsys: Captured) -> None:
    result = answer(files, capsys)
    assert result["cells"] == {"A/0": "0", "A/1": "b"}
    assert checked(files, result) == 0
    assert checked(files, result | {"cells": {"A/0": "b", "A/1": "b"}}) == 4
    assert "cell b of h has 4 VCPU free; its new members take 6" in capsys.readouterr().out
    assert checked(files, result | {"cells": {"A/0": "b"}}) == 4
    assert checked(files, result | {"cells": {"A/0": "b", "A/1": "c"}}) == 4
    # A result that tells none, as other programs write it: there is a way.
    assert checked(files, {key: value for key, value in result.items() if key != "cells"}) == 0


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"A/0": "0", "A/1": "b", "B/0": "0"}, "cells.B/0: unknown member 'B/0'"),
        ([], "cells: expected a mapping"),
        ({"A/0": 0}, "expected text"),
        (None, "cells: expected a mapping"),
    ],
)
def test_cells_that_are_no_cells_are_bad_input(
    files: Path, capsys: Captured, cells: Any, words: str
) -> None:
    result = answer(files, capsys)
    assert checked(files, result | {"cells": cells}) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "result.json" in err
