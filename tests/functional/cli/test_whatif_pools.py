"""``groupsolver whatif`` on pools: what is freed, hosts that join, and hosts that are lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groupsolver.cli.main import main
from tests.support.documents import write

Captured = pytest.CaptureFixture[str]

# Two hosts in rack r1 share 100 GB of disk, 40 in use: 20 by the member that runs on a.
FLEET: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": "a", "domains": {"rack": "r1"}, "inventory": {"VCPU": 2}, "used": {"VCPU": 1}},
        {"name": "b", "domains": {"rack": "r1"}, "inventory": {"VCPU": 2}},
        {"name": "own", "inventory": {"VCPU": 1, "DISK_GB": 10}},
    ],
    "pools": [
        {
            "name": "ceph",
            "inventory": {"DISK_GB": 100},
            "used": {"DISK_GB": 40},
            "domains": {"rack": ["r1"]},
        }
    ],
}
SIZE = {"VCPU": 1, "DISK_GB": 20}
APP: dict[str, Any] = {
    "groups": [{"name": "A", "members": [{"resources": {"VCPU": 1, "DISK_GB": 40}, "count": 2}]}],
    "existing": [{"group": "A", "id": "old", "host": "a", "resources": SIZE}],
}


def whatif(folder: Path, *options: str) -> int:
    app, fleet = write(folder, "app.yaml", APP), write(folder, "fleet.yaml", FLEET)
    return main(["whatif", app, "--fleet", fleet, "--workers", "1", *options])


def test_what_is_freed_in_a_pool_makes_room_on_its_hosts(tmp_path: Path, capsys: Captured) -> None:
    assert whatif(tmp_path, "--free", "ceph=DISK_GB:20", "--output", "json") == 0  # 80 of 60 + 20
    answer = json.loads(capsys.readouterr().out)
    assert "infeasible" in json.dumps(answer)
    assert whatif(tmp_path, "--free", "ceph=DISK_GB:10") == 1
    assert whatif(tmp_path, "--free", "ceph=DISK_GB:50") == 2
    assert "which is what is used on pool ceph" in capsys.readouterr().err


def test_a_lost_member_takes_again_what_it_had(tmp_path: Path) -> None:
    # Without a its member is placed again, on b: 40 + 20 of the 60 + 20 that are free then.
    assert whatif(tmp_path, "--remove-domain", "host=a", "--members", "A=1") == 0


def test_a_host_that_would_have_its_disk_twice_is_refused(tmp_path: Path, capsys: Captured) -> None:
    assert whatif(tmp_path, "--add-hosts", "own@rack=r1") == 2
    assert "would have DISK_GB from pool 'ceph' and in its inventory" in capsys.readouterr().err
