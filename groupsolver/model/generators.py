"""Fleets of regular networks: leaf and spine, and fat trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any

from groupsolver.errors import BadInput, Fault, require_type
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.inventory import Inventory

InventoryByClass = Mapping[str, int | Inventory]
_INVENTORY: InventoryByClass = {"VCPU": 64, "MEMORY_MB": 262_144, "DISK_GB": 2_000}


def leaf_spine(
    spines: int,
    leaves: int,
    hosts_per_leaf: int,
    *,
    inventory: InventoryByClass = _INVENTORY,
    bandwidth_mbps: int | None = 40_000,
    latency_us: int | None = 5,
    host_bandwidth_mbps: int | None = None,
    host_latency_us: int | None = None,
) -> Fleet:
    """Build a leaf-spine fleet: every leaf is linked to every spine.

    Parameters
    ----------
    spines, leaves, hosts_per_leaf : int
        At least 1.
    inventory : mapping of str to int or Inventory
        Of each host; by default 64 VCPU, 256 GiB of memory and 2,000 GB of disk.
    bandwidth_mbps, latency_us : int, optional
        Of a link between leaf and spine, by default 40,000 and 5.
    host_bandwidth_mbps, host_latency_us : int, optional
        Of a link between a host and its leaf. Where neither is given, hosts have no links and are
        attached to their leaf at no cost.

    Returns
    -------
    Fleet
        One level, ``rack``: ``r001``, ... are the leaves, ``spine1``, ... switches, ``r001h01``,
        ... hosts; numbers are as wide as the largest.

    Raises
    ------
    BadInput
        ``out-of-range`` where a number is below 1.
    """
    _require_numbers(spines=spines, leaves=leaves, hosts_per_leaf=hosts_per_leaf)
    _require_links(
        bandwidth_mbps=bandwidth_mbps,
        latency_us=latency_us,
        host_bandwidth_mbps=host_bandwidth_mbps,
        host_latency_us=host_latency_us,
    )
    _at_least_one(spines=spines, leaves=leaves, hosts_per_leaf=hosts_per_leaf)
    racks = list(_names("r", leaves))
    stock = _inventory(inventory)
    hosts = [
        Host(name=name, domains={"rack": rack}, inventory=stock)
        for rack in racks
        for name in _names(f"{rack}h", hosts_per_leaf)
    ]
    links = [
        _link(rack, spine, bandwidth_mbps, latency_us)
        for rack in racks
        for spine in _names("spine", spines)
    ]
    links += _uplinks(hosts, host_bandwidth_mbps, host_latency_us)
    return Fleet(levels=("rack",), hosts=tuple(hosts), links=tuple(links))


def fat_tree(
    k: int,
    *,
    inventory: InventoryByClass = _INVENTORY,
    bandwidth_mbps: int | None = 10_000,
    latency_us: int | None = 5,
    host_bandwidth_mbps: int | None = None,
    host_latency_us: int | None = None,
) -> Fleet:
    """Build a k-ary fat tree.

    It has k pods of k/2 edge and k/2 aggregation switches, (k/2)^2 cores and k^3/4 hosts.

    Parameters
    ----------
    k : int
        Ports of a switch: even, at least 2.
    inventory, bandwidth_mbps, latency_us, host_bandwidth_mbps, host_latency_us
        As of `leaf_spine`; links between switches are alike, by default 10,000 Mbit/s and 5 us.

    Returns
    -------
    Fleet
        Levels ``pod`` and ``rack``: ``p1``, ..., and ``p1r1``, ..., which are the edge switches.
        ``p1a1``, ... are aggregation switches, ``core1``, ... the cores, ``p1r1h1``, ... the hosts.

    Raises
    ------
    BadInput
        ``out-of-range`` where k is below 2, ``wrong-value`` where it is odd.

    Source: Al-Fares, Loukissas and Vahdat, *A scalable, commodity data center network
    architecture*, SIGCOMM 2008, doi:10.1145/1402958.1402967.
    """
    _require_numbers(k=k)
    _require_links(
        bandwidth_mbps=bandwidth_mbps,
        latency_us=latency_us,
        host_bandwidth_mbps=host_bandwidth_mbps,
        host_latency_us=host_latency_us,
    )
    if k < 2:
        raise BadInput([Fault("out-of-range", "k", f"expected at least 2, found {k}")])
    if k % 2:
        raise BadInput([Fault("wrong-value", "k", f"expected an even number, found {k}")])
    half = k // 2
    cores = list(_names("core", half * half))
    stock = _inventory(inventory)
    hosts: list[Host] = []
    links: list[Link] = []
    for pod in _names("p", k):
        racks = list(_names(f"{pod}r", half))
        switches = list(_names(f"{pod}a", half))
        hosts += [
            Host(name=name, domains={"pod": pod, "rack": rack}, inventory=stock)
            for rack in racks
            for name in _names(f"{rack}h", half)
        ]
        links += [
            _link(rack, switch, bandwidth_mbps, latency_us) for rack in racks for switch in switches
        ]
        # The aggregation switches with the same number in all pods share k/2 cores.
        links += [
            _link(switch, core, bandwidth_mbps, latency_us)
            for at, switch in enumerate(switches)
            for core in cores[at * half : (at + 1) * half]
        ]
    links += _uplinks(hosts, host_bandwidth_mbps, host_latency_us)
    return Fleet(levels=("pod", "rack"), hosts=tuple(hosts), links=tuple(links))


def _require_numbers(**numbers: object) -> None:
    for name, number in numbers.items():
        require_type(name, number, Integral, "an integer")


def _require_links(**amounts: object) -> None:
    for name, amount in amounts.items():
        require_type(name, amount, (int, type(None)), "an integer or None")


def _inventory(inventory: InventoryByClass) -> dict[str, Inventory]:
    expected = "a mapping of resource class to an integer or Inventory"
    require_type("inventory", inventory, Mapping, expected)
    for name, given in inventory.items():
        require_type("inventory, a key", name, str, expected)
        require_type(f"inventory[{name!r}]", given, (int, Inventory), expected)
    return {
        name: Inventory(total=given) if isinstance(given, int) else given
        for name, given in inventory.items()
    }


def _names(prefix: str, number: int) -> Iterator[str]:
    width = len(str(number))
    return (f"{prefix}{i:0{width}}" for i in range(1, number + 1))


def _link(one: str, other: str, bandwidth: int | None, latency: int | None) -> Link:
    return Link(between=(one, other), bandwidth_mbps=bandwidth, latency_us=latency)


def _uplinks(hosts: list[Host], bandwidth: int | None, latency: int | None) -> list[Link]:
    if bandwidth is None and latency is None:
        return []
    return [_link(host.name, host.domains["rack"], bandwidth, latency) for host in hosts]


def _at_least_one(**numbers: Any) -> None:
    faults = [
        Fault("out-of-range", name, f"expected at least 1, found {number}")
        for name, number in numbers.items()
        if number < 1
    ]
    if faults:
        raise BadInput(faults)
