"""Distances over links from plain documents: every pair of nodes, by Floyd and Warshall.

A part of the oracle in `brute_force.py`. Source: Floyd (1962), doi:10.1145/367766.368168.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

Doc = dict[str, Any]
Distance = dict[str, dict[str, float]]
Assignment = tuple[str, str, str, bool]  # id, group, host, new


def attached_to(fleet: Doc, host: str) -> set[str]:
    """The linked domains that a host without links is attached to: none lies inside another."""
    ends = {end for link in fleet.get("links", []) for end in link["between"]}
    hosts: dict[tuple[int, str], set[str]] = {}
    for document in fleet["hosts"]:
        for level, name in document.get("domains", {}).items():
            domain = fleet["levels"].index(level), name
            hosts.setdefault(domain, set()).add(document["name"])
    mine = [domain for domain in hosts if domain[1] in ends and host in hosts[domain]]

    def lies_inside(one: tuple[int, str], other: tuple[int, str]) -> bool:
        if hosts[one] == hosts[other]:
            return one[0] > other[0]
        return hosts[one] < hosts[other]

    return {domain[1] for domain in mine if not any(lies_inside(other, domain) for other in mine)}


def node_distances(fleet: Doc, unit: str) -> Distance:
    """From each end of a link to each other: infinite without a path."""
    links = fleet.get("links", [])
    nodes = sorted({end for link in links for end in link["between"]})
    far = {one: {other: 0 if one == other else math.inf for other in nodes} for one in nodes}
    for link in links:
        one, other = link["between"]
        length = 1 if unit == "hops" else link.get("latency_us") or 0
        shortest = min(far[one][other], length)
        far[one][other] = shortest
        far[other][one] = shortest
    for middle in nodes:
        for one in nodes:
            for other in nodes:
                through = far[one][middle] + far[middle][other]
                far[one][other] = min(far[one][other], through)
    return far


def distances(fleet: Doc, unit: str) -> Distance:
    """From each host to each other, in ``hops`` or ``latency``; infinite without a path."""
    far = node_distances(fleet, unit)
    names = [host["name"] for host in fleet["hosts"]]
    nodes = {name: {name} if name in far else attached_to(fleet, name) for name in names}
    found: Distance = {}
    for one in names:
        found[one] = {}
        for other in names:
            paths = [far[a][b] for a in nodes[one] for b in nodes[other]]
            found[one][other] = 0 if one == other else min(paths, default=math.inf)
    return found


class Distances:
    """Distances over one fleet, and the measures that rest on them."""

    def __init__(self, fleet: Doc) -> None:
        self.fleet = fleet
        self._known: dict[str, Distance] = {}

    def near(self, one: str, other: str, policy: Doc) -> bool:
        """Whether two hosts are within a policy's bound."""
        unit = "hops" if "max_hops" in policy else "latency"
        if unit not in self._known:
            self._known[unit] = distances(self.fleet, unit)
        bound: int = policy["max_hops"] if unit == "hops" else policy["max_latency_us"]
        return self._known[unit][one][other] <= bound

    def measure(
        self, policy: Doc, mine: list[Assignment], theirs: list[Assignment], fresh_only: bool
    ) -> int:
        """Pairs that are further apart, or members that have none of the others near."""
        if policy["kind"] == "network-proximity":
            hosts = [member[2] for member in mine]
            return sum(not self.near(one, other, policy) for one, other in combinations(hosts, 2))
        alone = [
            member
            for member in mine
            if not any(self.near(member[2], other[2], policy) for other in theirs)
        ]
        return len([member for member in alone if member[3] or not fresh_only])
