"""Distances over links, from plain documents: every host a node, every pair of nodes, by Floyd and Warshall.

A second reading of the contract, as `oracle.py`, of which it is a part.
"""

from __future__ import annotations

import math
from typing import Any

Doc = dict[str, Any]
Far = dict[str, dict[str, float]]
Stand = tuple[str, str, str, bool]  # id, group, host, new


def hangs_on(fleet: Doc, host: str) -> set[str]:
    """The linked domains on which a host without links hangs: none lies inside another."""
    ends = {end for link in fleet.get("links", []) for end in link["between"]}
    inside: dict[tuple[int, str], set[str]] = {}
    for doc in fleet["hosts"]:
        for level, domain in doc.get("domains", {}).items():
            inside.setdefault((fleet["levels"].index(level), domain), set()).add(doc["name"])
    mine = [(depth, name) for depth, name in inside if name in ends and host in inside[depth, name]]

    def within(one: tuple[int, str], other: tuple[int, str]) -> bool:
        return inside[one] < inside[other] or (inside[one] == inside[other] and one[0] > other[0])

    return {domain[1] for domain in mine if not any(within(other, domain) for other in mine)}


def distances(fleet: Doc, what: str) -> Far:
    """From each host to each, ``hops`` or ``latency``; infinite where no path leads."""
    links = fleet.get("links", [])
    nodes = sorted({end for link in links for end in link["between"]})
    far = {one: {other: 0 if one == other else math.inf for other in nodes} for one in nodes}
    for link in links:
        one, other = link["between"]
        length = 1 if what == "hops" else link.get("latency_us") or 0
        far[one][other] = far[other][one] = min(far[one][other], length)
    for middle in nodes:
        for one in nodes:
            for other in nodes:
                far[one][other] = min(far[one][other], far[one][middle] + far[middle][other])
    names = [host["name"] for host in fleet["hosts"]]
    attached_to = {name: {name} if name in far else hangs_on(fleet, name) for name in names}
    found: Far = {}
    for one in names:
        found[one] = {}
        for other in names:
            ways = [far[a][b] for a in attached_to[one] for b in attached_to[other]]
            found[one][other] = 0 if one == other else min(ways, default=math.inf)
    return found


class Distances:
    """Distances over one fleet, and the measures that rest on them."""

    def __init__(self, fleet: Doc) -> None:
        self.fleet = fleet
        self.found: dict[str, Far] = {}

    def near(self, one: str, other: str, policy: Doc) -> bool:
        what = "hops" if "max_hops" in policy else "latency"
        if what not in self.found:
            self.found[what] = distances(self.fleet, what)
        bound: int = policy["max_hops"] if what == "hops" else policy["max_latency_us"]
        return self.found[what][one][other] <= bound

    def measure(self, policy: Doc, mine: list[Stand], theirs: list[Stand], fresh_only: bool) -> int:
        """Pairs that are further apart, or members that have none of the others near."""
        if policy["kind"] == "network-proximity":
            return sum(
                not self.near(a[2], b[2], policy) for i, a in enumerate(mine) for b in mine[:i]
            )
        alone = [s for s in mine if not any(self.near(s[2], other[2], policy) for other in theirs)]
        return len([s for s in alone if s[3] or not fresh_only])
