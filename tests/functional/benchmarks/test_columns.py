"""The benchmark of columns: it draws fleets that are valid, and measures a small one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.columns import main
from benchmarks.support.column_fleets import columns
from groupsolver import CompiledFleet, Fleet


def test_columns_that_are_drawn_are_a_valid_fleet() -> None:
    fleet = CompiledFleet.from_columns(**columns(200, 0))
    hosts = list(fleet)
    Fleet(levels=fleet.levels, hosts=[host.revalidated() for host in hosts])
    assert {len(host.inventory) for host in hosts} == {3}
    assert any(host.traits for host in hosts)
    assert not any(host.overfull for host in hosts)
    assert columns(200, 0)["cost"].tolist() == columns(200, 0)["cost"].tolist()


def test_a_small_fleet_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / "figures.json"
    assert main(["--hosts", "2000", "--gap", "0.2", "--json", str(file)]) == 0
    assert "2,000" in capsys.readouterr().out
    (one,) = json.loads(file.read_text())["columns"]
    assert one["hosts"] == 2000
    assert 0 < one["compile_seconds"] < one["compile_mb"]
    assert one["first_seconds"] <= one["solve_seconds"]
