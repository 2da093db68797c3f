"""Cuts of the network: the links that leave each domain and host, and what is free on them.

A link leaves a domain D if exactly one of its ends lies inside D. Inside D lie D itself, a host of
D, and a domain whose hosts are a proper subset of D's, or all of them if its level comes later. A
switch lies inside no domain, and neither does a domain that overlaps D only in part. A cut is
bounded if a link crosses it and the bandwidth of each such link is given.

Example: rack r1 has hosts a and b. Of the links a-r1 (10 Mbit/s), r1-core (5) and b-core (2), the
cut of r1 has r1-core and b-core: 7 Mbit/s. The cut of a has a-r1: 10 Mbit/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.host_table import HostTable
from groupsolver.model.value import HOST

# Mbit/s: what a request may need in all is below, so that more is as good as this.
MAX_MBPS = 2**60
_HALF_BITS = 32
_LOW_HALF = (1 << _HALF_BITS) - 1


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


class FleetCuts:
    """The cuts of a fleet with its present hosts, whatever runs on them."""

    def __init__(self, fleet: HostTable) -> None:
        self._whole = cuts_by_level(fleet)
        # By level: the reservations that were last asked for, and the cut less these.
        self._left: dict[str, tuple[object, Cut]] = {}

    def left(self, fleet: HostTable, level: str) -> Cut:
        """Return the cuts of a level, less what is reserved."""
        reserved = fleet.index.reserved
        known = self._left.get(level)
        if known is not None and known[0] is reserved:
            return known[1]
        whole = self._whole[level]
        free = whole.free.copy()
        for (at_level, name), mbps in reserved.items():
            code = fleet.code(level, name) if at_level == level else -1
            if code < 0 or not whole.bounded[code]:
                continue
            if free[code] < MAX_MBPS:
                free[code] = max(0, int(free[code]) - mbps)
            else:
                # The sum itself may be larger than the maximum: look it up in whole numbers.
                exact = fleet.index.free_mbps(level, name)
                free[code] = MAX_MBPS if exact is None else min(MAX_MBPS, exact)
        cut = Cut(free, whole.bounded)
        self._left[level] = reserved, cut
        return cut


def cuts_by_level(fleet: HostTable) -> dict[str, Cut]:
    """Return the cuts of each level, and of the hosts, without what is reserved."""
    levels = [*fleet.levels, HOST]
    if not fleet.links:
        return {level: _no_links(fleet.domains(level)) for level in levels}
    around = _containers_of_ends(fleet)
    given = np.array([link.bandwidth_mbps is not None for link in fleet.links])
    free = np.array(
        [max(0, (link.bandwidth_mbps or 0) - link.used_mbps) for link in fleet.links],
        dtype=np.int64,
    )
    cuts = {}
    for at, level in enumerate(levels):
        one = around[:, 0, at]
        other = around[:, 1, at]
        cuts[level] = _cut(one, other, given, free, fleet.domains(level))
    return cuts


def _no_links(size: int) -> Cut:
    return Cut(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.bool_))


def _cut(one: Ints, other: Ints, given: Mask, free: Ints, size: int) -> Cut:
    """Sum the links that leave each domain of a level.

    The sum may leave 64 bits, so it is made in two halves.

    Parameters
    ----------
    one, other : (L,) int64
        The domains inside which the two ends of each link lie, or -1.
    given : (L,) bool
        Links whose bandwidth is given.
    free : (L,) int64
        Mbit/s.
    size : int
        The number of domains.
    """
    high = np.zeros(size, dtype=np.int64)
    low = np.zeros(size, dtype=np.int64)
    crossing = np.zeros(size, dtype=np.int64)
    not_given = np.zeros(size, dtype=np.int64)
    for side in (one, other):
        leaves = (one != other) & (side >= 0)
        np.add.at(high, side[leaves], free[leaves] >> _HALF_BITS)
        np.add.at(low, side[leaves], free[leaves] & _LOW_HALF)
        np.add.at(crossing, side[leaves], 1)
        np.add.at(not_given, side[leaves & ~given], 1)
    high += low >> _HALF_BITS
    total = (np.minimum(high, MAX_MBPS >> _HALF_BITS) << _HALF_BITS) + (low & _LOW_HALF)
    bounded = (crossing > 0) & (not_given == 0)
    return Cut(np.where(bounded, np.minimum(total, MAX_MBPS), 0), bounded)


def _containers_of_ends(fleet: HostTable) -> Ints:
    """(L, 2, levels + 1) int64: the domain of each level in which an end of a link lies, or -1.

    The last level is ``host``.
    """
    inside = _domains_inside(fleet)
    row_of: dict[str, int] = {}
    containers: list[list[int]] = []
    ends: list[int] = []
    for link in fleet.links:
        for name in link.between:
            if name not in row_of:
                row_of[name] = len(containers)
                containers.append(_containers_of(fleet, inside, name))
            ends.append(row_of[name])
    return np.array(containers, dtype=np.int64)[ends].reshape(len(fleet.links), 2, -1)


def _containers_of(fleet: HostTable, inside: dict[tuple[int, int], Ints], name: str) -> list[int]:
    """Return the domain of each level, and the host, inside which an end lies, or -1."""
    depth = len(fleet.levels)
    if name in fleet.rows:
        row = fleet.rows[name]
        return [*(int(fleet.codes(level)[row]) for level in fleet.levels), row]
    for i, level in enumerate(fleet.levels):
        code = fleet.code(level, name)
        if code >= 0 and fleet.index.number_in(level, name):
            return [*(int(inside[i, j][code]) for j in range(depth)), -1]
    return [-1] * (depth + 1)  # a switch


def _domains_inside(fleet: HostTable) -> dict[tuple[int, int], Ints]:
    """Return, for two levels, the domain of the second around each domain of the first, or -1."""
    codes = [fleet.codes(level) for level in fleet.levels]
    sizes = [
        np.bincount(of_level[of_level >= 0], minlength=fleet.domains(level))
        for level, of_level in zip(fleet.levels, codes, strict=True)
    ]
    inside: dict[tuple[int, int], Ints] = {}
    for i, inner in enumerate(codes):
        for j, outer in enumerate(codes):
            if i == j:
                inside[i, j] = np.arange(len(sizes[i]), dtype=np.int64)
                continue
            common = _common_domain(inner, outer, len(sizes[i]))
            # Where there is none, -1 takes the last size, which is not used.
            larger = sizes[j][common] > sizes[i] if len(sizes[j]) else np.zeros(len(common), bool)
            inside[i, j] = np.where((common >= 0) & (larger | (i > j)), common, -1)
    return inside


def _common_domain(inner: Ints, outer: Ints, size: int) -> Ints:
    """(D,) int64: the outer domain that all hosts of each of D inner domains share, or -1."""
    bound = inner >= 0
    least = np.full(size, np.iinfo(np.int64).max)
    most = np.full(size, -1, dtype=np.int64)
    np.minimum.at(least, inner[bound], outer[bound])
    np.maximum.at(most, inner[bound], outer[bound])
    return np.where((least == most) & (most >= 0), most, -1)
