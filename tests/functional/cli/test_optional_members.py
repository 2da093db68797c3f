"""Members that are left out, in what the commands print, write and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main
from tests.support.documents import write

Doc = dict[str, Any]
Captured = pytest.CaptureFixture[str]
FLEET: Doc = {"hosts": [{"name": name, "inventory": {"VCPU": 4}} for name in ("h1", "h2")]}
LARGE: Doc = {"resources": {"VCPU": 4}, "count": 3}
SMALL: Doc = {"resources": {"VCPU": 2}, "count": 3, "value": 2}


def app_with(**more: Any) -> Doc:
    group = {"name": "workers", "at_least": 2, "members": [LARGE, SMALL]}
    return {"name": "shop", "groups": [group | more]}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write(tmp_path, "app.yaml", app_with())
    write(tmp_path, "fleet.yaml", FLEET)
    return tmp_path


def run(files: Path, command: str, *options: str, app: str = "app.yaml") -> int:
    return main([command, str(files / app), "--fleet", str(files / "fleet.yaml"), *options])


def placed(files: Path, capsys: Captured) -> Doc:
    """Place, write the result to a file, and return it."""
    assert run(files, "place", "--output", "json") == 0
    result: Doc = json.loads(capsys.readouterr().out)
    write(files, "result.json", result)
    return result


def test_the_table_names_the_members_that_are_left_out(files: Path, capsys: Captured) -> None:
    assert run(files, "place") == 0
    out = capsys.readouterr().out
    assert "shop: optimal; 3 members placed, 3 left out; objective" in out
    assert "left out: 3 members" in out
    # Three large ones of value 1; the small ones are worth 6.
    assert "- workers: workers/0, workers/1, workers/2; value 3" in out


def test_the_result_lists_them_and_the_checker_accepts_it(files: Path, capsys: Captured) -> None:
    result = placed(files, capsys)
    assert result["left_out"] == ["workers/0", "workers/1", "workers/2"]
    assert result["method"] == "exact"
    assert run(files, "check", "--placement", str(files / "result.json")) == 0


def test_the_checker_refuses_too_few(files: Path, capsys: Captured) -> None:
    result = placed(files, capsys)
    write(files, "result.json", result | {"placement": {"workers/3": "h1"}})
    assert run(files, "check", "--placement", str(files / "result.json")) == 4
    out = capsys.readouterr().out
    assert "workers: members: at least 2 new members of workers are placed (by 1)" in out


def test_a_picture_lists_them(files: Path) -> None:
    picture = files / "picture.html"
    assert run(files, "place", "--picture", str(picture)) == 0
    assert "Members left out (3)" in picture.read_text()


def test_what_is_impossible_is_explained_by_what_is_required(files: Path, capsys: Captured) -> None:
    write(files, "app.yaml", app_with(at_least=5))
    assert run(files, "explain") == 0
    out = capsys.readouterr().out
    assert "at least 5 new members of workers are placed" in out
    # Four take 2 + 2 + 2 + 4 of 8 VCPU.
    assert "workers at_least 5 -> 3 members" in out


def test_a_change_of_the_application_is_compared(files: Path, capsys: Captured) -> None:
    assert run(files, "whatif", "--members", "workers=4") == 0
    assert "left out" in capsys.readouterr().out


def test_copies_have_every_member(files: Path, capsys: Captured) -> None:
    write(files, "app.yaml", app_with(members=[SMALL], at_least=1))
    assert run(files, "headroom", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["copies"] == 1  # three of four places


def test_survival_is_asked_of_the_members_that_are_placed(files: Path, capsys: Captured) -> None:
    placed(files, capsys)
    assert run(files, "survives", "--placement", str(files / "result.json")) == 1
    assert "workers/5" in capsys.readouterr().out
