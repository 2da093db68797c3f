"""The benchmark of vector bin packing: its instances mean what their files say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import vbp
from benchmarks.alibaba import DataMissing
from benchmarks.vbp import Packing, chosen, main, read, run
from groupsolver import Limits

LIMITS = Limits(seconds=10, workers=1)
HEADER = "instance_name\tLB\tOPT\tbest_overall\n"


def packing(*items: tuple[int, ...]) -> Packing:
    return Packing("own_6_2_0", np.array([100, 100]), np.array(items), optimum=2, heuristic=3)


# Two hosts of three items each: 60 + 30 + 10 and 50 + 40 + 10 of the first dimension.
SIX = packing((60, 20), (30, 30), (10, 50), (50, 25), (40, 35), (10, 40))
# 60 + 42 - 2 and 50 + 40 + 10 of the first.
BELOW_NOTHING = packing((60, 20), (42, 30), (-2, 50), (50, 25), (40, 35), (10, 40))


@pytest.mark.parametrize("of", [SIX, BELOW_NOTHING])
def test_items_are_packed_into_the_fewest_hosts_with_a_proof(of: Packing) -> None:
    assert of.volume() == 2
    found = run(of, LIMITS)
    assert (found.hosts, found.bound, found.proved) == (2, 2, True)
    assert found.shifted is bool((of.items < 0).any())


def test_amounts_below_nothing_shift_items_and_hosts() -> None:
    assert BELOW_NOTHING.shift.tolist() == [2, 0]
    inventory = BELOW_NOTHING.fleet(1).hosts[0].inventory
    # Three items with 2 more each: 100 + 3 * 2.
    assert inventory["CUSTOM_DIMENSION_0"].total == 106
    assert inventory["CUSTOM_DIMENSION_1"].total == 100


def test_a_packing_is_held_against_the_instance_itself() -> None:
    # Sorted: (-2, 50), (10, 40), (40, 35), (42, 30), (50, 25), (60, 20).
    hosts = {f"items/{i}": host for i, host in enumerate("abbaba")}
    assert BELOW_NOTHING.hosts_of(hosts) == 2
    # 42 + 60 is more than 100, though it is less than the 106 of the shifted host: a counts twice.
    assert BELOW_NOTHING.hosts_of({**hosts, "items/0": "c"}) == 4


def test_first_fit_decreasing_needs_a_host_for_what_fits_nowhere() -> None:
    # 60, 50, 40, 50 of the largest dimension: 60 + 40 first, then 50 + 50.
    of = packing((60, 10), (40, 10), (50, 10), (50, 10))
    assert of.decreasing() == 2


def test_files_are_read_with_copies(tmp_path: Path) -> None:
    folder = tmp_path / vbp.FOLDER / "Class"
    folder.mkdir(parents=True)
    (folder / "own_3_2_0.vbp").write_text("2\n10 20\n2\n4 5 2\n6 7 1\n")
    (folder.parent / "summary_known.tsv").write_text(HEADER + "own_3_2_0\t2\t2\t3\n")
    (found,) = read(tmp_path)
    assert found.capacity.tolist() == [10, 20]
    assert found.items.tolist() == [[4, 5], [4, 5], [6, 7]]
    assert (found.optimum, found.heuristic, found.family) == (2, 3, "own_3_2")


def test_a_missing_folder_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataMissing, match="vector bin packing skipped"):
        read(tmp_path)
    monkeypatch.setenv("GROUPSOLVER_DATA", str(tmp_path))
    assert main([]) == 0
    assert "skipped" in capsys.readouterr().out


def test_the_first_of_each_family_are_chosen() -> None:
    packings = [
        Packing(f"{name}_{i}", SIX.capacity, SIX.items, 2, 3) for name in "ab" for i in "01"
    ]
    assert [one.name for one in chosen(packings, 1, "")] == ["a_0", "b_0"]
    assert [one.name for one in chosen(packings, None, "b_")] == ["b_0", "b_1"]


def test_the_command_packs_public_instances(tmp_path: Path) -> None:
    try:
        packings = read()
    except DataMissing as error:
        pytest.skip(str(error))
    assert len(packings) == 240
    # Every optimum is the volume: each host is full.
    assert all(one.volume() == one.optimum for one in packings)
    figures = tmp_path / "vbp.json"
    argv = ["--instances", "1", "--only", "classF_60_3", "--time-limit", "1", "--workers", "1"]
    assert main([*argv, "--json", str(figures)]) == 0
    (one,) = json.loads(figures.read_text())["runs"]
    assert one["name"] == "classF_60_3_0"
