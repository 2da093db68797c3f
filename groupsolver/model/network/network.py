"""Distances between hosts over the fleet's links, by class of hosts: never all pairs of hosts.

A link's end is a domain, a host, or else a switch. Links alone count: a path's hops are its links, its
latency the sum of theirs. A host with links of its own is a node, and paths may run through it. Any
other host hangs, at no cost and as a leaf, on the innermost linked domains that it stands in.

Nodes with the same neighbours at the same latencies are twins: a path through one may as well run
through another, so one of them serves for all. What is left goes to Dijkstra's algorithm (1959,
doi:10.1007/BF01386390) as scipy has it, from the nodes that carry hosts.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.network.proximity_zones import Nearness, nearness_of
from groupsolver.model.network.shortest_paths import EXACT, shortest

if TYPE_CHECKING:
    from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints

What = Literal["hops", "latency"]
SMALL = 2000  # classes whose distances are kept: of more, only who is near whom
CHUNK = 512  # classes at once, where there are more


class Network:
    """The links of a compiled fleet, and the classes that its hosts fall into.

    Parameters
    ----------
    fleet : CompiledFleet
        As it is now; what changes there later does not count here.

    Attributes
    ----------
    classes : (H,) int64
        Class of each row; -1 for a row that is free. Hosts of one class are as far from any other host.
    """

    def __init__(self, fleet: CompiledFleet) -> None:
        self._nodes: dict[str, int] = {}
        arcs: list[dict[int, int]] = []
        for link in fleet.links:
            one, other = (self._nodes.setdefault(end, len(self._nodes)) for end in link.between)
            arcs.extend({} for _ in range(len(self._nodes) - len(arcs)))
            latency = link.latency_us or 0
            if one != other and latency <= arcs[one].get(other, latency):
                arcs[one][other] = arcs[other][one] = latency
        self._exact = sum(sum(out.values()) for out in arcs) >= EXACT
        self._group, self._arcs = _quotient(arcs)
        self.classes, self._hangs, self._own = _classes(fleet, self._nodes, self._group)
        # A class that hangs on nothing has an anchor that is nowhere, the last.
        nodes = dict.fromkeys(node for hangs in self._hangs for node in hangs if node >= 0)
        self._anchors = np.array([*nodes], dtype=np.int64)
        place = {node: i for i, node in enumerate(nodes)}
        flat = [place.get(node, len(place)) for hangs in self._hangs for node in hangs]
        self._flat = np.array(flat, dtype=np.int64)
        self._starts = np.cumsum([0, *map(len, self._hangs)])
        self._all: dict[What, NDArray[Any]] = {}
        self._found: dict[tuple[What, int], Nearness] = {}

    def __len__(self) -> int:
        return len(self._hangs)

    def nearness(self, what: What, bound: int) -> Nearness:
        """Say who is near whom: at most `bound` hops, or microseconds, apart."""
        if (what, bound) not in self._found:
            self._found[what, bound] = self._nearness(what, bound)
        return self._found[what, bound]

    def _nearness(self, what: What, bound: int) -> Nearness:
        if len(self) > SMALL:
            ends = [*range(0, len(self), CHUNK), len(self)]
            parts = [np.arange(start, end) for start, end in pairwise(ends)]
            some = [(self.distances(what, part, bound) <= bound).astype(np.bool_) for part in parts]
            return nearness_of(f"{what} {bound}", self.classes, np.concatenate(some))
        if what not in self._all:
            self._all[what] = self.distances(what, np.arange(len(self)))
        far = self._all[what]
        near = (far <= bound).astype(np.bool_)
        # Bounds between the same two distances say the same, and share one answer.
        key = f"{what} {far[near].max(initial=-1)}"
        known = [found for found in list(self._found.values()) if found.key == key]
        return known[0] if known else nearness_of(key, self.classes, near)

    def distances(self, what: What, classes: Ints, limit: int | None = None) -> NDArray[Any]:
        """(C, K): from some classes to all; from a class to itself, between different hosts of it.

        inf where no path leads; what is beyond `limit` may be inf too.
        """
        parts = [np.arange(self._starts[code], self._starts[code + 1]) for code in classes.tolist()]
        flat = self._flat[np.concatenate(parts)]
        from_, which = np.unique(flat, return_inverse=True)
        found = self._of_anchors(what, from_, limit)[which]
        if len(flat) > len(parts):
            found = np.minimum.reduceat(found, np.cumsum([0, *map(len, parts)])[:-1], axis=0)
        found = found[:, self._flat]
        if len(self._flat) > len(self):
            found = np.minimum.reduceat(found, self._starts[:-1], axis=1)
        for at, code in enumerate(classes.tolist()):
            if self._own[code] >= 0:
                found[at, code] = self._to_twin(what, self._own[code])
        return found

    def _to_twin(self, what: What, group: int) -> float:
        """How far a node is from a twin: there and back to the nearest node that both are linked to."""
        out = self._arcs[group]
        if not out:
            return np.inf
        return 2 if what == "hops" else 2 * min(out.values())

    def _of_anchors(self, what: What, from_: Ints, limit: int | None) -> NDArray[Any]:
        """(F, A + 1): distances from some anchors to all; the anchor that is nowhere comes last."""
        number = len(self._anchors)
        exact = self._exact and what == "latency"
        far = np.full((len(from_), number + 1), np.inf, dtype=object if exact else np.float64)
        sources = from_[from_ < number]
        if not len(sources):
            return far
        group = self._group[self._anchors]
        groups, which = np.unique(group[sources], return_inverse=True)
        found = shortest(
            self._arcs, groups, hops=what == "hops", exact=exact, limit=None if exact else limit
        )
        far[: len(sources), :number] = found[np.ix_(which, group)]
        for at, source in enumerate(sources.tolist()):
            far[at, np.flatnonzero(group == group[source])] = self._to_twin(
                what, int(group[source])
            )
            far[at, source] = 0
        return far


def _quotient(arcs: list[dict[int, int]]) -> tuple[Ints, list[dict[int, int]]]:
    """Let one node stand for all that have the same neighbours: the group of each, the arcs between groups."""
    groups: dict[frozenset[tuple[int, int]], int] = {}
    group = np.array(
        [groups.setdefault(frozenset(out.items()), len(groups)) for out in arcs], dtype=np.int64
    )
    return group, [{int(group[node]): latency for node, latency in out} for out in groups]


def _classes(
    fleet: CompiledFleet, nodes: dict[str, int], group: Ints
) -> tuple[Ints, list[tuple[int, ...]], list[int]]:
    """Give the class of each row, the nodes that each class hangs on, and its group where its hosts are nodes.

    A class that hangs on nothing has the node -1.
    """
    alive = np.array(sorted(fleet.rows.values()), dtype=np.int64)
    found: dict[tuple[int, int, tuple[int, ...]], int] = {}
    classes = np.full(len(fleet), -1, dtype=np.int64)
    hangs, which = _hanging(fleet, nodes, alive)
    linked = {fleet.rows[name]: node for name, node in nodes.items() if name in fleet.rows}
    node_of = np.full(len(fleet), -1, dtype=np.int64)
    node_of[[*linked]] = [*linked.values()]
    free = alive[node_of[alive] < 0]
    for code in np.unique(which[node_of[alive] < 0]).tolist():
        found[-1, -1, hangs[code]] = code
    label = np.full(len(hangs), -1, dtype=np.int64)
    for number, key in enumerate(found):
        label[found[key]] = number
    classes[free] = label[which[node_of[alive] < 0]]
    sets, own = [nodes_ or (-1,) for _, _, nodes_ in found], [-1] * len(found)
    place: dict[int, int] = {}
    for row, node in linked.items():
        if int(group[node]) not in place:
            place[int(group[node])] = len(sets)
            sets.append((node,))
            own.append(int(group[node]))
        classes[row] = place[int(group[node])]
    return classes, sets, own


def _hanging(
    fleet: CompiledFleet, nodes: dict[str, int], alive: Ints
) -> tuple[list[tuple[int, ...]], Ints]:
    """Give sets of innermost linked domains, as nodes, and for each host that there is which set it stands in."""
    columns = []  # by level, of each host: the node that its domain is, or -1
    known: set[str] = set(fleet.rows)
    for level in fleet.levels:
        codes = fleet.codes(level)[alive]
        there = np.bincount(codes[codes >= 0], minlength=fleet.domains(level)) > 0
        names = {name: fleet.code(level, name) for name in nodes if name not in known}
        linked = {name: code for name, code in names.items() if code >= 0 and there[code]}
        known |= (
            linked.keys()
        )  # a name means one thing: a host, or else a domain of the first level that has it
        node = np.full(fleet.domains(level) + 1, -1, dtype=np.int64)
        node[[*linked.values()]] = [nodes[name] for name in linked]
        columns.append(node[codes])
    if not columns:
        return [()], np.zeros(len(alive), dtype=np.int64)
    combos, which, counts = np.unique(
        np.stack(columns, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    inside = [
        [(int(node), depth) for depth, node in enumerate(combo) if node >= 0]
        for combo in combos.tolist()
    ]
    size: Counter[int] = Counter()
    both: Counter[tuple[int, int]] = Counter()
    for domains, count in zip(inside, counts.tolist(), strict=True):
        for one, _ in domains:
            size[one] += count
            both.update({(one, other): count for other, _ in domains if other != one})

    def lies_in(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
        if inner == outer or both[inner[0], outer[0]] < size[inner[0]]:
            return False
        return size[inner[0]] < size[outer[0]] or inner[1] > outer[1]

    sets = [
        tuple(d[0] for d in domains if not any(lies_in(e, d) for e in domains))
        for domains in inside
    ]
    return sets, which.reshape(-1)
