"""How much more of its pools an application needs."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.changes.pools import PoolFreed
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.feasibility import FeasibilityOracle
from groupsolver.solver.explain.free_pools import least_freed_in_pools
from groupsolver.solver.pipeline import answer


def found(disks: list[int], **pool: Any) -> list[PoolFreed] | None:
    """What is freed for members with such disks, one on each host of a pool of 100 GB, 40 used."""
    hosts = [{"name": f"h{i}", "inventory": {"VCPU": 1}} for i in range(4)]
    ceph = {
        "name": "ceph",
        "inventory": {"DISK_GB": 100},
        "used": {"DISK_GB": 40},
        "hosts": [host["name"] for host in hosts],
    }
    fleet = compile_fleet(Fleet.model_validate({"hosts": hosts, "pools": [ceph | pool]}))
    members = [{"resources": {"VCPU": 1, "DISK_GB": disk}} for disk in disks]
    app = Application.model_validate({"groups": [{"name": "A", "members": members}]})
    oracle = FeasibilityOracle(answer, "cost", Budget(Limits(seconds=60, workers=1), None))
    changes = least_freed_in_pools(app, fleet, oracle, 60)
    return None if changes is None else [one for one in changes if isinstance(one, PoolFreed)]


def test_what_is_taken_beyond_what_is_free_is_freed() -> None:
    assert found([50, 30]) == [PoolFreed("ceph", (("DISK_GB", 20),))]  # 80 of 60


def test_what_a_pool_has_above_its_capacity_is_freed_too() -> None:
    over = {"used": {"DISK_GB": 110}}
    assert found([50], **over) == [PoolFreed("ceph", (("DISK_GB", 60),))]  # 110 + 50 of 100


def test_nothing_helps_where_hosts_are_short() -> None:
    assert found([50] * 5) is None  # four hosts of 1 VCPU


def test_a_change_says_what_and_where() -> None:
    change = PoolFreed("ceph", (("DISK_GB", 20),))
    assert change.describe() == "free 20 GB of disk in pool ceph, or add as much"
    assert change.describe(reveal=False) == "free 20 GB of disk in one pool, or add as much"
