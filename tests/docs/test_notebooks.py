"""The notebooks of the docs run, and say what their text says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.site.notebooks import as_markdown, notebooks, run
from tests.support.doc_pages import playground


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return playground(tmp_path, monkeypatch)


def shown(name: str) -> list[str]:
    """What the code cells of a notebook print."""
    (path,) = [one for one in notebooks() if one.stem == name]
    return [cell.printed for cell in run(path) if cell.kind == "code"]


def test_there_are_three_without_outputs() -> None:
    assert [path.stem for path in notebooks()] == [
        "a_day_of_a_scheduler",
        "first_placement",
        "why_not",
    ]
    for path in notebooks():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs")


def test_the_first_placement_is_proved_and_drawn() -> None:
    printed = shown("first_placement")
    assert printed[0] == "optimal 420 420\n"
    assert "members of DB run on hosts with STORAGE_DISK_SSD" in printed[2]
    (path,) = [one for one in notebooks() if one.stem == "first_placement"]
    assert as_markdown(path).count("<iframe") == 1


def test_on_a_day_nothing_lands_beside_what_wants_to_be_alone() -> None:
    printed = shown("a_day_of_a_scheduler")
    assert printed[1].endswith("{'quiet'}\n")
    assert printed[2].startswith("infeasible\n")
    assert "placed again" in printed[3]
    assert "infeasible" not in printed[3]
    last = printed[-1].splitlines()
    assert last[0] == str(["optimal"] * 10)
    assert int(last[1]) >= 0


def test_why_not_has_a_conflict_and_other_fixes_at_other_costs() -> None:
    printed = shown("why_not")
    assert "no rack holds more than 1 member of DB" in printed[0]
    assert printed[1].splitlines()[0].startswith("cost 1 | DB anti-affinity at rack")
    assert "more host" in printed[2]
    assert "copies fit" in printed[3]
