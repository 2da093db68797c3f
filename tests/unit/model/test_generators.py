"""Fleets of regular networks, and how far their hosts are from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from groupsolver import BadInput, Fleet, Inventory, compile_fleet, fat_tree, leaf_spine
from groupsolver.model.value import DistanceMeasure
from tests.support.oracle.network import distances


def degrees(fleet: Fleet) -> Counter[str]:
    return Counter(end for link in fleet.links for end in link.between)


def near(fleet: Fleet, what: DistanceMeasure, bound: int) -> int:
    """How many hosts are near the first, itself included."""
    compiled = compile_fleet(fleet)
    level, found = compiled.proximity_zones(what, bound)
    return int(found.of(int(compiled.codes(level)[0]))[compiled.codes(level)].sum())


def test_every_leaf_is_linked_to_every_spine() -> None:
    fleet = leaf_spine(3, 10, 4, inventory={"VCPU": 8}, bandwidth_mbps=100_000, latency_us=2)
    assert len(fleet.hosts) == 40  # 10 leaves x 4
    assert len(fleet.links) == 30  # 10 x 3
    ends = degrees(fleet)
    assert {ends[f"spine{i}"] for i in (1, 2, 3)} == {10}
    assert {ends[f"r{i:02}"] for i in range(1, 11)} == {3}
    assert fleet.hosts[0].name == "r01h1"
    assert fleet.hosts[0].domains == {"rack": "r01"}
    assert fleet.hosts[0].inventory == {"VCPU": Inventory(total=8)}
    assert {(link.bandwidth_mbps, link.latency_us) for link in fleet.links} == {(100_000, 2)}
    # Hosts of one leaf are at distance 0; any two leaves are two links of 2 us apart.
    assert [near(fleet, "hops", n) for n in (0, 1, 2)] == [4, 4, 40]
    assert [near(fleet, "latency", n) for n in (3, 4)] == [4, 40]


def test_hosts_may_have_links_of_their_own() -> None:
    fleet = leaf_spine(2, 3, 4, host_bandwidth_mbps=25_000, host_latency_us=1)
    assert len(fleet.links) == 3 * 2 + 12
    # Two hosts of a leaf: 2 links of 1 us. Of two leaves: 1 + 5 + 5 + 1 us.
    assert [near(fleet, "hops", n) for n in (1, 2, 3, 4)] == [1, 4, 4, 12]
    assert [near(fleet, "latency", n) for n in (1, 2, 11, 12)] == [1, 4, 4, 12]


@pytest.mark.parametrize("k", [2, 4, 6])
def test_a_fat_tree_has_as_many_switches_and_hosts_as_its_source_says(k: int) -> None:
    fleet, half = fat_tree(k), k // 2
    ends = degrees(fleet)
    racks = {host.domains["rack"] for host in fleet.hosts}
    cores = {name for name in ends if name.startswith("core")}
    assert len(fleet.hosts) == k**3 // 4
    assert len(racks) == k * half
    assert len(cores) == half**2
    assert len(ends) - len(racks) - len(cores) == k * half  # the aggregation switches
    # Every switch has k ports, of which an edge switch has half for hosts, without links here.
    assert {ends[rack] for rack in racks} == {half}
    assert {n for name, n in ends.items() if name not in racks} == {k}


def test_in_a_fat_tree_hosts_are_2_links_apart_in_a_pod_and_4_between_pods() -> None:
    fleet = fat_tree(4, latency_us=3, host_latency_us=1)
    # With its own link, a host is 2 links from the 1 other of its rack, 4 from 2 more of its pod, 6
    # from the other 12.
    assert [near(fleet, "hops", n) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 2, 4, 4, 16]
    assert [near(fleet, "latency", n) for n in (1, 2, 7, 8, 13, 14)] == [
        1,
        2,
        2,
        4,
        4,
        16,
    ]  # 2 x 1 + 0, 2, 4 links x 3
    bare = fat_tree(4)
    assert [near(bare, "hops", n) for n in (0, 1, 2, 3, 4)] == [2, 2, 4, 4, 16]
    assert max(distances(bare.document(), "hops")["p1r1h1"].values()) == 4


def refused(make: Callable[[], Fleet]) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        make()
    return [(fault.code, fault.path) for fault in caught.value.faults]


def test_numbers_that_make_no_fleet_are_bad_input() -> None:
    below = [("out-of-range", "spines"), ("out-of-range", "hosts_per_leaf")]
    assert refused(lambda: leaf_spine(0, 1, -1)) == below
    assert refused(lambda: fat_tree(0)) == [("out-of-range", "k")]
    assert refused(lambda: fat_tree(3)) == [("wrong-value", "k")]
