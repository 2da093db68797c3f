"""Pools in arrays: what is free of a class on each host, and on several together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver import BadInput, Fleet, compile_fleet
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host

DOCUMENT: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": "a", "inventory": {"VCPU": 8}},
        {"name": "b", "domains": {"rack": "r1"}, "inventory": {"VCPU": 8}},
        {"name": "c", "inventory": {"VCPU": 8, "DISK_GB": 20}},
    ],
    "pools": [
        {
            "name": "ceph",
            "inventory": {"DISK_GB": {"total": 100, "min_unit": 10}},
            "used": {"DISK_GB": 40},
            "hosts": ["a"],
            "domains": {"rack": ["r1"]},
        }
    ],
}


@pytest.fixture
def fleet() -> CompiledFleet:
    return compile_fleet(Fleet.model_validate(DOCUMENT))


def test_each_host_of_a_pool_has_what_is_free_of_it(fleet: CompiledFleet) -> None:
    assert fleet.free("DISK_GB").tolist() == [60, 60, 20]
    assert fleet.capacity("DISK_GB").tolist() == [0, 0, 20]
    assert fleet.slots({"DISK_GB": 10}, 9).tolist() == [6, 6, 2]
    assert fleet.slots({"DISK_GB": 5}, 9).tolist() == [0, 0, 4]  # min_unit of the pool is 10


def test_together_they_have_it_once(fleet: CompiledFleet) -> None:
    everywhere = np.ones(3, dtype=np.bool_)
    assert fleet.total_free("DISK_GB", everywhere) == 60 + 20
    assert fleet.total_free("VCPU", everywhere) == 24


def test_amounts_and_hosts_may_change_and_a_copy_stays(fleet: CompiledFleet) -> None:
    before = fleet.copy()
    fleet.replace_pools(fleet.index.pools.with_more_used({("ceph", "DISK_GB"): 50}))
    fleet.update(Host(name="b", inventory={"VCPU": 8}))
    fleet.remove("a")
    fleet.add(Host(name="d", domains={"rack": "r1"}, inventory={"VCPU": 8}))
    assert [fleet.free("DISK_GB")[fleet.rows[name]] for name in "bcd"] == [0, 20, 10]
    assert before.free("DISK_GB").tolist() == [60, 60, 20]


def test_a_host_that_would_have_a_class_twice_is_refused(fleet: CompiledFleet) -> None:
    with pytest.raises(BadInput, match="DISK_GB is in pool 'ceph' and in its inventory"):
        fleet.update(Host(name="a", inventory={"DISK_GB": 5}))
    assert fleet.free("DISK_GB").tolist() == [60, 60, 20]


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"hosts": ["c"]}, "pools[0].inventory.DISK_GB", "expected it in one of them"),
        ({"domains": {"zone": ["z"]}}, "pools[0].domains.zone", "unknown level 'zone'"),
    ],
)
def test_a_fleet_with_a_wrong_pool_is_bad_input(
    change: dict[str, Any], path: str, message: str
) -> None:
    (pool,) = DOCUMENT["pools"]
    with pytest.raises(BadInput) as caught:
        Fleet(**{**DOCUMENT, "pools": [pool | change]})
    (fault,) = caught.value.faults
    assert fault.path == path
    assert message in fault.message


def test_two_pools_of_one_name_are_bad_input() -> None:
    (pool,) = DOCUMENT["pools"]
    again = {"name": "ceph", "inventory": {"CUSTOM_X": 1}}
    with pytest.raises(BadInput, match="pool 'ceph' is named twice"):
        Fleet(**{**DOCUMENT, "pools": [pool, again]})
