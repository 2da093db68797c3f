"""Hosts as values: capacity, use, and a host with another use; faults of a fleet."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import BadInput, Host
from groupsolver.files import parse_fleet

NUMA = Host.model_validate(
    {
        "name": "n",
        "inventory": {"DISK_GB": 100},
        "used": {"DISK_GB": 30, "VCPU": 1},
        "cells": [
            {"inventory": {"VCPU": 8}, "used": {"VCPU": 3}},
            {"name": "gpu", "inventory": {"VCPU": 4}},
        ],
        "enabled": False,
    }
)
PLAIN = Host.model_validate({"name": "p", "inventory": {"VCPU": 8}, "used": {"VCPU": 2}})


def test_capacity_and_use_add_up_over_host_and_cells() -> None:
    assert NUMA.capacity() == {"DISK_GB": 100, "VCPU": 12}  # 8 + 4
    assert NUMA.in_use() == {"DISK_GB": 30, "VCPU": 4}  # 1 + 3


def test_a_host_with_other_use_is_otherwise_the_same() -> None:
    other = PLAIN.with_used({"VCPU": 5})
    assert other.used == {"VCPU": 5}
    assert other.with_used({"VCPU": 2}) == PLAIN
    assert PLAIN.used == {"VCPU": 2}  # values never change


def test_cells_that_are_not_named_stay_as_they_are() -> None:
    other = NUMA.with_used({}, {"gpu": {"VCPU": 4}})
    assert other.used == {}
    assert [cell.used for cell in other.cells] == [{"VCPU": 3}, {"VCPU": 4}]
    assert [cell.used for cell in NUMA.with_used({}).cells] == [{"VCPU": 3}, {}]


def test_the_use_of_cells_is_a_copy() -> None:
    used = NUMA.used_in_cells()
    assert used == {"0": {"VCPU": 3}, "gpu": {}}
    used["0"]["VCPU"] = 9
    assert NUMA.cells[0].used == {"VCPU": 3}


def test_on_an_emptied_host_nothing_runs() -> None:
    empty = NUMA.emptied()
    assert empty.in_use() == {}
    assert empty.capacity() == NUMA.capacity()
    assert "cells" not in PLAIN.emptied().document()


@pytest.mark.parametrize(
    ("used", "overfull"),
    [({"VCPU": 8}, False), ({"VCPU": 9}, True), ({"DISK_GB": 1}, True), ({"DISK_GB": 0}, False)],
)
def test_a_host_is_overfull_beyond_its_capacity(used: dict[str, int], overfull: bool) -> None:
    assert PLAIN.with_used(used).overfull == overfull


def test_free_points_are_the_mean_free_share_in_thousandths() -> None:
    host = Host.model_validate(
        {"name": "a", "inventory": {"VCPU": 8, "DISK_GB": 100}, "used": {"VCPU": 6, "DISK_GB": 25}}
    )
    both = ["VCPU", "DISK_GB"]
    assert host.free_points(both) == 500  # 1000 * (2/8 + 75/100) / 2
    assert host.free_points(["VCPU"]) == 250  # of the classes that a member takes alone
    assert host.with_used({"VCPU": 99}).free_points(both) == 500  # (0 + 100/100) / 2
    assert host.free_points(["MEMORY_MB"]) == host.free_points([]) == 0
    assert Host(name="b").free_points(both) == 0


def test_scarce_points_are_the_largest_free_share_of_what_is_not_taken() -> None:
    inventory = {"VCPU": 8, "CUSTOM_GPU": 4, "CUSTOM_FPGA": 2, "VGPU": 0}
    used = {"CUSTOM_GPU": 1, "CUSTOM_FPGA": 1}
    host = Host.model_validate({"name": "a", "inventory": inventory, "used": used})
    assert host.scarce_points(["VCPU"]) == 750  # 3 of 4 GPUs, 1 of 2 FPGAs
    assert host.scarce_points(["VCPU", "CUSTOM_GPU"]) == 500
    assert host.scarce_points(["CUSTOM_GPU", "CUSTOM_FPGA"]) == 0  # VCPU is not scarce


def test_halves_of_a_point_go_to_even() -> None:
    host = Host.model_validate({"name": "a", "inventory": {"VCPU": 2000}, "used": {"VCPU": 1999}})
    assert host.free_points(["VCPU"]) == 0  # 1000 / 2000 = 0.5
    assert host.with_used({"VCPU": 1997}).free_points(["VCPU"]) == 2  # 1.5


def refused(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        parse_fleet(document)
    return [(fault.code, fault.path) for fault in caught.value.faults]


def test_every_fault_of_a_fleet_is_reported() -> None:
    hosts = [
        {"name": "a", "domains": {"rack": "r1", "feed": "r1"}},
        {"name": "a", "domains": {"zone": "z"}},
    ]
    links = [{"between": ["r1", "a"]}]
    levels = ["rack", "feed", "rack", "host"]
    assert refused({"levels": levels, "hosts": hosts, "links": links}) == [
        ("duplicate-name", "levels[2]"),
        ("reserved-name", "levels[3]"),
        ("duplicate-name", "hosts[1].name"),
        ("unknown-level", "hosts[1].domains.zone"),
        ("ambiguous-name", "links[0].between[0]"),
    ]


def test_a_host_named_like_a_domain_is_ambiguous_as_the_end_of_a_link() -> None:
    hosts = [{"name": "a", "domains": {"rack": "a"}}]
    document = {"levels": ["rack"], "hosts": hosts, "links": [{"between": ["a", "switch"]}]}
    assert refused(document) == [("ambiguous-name", "links[0].between[0]")]
    parse_fleet({**document, "links": []})  # nothing asks which of the two is meant
