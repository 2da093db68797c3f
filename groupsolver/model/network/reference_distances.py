"""Distances between hosts for the checker: one host at a time, in plain Python.

Shares no code with `groupsolver.model.network.network`, so that each can find faults of the other.
"""

from __future__ import annotations

import heapq
from functools import cached_property

from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import DistanceMeasure, Domain


class ReferenceDistances:
    """Shortest paths over the links between hosts, found when they are asked for.

    Parameters
    ----------
    hosts : HostIndex
        With its links. It must not change any more.
    """

    def __init__(self, hosts: HostIndex) -> None:
        self._hosts = hosts
        self._members: dict[Domain, frozenset[str]] = {}
        self._nodes: dict[str, frozenset[str]] = {}
        self._reached: dict[tuple[frozenset[str], DistanceMeasure, int], dict[str, int]] = {}

    def near(self, one: str, other: str, measure: DistanceMeasure, bound: int) -> bool:
        """Return whether two hosts are at most `bound` hops, or microseconds, apart.

        A host is near itself.
        """
        if one == other:
            return True
        reached = self._reach(self.nodes(one), measure, bound)
        return any(node in reached for node in self.nodes(other))

    def nodes(self, host: str) -> frozenset[str]:
        """Return the nodes of a host: itself, or the innermost linked domains that it is in."""
        if host not in self._nodes:
            linked = host in self._arcs
            self._nodes[host] = frozenset([host]) if linked else self._innermost_domains(host)
        return self._nodes[host]

    def _innermost_domains(self, host: str) -> frozenset[str]:
        linked = [domain for domain in self._hosts[host].domains.items() if self._linked(domain)]
        return frozenset(
            outer[1] for outer in linked if not any(self._lies_in(inner, outer) for inner in linked)
        )

    def _linked(self, domain: Domain) -> bool:
        """Return whether a link's end of that name means this domain."""
        level, name = domain
        return name in self._arcs and name not in self._hosts and self._level_of(name) == level

    def _level_of(self, name: str) -> str | None:
        """Return the first level that has a domain of a name."""
        return next((level for level in self._hosts.levels if self._hosts_in((level, name))), None)

    def _hosts_in(self, domain: Domain) -> frozenset[str]:
        if domain not in self._members:
            self._members[domain] = frozenset(host.name for host in self._hosts.hosts_in(*domain))
        return self._members[domain]

    def _lies_in(self, one: Domain, other: Domain) -> bool:
        inner = self._hosts_in(one)
        outer = self._hosts_in(other)
        levels = self._hosts.levels
        # Domains with the same hosts: the one of the later level lies in the other.
        later = levels.index(one[0]) > levels.index(other[0])
        return inner < outer or (inner == outer and later)

    @cached_property
    def _arcs(self) -> dict[str, list[tuple[str, int]]]:
        """By node: each neighbour, and the latency to it."""
        arcs: dict[str, list[tuple[str, int]]] = {}
        for link in self._hosts.links:
            one, other = link.between
            arcs.setdefault(one, []).append((other, link.latency_us or 0))
            arcs.setdefault(other, []).append((one, link.latency_us or 0))
        return arcs

    def _reach(self, start: frozenset[str], measure: DistanceMeasure, bound: int) -> dict[str, int]:
        """Return the nodes within a bound, and how far they are."""
        key = start, measure, bound
        if key in self._reached:
            return self._reached[key]
        reached: dict[str, int] = {}
        queue = [(0, node) for node in start]
        while queue:
            distance, node = heapq.heappop(queue)
            if node in reached:
                continue
            reached[node] = distance
            for neighbour, latency in self._arcs[node]:
                longer = distance + (1 if measure == "hops" else latency)
                if longer <= bound and neighbour not in reached:
                    heapq.heappush(queue, (longer, neighbour))
        self._reached[key] = reached
        return reached
