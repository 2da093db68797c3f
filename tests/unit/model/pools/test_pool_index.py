"""Which hosts take which classes from which pools."""

from __future__ import annotations

from groupsolver.model.fleet import Host
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex, Share

CEPH = Pool(name="ceph", inventory={"DISK_GB": 100}, hosts=["h1"], domains={"rack": ["r1"]})
FAST = Pool(name="fast", inventory={"DISK_GB": 10, "CUSTOM_SSD": 5}, hosts=["h3"])
POOLS = PoolIndex((CEPH, FAST))


def host(name: str, rack: str | None = None, **inventory: int) -> Host:
    return Host(name=name, domains={"rack": rack} if rack else {}, inventory=inventory)


def test_a_pool_is_named_by_host_or_by_a_domain_of_it() -> None:
    assert POOLS.pool_of(host("h1"), "DISK_GB") is CEPH
    assert POOLS.pool_of(host("h2", "r1"), "DISK_GB") is CEPH
    assert POOLS.pool_of(host("h2", "r2"), "DISK_GB") is None
    assert POOLS.classes_of(host("h3")) == {"DISK_GB": 1, "CUSTOM_SSD": 1}


def test_a_class_that_a_host_has_is_taken_from_no_pool_and_is_there_twice() -> None:
    own = host("h1", DISK_GB=3)
    assert POOLS.number_of(own, "DISK_GB") == -1
    assert list(POOLS.repeated(own)) == [("DISK_GB", "ceph", "its inventory")]
    assert list(POOLS.repeated(host("h3", "r1"))) == [("DISK_GB", "fast", "pool 'ceph'")]
    cells = Host.model_validate({"name": "h1", "cells": [{"inventory": {"DISK_GB": 1}}]})
    assert list(POOLS.repeated(cells)) == [("DISK_GB", "ceph", "its cells")]


def test_a_member_takes_from_pools_what_its_host_has_not() -> None:
    size = (("CUSTOM_SSD", 2), ("DISK_GB", 0), ("VCPU", 1))
    assert list(POOLS.shares(host("h3", VCPU=4), size)) == [Share("fast", "CUSTOM_SSD", 2)]


def test_more_use_changes_a_copy() -> None:
    more = POOLS.with_more_used({("ceph", "DISK_GB"): 40})
    assert (more["ceph"].free("DISK_GB"), POOLS["ceph"].free("DISK_GB")) == (60, 100)
    assert more.pool_of(host("h1"), "DISK_GB") is more["ceph"]
