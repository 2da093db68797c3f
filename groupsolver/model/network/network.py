"""Distances between hosts over the fleet's links, by class of hosts: never all pairs of hosts.

A link's end is a domain, a host, or else a switch. Only links count: the hops of a path are its
links, its latency is the sum of theirs. A host with links of its own is a node, and paths may run
through it. Any other host is attached, at no cost and as a leaf, to the innermost linked domains
that it is in.

Nodes with the same neighbours at the same latencies are twins: a path through one may as well run
through another, so one of them represents all. The rest is left to Dijkstra's algorithm (1959,
doi:10.1007/BF01386390) in scipy, from the nodes that carry hosts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.host_table import HostTable
from groupsolver.model.network.proximity_zones import ProximityZones, zones_of
from groupsolver.model.network.shortest_paths import MAX_EXACT, shortest_distances
from groupsolver.model.value import DistanceMeasure

MAX_CLASSES_KEPT = 2000  # of more classes, distances are not kept: only which are near each other
CLASSES_AT_ONCE = 512  # rows of distances at a time, where there are more classes than that
NOWHERE = -1  # the node of a host that is attached to no node

Arcs = list[dict[int, int]]  # by node: its neighbours, and the latency to each
Attachment = tuple[int, ...]  # the nodes that a host is attached to


class Network:
    """The links of a fleet, and the classes of its hosts.

    Parameters
    ----------
    fleet : HostTable
        Later changes to it do not count here.

    Attributes
    ----------
    classes : (H,) int64
        Class of each row; -1 for a row that is free. Hosts of one class have the same distances to
        all other hosts.
    """

    def __init__(self, fleet: HostTable) -> None:
        self._nodes, arcs = _nodes_and_arcs(fleet)
        total = sum(sum(latencies.values()) for latencies in arcs)
        self._beyond_double = total >= MAX_EXACT
        self._group_of_node, self._arcs = _merge_twins(arcs)
        self.classes, self._attached, self._own = _host_classes(
            fleet, self._nodes, self._group_of_node
        )
        # An anchor is a node that carries hosts. The last one is nowhere: it has no node.
        anchors = dict.fromkeys(node for nodes in self._attached for node in nodes if node >= 0)
        self._anchors = np.array([*anchors], dtype=np.int64)
        place = {node: i for i, node in enumerate(anchors)}
        nowhere = len(place)
        flat = [place.get(node, nowhere) for nodes in self._attached for node in nodes]
        # The anchors of all classes in one array; those of class c begin at _starts[c].
        self._anchors_of_classes = np.array(flat, dtype=np.int64)
        self._starts = np.cumsum([0, *map(len, self._attached)])
        self._distances: dict[DistanceMeasure, NDArray[Any]] = {}
        self._zones: dict[tuple[DistanceMeasure, int], ProximityZones] = {}

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self._attached)

    def proximity_zones(self, measure: DistanceMeasure, bound: int) -> ProximityZones:
        """Return which hosts are near each other: at most `bound` hops, or microseconds, apart."""
        if (measure, bound) not in self._zones:
            self._zones[measure, bound] = self._make_zones(measure, bound)
        return self._zones[measure, bound]

    def _make_zones(self, measure: DistanceMeasure, bound: int) -> ProximityZones:
        if len(self) > MAX_CLASSES_KEPT:
            ends = [*range(0, len(self), CLASSES_AT_ONCE), len(self)]
            rows = []
            for start, end in pairwise(ends):
                distances = self.distances(measure, np.arange(start, end), bound)
                rows.append((distances <= bound).astype(np.bool_))
            return zones_of(f"{measure} {bound}", self.classes, np.concatenate(rows))
        if measure not in self._distances:
            self._distances[measure] = self.distances(measure, np.arange(len(self)))
        distances = self._distances[measure]
        near = (distances <= bound).astype(np.bool_)
        # Bounds between the same two distances mean the same, and share one answer.
        key = f"{measure} {distances[near].max(initial=-1)}"
        for zones in list(self._zones.values()):
            if zones.key == key:
                return zones
        return zones_of(key, self.classes, near)

    def distances(
        self, measure: DistanceMeasure, classes: Ints, limit: int | None = None
    ) -> NDArray[Any]:
        """Return the distances from some classes to all.

        Parameters
        ----------
        measure : {"hops", "latency"}
        classes : (C,) int64
        limit : int, optional
            Distances beyond it may be inf.

        Returns
        -------
        (C, K) float64, or object where sums are beyond 2**53
            From a class to itself: the distance between different hosts of it. inf where no path
            leads.
        """
        anchors = [
            self._anchors_of_classes[self._starts[code] : self._starts[code + 1]]
            for code in classes.tolist()
        ]
        flat = np.concatenate(anchors)
        sources, which = np.unique(flat, return_inverse=True)
        distances = self._between_anchors(measure, sources, limit)[which]
        # Of several anchors the nearest counts, on either side. Mostly there is just one.
        if len(flat) > len(anchors):
            starts = np.cumsum([0, *map(len, anchors)])[:-1]
            distances = np.minimum.reduceat(distances, starts, axis=0)
        distances = distances[:, self._anchors_of_classes]
        if len(self._anchors_of_classes) > len(self):
            distances = np.minimum.reduceat(distances, self._starts[:-1], axis=1)
        for row, code in enumerate(classes.tolist()):
            if self._own[code] >= 0:
                distances[row, code] = self._to_twin(measure, self._own[code])
        return distances

    def _to_twin(self, measure: DistanceMeasure, group: int) -> float:
        """Return how far a node is from a twin: to the nearest common neighbour and back."""
        latencies = self._arcs[group]
        if not latencies:
            return np.inf
        return 2 if measure == "hops" else 2 * min(latencies.values())

    def _between_anchors(
        self, measure: DistanceMeasure, sources: Ints, limit: int | None
    ) -> NDArray[Any]:
        """(S, A + 1): distances from some anchors to all; the anchor that is nowhere comes last."""
        number = len(self._anchors)
        exact = self._beyond_double and measure == "latency"
        distances = np.full(
            (len(sources), number + 1), np.inf, dtype=object if exact else np.float64
        )
        sources = sources[sources < number]
        if not len(sources):
            return distances
        group = self._group_of_node[self._anchors]
        groups, which = np.unique(group[sources], return_inverse=True)
        between_groups = shortest_distances(
            self._arcs,
            groups,
            hops=measure == "hops",
            exact=exact,
            limit=None if exact else limit,
        )
        distances[: len(sources), :number] = between_groups[np.ix_(which, group)]
        for row, source in enumerate(sources.tolist()):
            same_group = np.flatnonzero(group == group[source])
            distances[row, same_group] = self._to_twin(measure, int(group[source]))
            distances[row, source] = 0
        return distances


def _nodes_and_arcs(fleet: HostTable) -> tuple[dict[str, int], Arcs]:
    """Number the ends of links, and return the arcs; of parallel links the fastest counts."""
    nodes: dict[str, int] = {}
    arcs: Arcs = []
    for link in fleet.links:
        for end in link.between:
            if end not in nodes:
                nodes[end] = len(nodes)
                arcs.append({})
        one, other = (nodes[end] for end in link.between)
        latency = link.latency_us or 0
        if one != other and latency <= arcs[one].get(other, latency):
            arcs[one][other] = latency
            arcs[other][one] = latency
    return nodes, arcs


def _merge_twins(arcs: Arcs) -> tuple[Ints, Arcs]:
    """Represent by one node all that have the same neighbours at the same latencies.

    Returns
    -------
    (N,) int64
        Group of each node.
    list of dict of int to int
        The arcs between groups.
    """
    groups: dict[frozenset[tuple[int, int]], int] = {}
    group_of = [groups.setdefault(frozenset(out.items()), len(groups)) for out in arcs]
    merged = [{group_of[node]: latency for node, latency in out} for out in groups]
    return np.array(group_of, dtype=np.int64), merged


def _host_classes(
    fleet: HostTable, nodes: dict[str, int], group_of_node: Ints
) -> tuple[Ints, list[Attachment], list[int]]:
    """Divide the hosts into classes.

    Returns
    -------
    (H,) int64
        Class of each row, -1 for a row that is free.
    list of tuple of int
        The nodes that each class is attached to; `NOWHERE` alone where there are none.
    list of int
        The group of twins of each class whose hosts are nodes themselves, -1 for other classes.
    """
    alive = np.array(sorted(fleet.rows.values()), dtype=np.int64)
    node_of = np.full(fleet.row_count, -1, dtype=np.int64)
    linked = {fleet.rows[name]: node for name, node in nodes.items() if name in fleet.rows}
    node_of[[*linked]] = [*linked.values()]
    classes = np.full(fleet.row_count, -1, dtype=np.int64)

    # Hosts without links of their own: those attached to the same nodes are a class.
    sets, set_of = _attachments(fleet, nodes, alive)
    without_links = node_of[alive] < 0
    class_of: dict[Attachment, int] = {}
    class_of_set = np.full(len(sets), -1, dtype=np.int64)
    for code in np.unique(set_of[without_links]).tolist():
        class_of_set[code] = class_of.setdefault(sets[code], len(class_of))
    classes[alive[without_links]] = class_of_set[set_of[without_links]]
    attached = [nodes_ or (NOWHERE,) for nodes_ in class_of]
    own = [-1] * len(attached)

    # Hosts with links: twins are a class, which is attached to the first of them.
    class_of_twins: dict[int, int] = {}
    for row, node in linked.items():
        group = int(group_of_node[node])
        if group not in class_of_twins:
            class_of_twins[group] = len(attached)
            attached.append((node,))
            own.append(group)
        classes[row] = class_of_twins[group]
    return classes, attached, own


def _attachments(
    fleet: HostTable, nodes: dict[str, int], alive: Ints
) -> tuple[list[Attachment], Ints]:
    """Return sets of innermost linked domains, as nodes, and which set each host is in."""
    if not fleet.levels:
        return [()], np.zeros(len(alive), dtype=np.int64)
    combinations, which, counts = np.unique(
        _nodes_of_domains(fleet, nodes, alive), axis=0, return_inverse=True, return_counts=True
    )
    # (node, depth of its level) of each domain that is linked
    domains = [
        [(int(node), depth) for depth, node in enumerate(combination) if node >= 0]
        for combination in combinations.tolist()
    ]
    containment = _Containment(zip(domains, counts.tolist(), strict=True))
    return [containment.innermost(of_hosts) for of_hosts in domains], which.reshape(-1)


def _nodes_of_domains(fleet: HostTable, nodes: dict[str, int], alive: Ints) -> Ints:
    """(N, levels) int64: the node that the domain of each host at each level is, or -1."""
    columns = []
    # A name means one thing: a host, or else a domain of the first level that has it.
    known: set[str] = set(fleet.rows)
    for level in fleet.levels:
        codes = fleet.codes(level)[alive]
        has_hosts = np.bincount(codes[codes >= 0], minlength=fleet.domains(level)) > 0
        linked: dict[str, int] = {}
        for name in nodes:
            code = fleet.code(level, name)
            if name not in known and code >= 0 and has_hosts[code]:
                linked[name] = code
        known |= linked.keys()
        # One more than there are domains: code -1, no domain, takes the last.
        node = np.full(fleet.domains(level) + 1, -1, dtype=np.int64)
        node[[*linked.values()]] = [nodes[name] for name in linked]
        columns.append(node[codes])
    return np.stack(columns, axis=1)


class _Containment:
    """Which linked domains lie inside others, by the hosts that they share.

    Parameters
    ----------
    domains_of_hosts : iterable of (list of (int, int), int)
        (node, depth) of domains, and how many hosts are in just these.
    """

    def __init__(self, domains_of_hosts: Iterable[tuple[list[tuple[int, int]], int]]) -> None:
        self._size: Counter[int] = Counter()
        self._shared: Counter[tuple[int, int]] = Counter()
        for domains, count in domains_of_hosts:
            for one, _ in domains:
                self._size[one] += count
                for other, _ in domains:
                    if other != one:
                        self._shared[one, other] += count

    def innermost(self, domains: list[tuple[int, int]]) -> Attachment:
        """Return those domains, as nodes, inside which no other of them lies."""
        return tuple(
            outer[0]
            for outer in domains
            if not any(self._lies_in(inner, outer) for inner in domains)
        )

    def _lies_in(self, inner: tuple[int, int], outer: tuple[int, int]) -> bool:
        node, depth = inner
        outer_node, outer_depth = outer
        if inner == outer or self._shared[node, outer_node] < self._size[node]:
            return False
        # Domains with the same hosts: the one of the later level lies in the other.
        return self._size[node] < self._size[outer_node] or depth > outer_depth
