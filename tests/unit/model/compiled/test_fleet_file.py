"""Compiled fleets in files that are mapped into memory."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from groupsolver import Application, BadInput, CompiledFleet, Host, compile_fleet, solve
from tests.support.small import app, fleet, group, host

APP = app(group("A", 2, "anti-affinity"))


def _columns(hosts: int = 4) -> CompiledFleet:
    numbers = np.arange(hosts)
    return CompiledFleet.from_columns(
        [f"h{i}" for i in range(hosts)],
        levels={"rack": (numbers // 2, [f"r{i}" for i in range(hosts)])},
        inventory={"VCPU": np.full(hosts, 4)},
        used={"VCPU": numbers % 4},
        traits={"SSD": numbers % 2 == 0},
    )


def _solved_there(path: Path, given: Application) -> dict[str, str] | None:
    """What a worker process answers on the fleet of a file."""
    opened = CompiledFleet.open(path)
    opened.put(opened["h0"].with_used({"VCPU": 4}))  # its own page, not the file's
    return solve(given, opened).placement


def test_an_opened_fleet_is_the_fleet_that_was_dumped(tmp_path: Path) -> None:
    original = _columns()
    original.put(original["h1"].with_used({"VCPU": 4}))
    original.dump(tmp_path / "fleet")
    opened = CompiledFleet.open(tmp_path / "fleet")
    assert list(opened) == list(original)
    assert opened.free("VCPU").tolist() == original.free("VCPU").tolist() == [4, 0, 2, 1]
    assert opened.codes("rack").tolist() == [0, 0, 1, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]


def test_a_fleet_of_values_is_dumped_too(tmp_path: Path) -> None:
    compiled = compile_fleet(fleet(host("h0"), host("h1")))
    compiled.dump(tmp_path / "fleet")
    assert list(CompiledFleet.open(tmp_path / "fleet")) == list(compiled)


def test_its_arrays_are_mapped_and_changes_stay_in_the_process(tmp_path: Path) -> None:
    _columns().dump(tmp_path / "fleet")
    before = (tmp_path / "fleet").read_bytes()
    one = CompiledFleet.open(tmp_path / "fleet")
    other = CompiledFleet.open(tmp_path / "fleet")
    assert not one.cost.flags.owndata
    one.put(one["h0"].with_used({"VCPU": 3}))
    one.remove("h1")
    one.add(Host(name="new", inventory={"VCPU": {"total": 9}}))
    assert one.free("VCPU").tolist() == [1, 9, 2, 1]
    assert other.free("VCPU").tolist() == [4, 3, 2, 1]
    assert (tmp_path / "fleet").read_bytes() == before


def test_a_worker_process_solves_on_the_file(tmp_path: Path) -> None:
    _columns().dump(tmp_path / "fleet")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        placement = pool.submit(_solved_there, tmp_path / "fleet", APP).result(60)
    assert placement is not None
    assert len(set(placement.values())) == 2
    assert "h0" not in placement.values()


@pytest.mark.parametrize("size", [0, 10, 60, 100, -200, -1])
def test_an_incomplete_file_is_refused(tmp_path: Path, size: int) -> None:
    _columns().dump(tmp_path / "fleet")
    content = (tmp_path / "fleet").read_bytes()
    (tmp_path / "fleet").write_bytes(content[:size])
    with pytest.raises(BadInput, match=r"incomplete|CompiledFleet.dump|groupsolver"):
        CompiledFleet.open(tmp_path / "fleet")


def test_files_of_other_kinds_and_versions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unreadable-file"):
        CompiledFleet.open(tmp_path / "none")
    (tmp_path / "text").write_text("hosts: []\n")
    with pytest.raises(BadInput, match=r"expected a file that CompiledFleet.dump wrote"):
        CompiledFleet.open(tmp_path / "text")
    (tmp_path / "old").write_bytes(b"groupsolver compiled fleet 0.0.1, numpy 1.0\n")
    with pytest.raises(BadInput, match=r"found 0.0.1, numpy 1.0: dump it again"):
        CompiledFleet.open(tmp_path / "old")
