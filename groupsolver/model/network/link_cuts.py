"""Cuts of the network: the links that leave each domain and host, and what is free on them together.

A link leaves a domain D if exactly one of its ends lies inside: D itself, a host that stands in it, or a
domain whose hosts are some but not all of D's, or all of them at a level that comes later. A switch lies
inside nothing, and so does a domain that overlaps D only in part. A cut that no link crosses, or one
whose bandwidth nobody told, is not bounded.

Twice, since the checker shares nothing with the model: in plain loops, and over the arrays of a compiled fleet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupsolver.model.value import HOST

if TYPE_CHECKING:
    from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints, Mask
    from groupsolver.model.compiled.host_index import HostIndex

MAX_MBPS = 2**60  # Mbit/s: what a batch may need in all is below, so that more is as good as this
Domain = tuple[str, str]  # level, ``host`` included, and name
_HALF = 32  # bits


def plain_cuts(index: HostIndex) -> dict[Domain, int]:
    """Give the free bandwidth of each cut that is bounded, in Mbit/s. O(hosts x levels + links)."""
    places: dict[str, frozenset[Domain]] = {}
    free: dict[Domain, int] = {}
    open_: set[Domain] = set()
    for link in index.links:
        for end in link.between:
            if end not in places:
                places[end] = frozenset(_places(index, end))
        one, other = link.between
        for domain in places[one] ^ places[other]:
            if link.bandwidth_mbps is None:
                open_.add(domain)
            else:
                free[domain] = free.get(domain, 0) + max(0, link.bandwidth_mbps - link.used_mbps)
    return {domain: mbps for domain, mbps in free.items() if domain not in open_}


def _places(index: HostIndex, end: str) -> set[Domain]:
    """Give the domains inside which an end of a link lies."""
    if end in index:
        return {(HOST, end), *index[end].domains.items()}
    for depth, level in enumerate(index.levels):
        names = {host.name for host in index.hosts_in(level, end)}
        if not names:
            continue
        around = set.intersection(*(set(index[name].domains.items()) for name in names)) - {
            (level, end)
        }
        wider = set()
        for outer, name in around:
            if index.number_in(outer, name) > len(names) or depth > index.levels.index(outer):
                wider.add((outer, name))
        return {(level, end)} | wider
    return set()


@dataclass(frozen=True)
class Cut:
    """The cuts of all domains of one level.

    Attributes
    ----------
    free : (D,) int64
        Mbit/s, at most 2**60; 0 where the cut is not bounded.
    bounded : (D,) bool
    """

    free: Ints
    bounded: Mask


class Cuts:
    """The cuts of a compiled fleet as its hosts stand, whatever runs on them."""

    def __init__(self, fleet: CompiledFleet) -> None:
        self._whole = cuts(fleet)
        self._left: dict[
            str, tuple[object, Cut]
        ] = {}  # by level: for what is reserved, what that leaves

    def left(self, fleet: CompiledFleet, level: str) -> Cut:
        """Give the cuts of a level, less what is reserved."""
        reserved = fleet.index.reserved
        known = self._left.get(level)
        if known is not None and known[0] is reserved:
            return known[1]
        whole = self._whole[level]
        free = whole.free.copy()
        for (where, name), mbps in reserved.items():
            code = fleet.code(level, name) if where == level else -1
            if code >= 0 and whole.bounded[code]:
                # At the most that is told apart, the sum itself may be more.
                exact = fleet.index.free_mbps(level, name) if free[code] == MAX_MBPS else None
                free[code] = (
                    max(0, int(free[code]) - mbps) if exact is None else min(MAX_MBPS, exact)
                )
        found = Cut(free, whole.bounded)
        self._left[level] = reserved, found
        return found


def cuts(fleet: CompiledFleet) -> dict[str, Cut]:
    """Give the cuts at each level and of the hosts, in arrays."""
    levels = [*fleet.levels, HOST]
    known = [(name, link) for link in fleet.links for name in link.between]
    if not known:
        none = {level: np.zeros(fleet.domains(level), dtype=np.int64) for level in levels}
        return {level: Cut(free, free > 0) for level, free in none.items()}
    inside = _containers(fleet)
    place: dict[str, int] = {}
    rows: list[list[int]] = []  # of each end: the domain inside which it lies, by level
    ends = np.empty(len(known), dtype=np.int64)
    for i, (name, _) in enumerate(known):
        if name not in place:
            place[name] = len(rows)
            rows.append(_end(fleet, inside, name))
        ends[i] = place[name]
    around = np.array(rows, dtype=np.int64)[ends].reshape(-1, 2, len(levels))
    told = np.array([link.bandwidth_mbps is not None for link in fleet.links])
    free = np.array(
        [max(0, (link.bandwidth_mbps or 0) - link.used_mbps) for link in fleet.links],
        dtype=np.int64,
    )
    return {
        level: _cut(around[:, 0, at], around[:, 1, at], told, free, fleet.domains(level))
        for at, level in enumerate(levels)
    }


def _cut(one: Ints, other: Ints, told: Mask, free: Ints, size: int) -> Cut:
    """Sum the links that leave each domain, in two halves: the whole may leave 64 bits."""
    high, low, left, silent = (np.zeros(size, dtype=np.int64) for _ in range(4))
    for side in (one, other):
        leaves = (one != other) & (side >= 0)
        np.add.at(high, side[leaves], free[leaves] >> _HALF)
        np.add.at(low, side[leaves], free[leaves] & ((1 << _HALF) - 1))
        np.add.at(left, side[leaves], 1)
        np.add.at(silent, side[leaves & ~told], 1)
    high += low >> _HALF
    total = (np.minimum(high, MAX_MBPS >> _HALF) << _HALF) + (low & ((1 << _HALF) - 1))
    bounded = (left > 0) & (silent == 0)
    return Cut(np.where(bounded, np.minimum(total, MAX_MBPS), 0), bounded)


def _containers(fleet: CompiledFleet) -> dict[tuple[int, int], Ints]:
    """Give, for two levels, the domain of the second inside which each domain of the first lies, or -1."""
    codes = [fleet.codes(level) for level in fleet.levels]
    sizes = [
        np.bincount(found[found >= 0], minlength=fleet.domains(level))
        for level, found in zip(fleet.levels, codes, strict=True)
    ]
    inside = {}
    for i, inner in enumerate(codes):
        for j, outer in enumerate(codes):
            if i == j:
                inside[i, j] = np.arange(len(sizes[i]), dtype=np.int64)
                continue
            stands = inner >= 0
            least = np.full(len(sizes[i]), np.iinfo(np.int64).max)
            most = np.full(len(sizes[i]), -1, dtype=np.int64)
            np.minimum.at(least, inner[stands], outer[stands])
            np.maximum.at(most, inner[stands], outer[stands])
            found = np.where((least == most) & (most >= 0), most, -1)
            size = sizes[j][found] if len(sizes[j]) else np.zeros(len(found), dtype=np.int64)
            inside[i, j] = np.where((found >= 0) & ((size > sizes[i]) | (i > j)), found, -1)
    return inside


def _end(fleet: CompiledFleet, inside: dict[tuple[int, int], Ints], name: str) -> list[int]:
    depth = len(fleet.levels)
    if name in fleet.rows:
        row = fleet.rows[name]
        return [*(int(fleet.codes(level)[row]) for level in fleet.levels), row]
    for i, level in enumerate(fleet.levels):
        code = fleet.code(level, name)
        if code >= 0 and fleet.index.number_in(level, name):
            return [*(int(inside[i, j][code]) for j in range(depth)), -1]
    return [-1] * (depth + 1)
