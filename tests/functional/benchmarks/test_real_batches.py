"""The benchmark of real pods: a share of a GPU is one of a device, and ratios are of all GPUs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.alibaba import DataMissing, Trace, read
from benchmarks.real_batches import (
    NodeRoom,
    PodBatch,
    largest_first,
    main,
    measure,
    one_after_the_other,
    pods_at,
    published,
)
from benchmarks.support.bulk_methods import solve
from groupsolver import Limits

# A node with two GPUs, one with one, one without.
NODES = np.array([[8000, 8000, 2000], [8000, 8000, 1000], [8000, 8000, 0]])
# A pod of two devices, two shares that do not fit one device together, one without GPU.
PODS = np.array([[4001, 1000, 2000], [1000, 1000, 600], [1000, 1000, 400], [8000, 1000, 0]])
TRACE = Trace(NODES, ("A", "A", ""), PODS)


def batch() -> PodBatch:
    return PodBatch(TRACE, PODS)


def test_a_pod_of_two_gpus_is_two_members_on_one_host() -> None:
    group = batch().groups["pod-00000"]
    (members,) = group.members
    assert members.count == 2
    # 4,001 is 2,000.5 each, rounded up.
    assert members.resources == {
        "CUSTOM_CPU_MILLI": 2001,
        "MEMORY_MB": 500,
        "CUSTOM_GPU_MILLI": 1000,
    }
    assert [policy.kind for policy in group.policies] == ["affinity"]
    assert batch().values["pod-00000"] == 2000
    assert batch().values["pod-00003"] == 1


def test_a_node_has_a_cell_for_each_gpu() -> None:
    assert [len(host.cells) for host in batch().fleet.hosts] == [2, 1, 0]


def test_the_library_places_all_pods_each_share_on_one_device() -> None:
    of = batch()
    *_, last = solve(of.instance(), Limits(seconds=10, workers=1))
    assert of.placed(last.placement).all()
    assert last.placement["pod-00000/0"] == last.placement["pod-00000/1"] == "node-0000"
    assert last.placement["pod-00001/0"] == last.placement["pod-00002/0"] == "node-0001"


def test_a_share_takes_the_fullest_device_that_has_it() -> None:
    room = NodeRoom(TRACE)
    # 600 on the node with one GPU, the other shares beside it or on a device of their own.
    assert room.put(np.array([0, 0, 600])) == 1
    assert room.put(np.array([0, 0, 600])) == 0
    assert room.devices.tolist() == [[400, 1000], [400, 0], [0, 0]]
    assert room.put(np.array([0, 0, 1500])) == 0
    assert room.put(np.array([0, 0, 500])) is None


@pytest.mark.parametrize("name", ["random", "largest"])
def test_best_fit_places_pods_that_pass_the_check(name: str) -> None:
    of = batch()
    steps = one_after_the_other(of, 1) if name == "random" else largest_first(of)
    row = measure(1.0, name, of, steps)
    assert 0 < row.pods <= row.pods_all == 4
    assert 0 < row.gpu <= 1
    if name == "largest":
        # 2,000 + 600 + 400 of 3,000.
        assert (row.pods, row.gpu) == (4, 1.0)


def test_a_pod_with_a_member_missing_is_not_placed() -> None:
    found = batch().placed({"pod-00000/0": "node-0000", "pod-00003/0": "node-0002"})
    assert found.tolist() == [False, False, False, True]


def test_a_placement_that_breaks_a_rule_is_no_answer() -> None:
    with pytest.raises(AssertionError, match="breaks a rule"):
        batch().placed({"pod-00001/0": "node-0002"})


def test_pods_come_until_they_ask_for_the_share_of_all_gpus() -> None:
    # 2,000 + 600 + 400 + 0 are all 3,000; at half the load, none: the first is too large.
    assert len(pods_at(TRACE, 1.0, 0).pods) >= 4
    assert pods_at(TRACE, 0.5, 0).pods.tolist() == []
    assert pods_at(TRACE, 2.0, 0).pods[:, 2].sum() <= 6000


def test_published_ratios_and_the_trace_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        trace = read()
        ratios = published()
    except DataMissing as error:
        pytest.skip(str(error))
    assert ratios["FGD"] == pytest.approx(0.9523)
    of = pods_at(trace, 1.0, 1)
    total = int(trace.capacity[:, 2].sum())
    assert 0.99 * total < of.pods[:, 2].sum() <= total


def test_without_the_trace_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUPSOLVER_DATA", str(tmp_path))
    assert main([]) == 0
    assert "skipped" in capsys.readouterr().out


def test_the_command_prints_a_row_for_each_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.alibaba.read", lambda: TRACE)
    monkeypatch.setattr("benchmarks.real_batches.published", lambda: {"FGD": 0.9523})
    figures = tmp_path / "figures.json"
    argv = ["--load", "1.0", "--time-limit", "5", "--workers", "1", "--json", str(figures)]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "FGD, published" in out
    rows = {row["method"]: row for row in json.loads(figures.read_text())["rows"]}
    # The library places what is worth most: here all pods, 3,000 thousandths of 3,000.
    assert (rows["groupsolver"]["pods"], rows["groupsolver"]["gpu"]) == (4, 1.0)
