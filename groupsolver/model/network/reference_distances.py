"""How far hosts are from each other, for the checker: one host at a time, in plain Python.

Knows nothing of `groupsolver.model.network.network`, whose faults it is to find.
"""

from __future__ import annotations

import heapq
from functools import cached_property
from typing import Literal

from groupsolver.model.compiled.host_index import HostIndex

What = Literal["hops", "latency"]


class Distances:
    """Shortest paths over the links between hosts, found as they are asked for.

    Parameters
    ----------
    hosts : HostIndex
        With its links. It must not change any more.
    """

    def __init__(self, hosts: HostIndex) -> None:
        self._hosts = hosts
        self._inside: dict[tuple[str, str], frozenset[str]] = {}
        self._stands: dict[str, frozenset[str]] = {}
        self._reached: dict[tuple[frozenset[str], What, int], dict[str, int]] = {}

    def near(self, one: str, other: str, what: What, bound: int) -> bool:
        """Whether two hosts are at most `bound` hops, or microseconds, apart; a host is near itself."""
        if one == other:
            return True
        reached = self._reach(self.stands(one), what, bound)
        return any(node in reached for node in self.stands(other))

    def stands(self, host: str) -> frozenset[str]:
        """Give the nodes where a host is on the graph: itself, or the innermost linked domains that it is in."""
        if host not in self._stands:
            self._stands[host] = frozenset([host]) if host in self._ways else self._hangs(host)
        return self._stands[host]

    def _hangs(self, host: str) -> frozenset[str]:
        linked = [
            (level, name)
            for level, name in self._hosts[host].domains.items()
            if name in self._ways and name not in self._hosts and self._level_of(name) == level
        ]
        return frozenset(
            domain[1]
            for domain in linked
            if not any(self._lies_in(other, domain) for other in linked)
        )

    def _level_of(self, name: str) -> str | None:
        return next((level for level in self._hosts.levels if self._members((level, name))), None)

    def _members(self, domain: tuple[str, str]) -> frozenset[str]:
        if domain not in self._inside:
            self._inside[domain] = frozenset(host.name for host in self._hosts.hosts_in(*domain))
        return self._inside[domain]

    def _lies_in(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        inner, outer, levels = self._members(one), self._members(other), self._hosts.levels
        return inner < outer or (inner == outer and levels.index(one[0]) > levels.index(other[0]))

    @cached_property
    def _ways(self) -> dict[str, list[tuple[str, int]]]:
        ways: dict[str, list[tuple[str, int]]] = {}
        for link in self._hosts.links:
            one, other = link.between
            ways.setdefault(one, []).append((other, link.latency_us or 0))
            ways.setdefault(other, []).append((one, link.latency_us or 0))
        return ways

    def _reach(self, start: frozenset[str], what: What, bound: int) -> dict[str, int]:
        """Give the nodes within a bound, and how far they are."""
        key = start, what, bound
        if key in self._reached:
            return self._reached[key]
        reached: dict[str, int] = {}
        queue = [(0, node) for node in start]
        while queue:
            far, node = heapq.heappop(queue)
            if node in reached:
                continue
            reached[node] = far
            for to, latency in self._ways[node]:
                beyond = far + (1 if what == "hops" else latency)
                if beyond <= bound and to not in reached:
                    heapq.heappush(queue, (beyond, to))
        self._reached[key] = reached
        return reached
