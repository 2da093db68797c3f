"""What a pool has, and what is free of it."""

from __future__ import annotations

from groupsolver.model.pools.pool import Pool

CEPH = Pool(
    name="ceph", inventory={"DISK_GB": {"total": 100, "reserved": 10}}, used={"DISK_GB": 30}
)


def test_free_is_the_capacity_less_what_is_used_and_not_below_0() -> None:
    assert (CEPH.capacity("DISK_GB"), CEPH.free("DISK_GB")) == (90, 60)
    assert (CEPH.capacity("VCPU"), CEPH.free("VCPU")) == (0, 0)
    full = CEPH.with_more_used({"DISK_GB": 70})  # 30 + 70 of 90
    assert (full.unused("DISK_GB"), full.free("DISK_GB")) == (-10, 0)
    assert full.emptied().free("DISK_GB") == 90


def test_what_is_given_back_is_no_more_than_is_used() -> None:
    assert CEPH.with_more_used({"DISK_GB": -50}).used == {"DISK_GB": 0}


def test_more_is_free_where_less_is_used_and_the_rest_is_added() -> None:
    assert CEPH.with_more_free({"DISK_GB": 20}).used == {"DISK_GB": 10}
    larger = CEPH.with_more_free({"DISK_GB": 50})  # 30 are freed, 20 added to the 90
    assert (larger.used, larger.capacity("DISK_GB")) == ({"DISK_GB": 0}, 110)
    assert larger.free("DISK_GB") == CEPH.free("DISK_GB") + 50
