"""Zones of hosts, and which zones are near each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from groupsolver.model.compiled.arrays import Ints, Mask


@dataclass(frozen=True)
class ProximityZones:
    """Hosts of one zone are near each other, and near the same other hosts.

    Example: hosts a and b hang on one switch, c on another, and only hosts of one switch are near
    each other. The zones are {a, b} and {c}.

    Attributes
    ----------
    key : str
        Identifies the relation among those of a network.
    codes : (H,) int64
        Zone of each row; -1 for a row that is free.
    kinds : (Z,) int64
        Kind of each zone. Whether different zones are near depends on their kinds alone.
    near : (K, K) bool
        Kind by kind, symmetric; on the diagonal: between two different zones of the kind.
    """

    key: str
    codes: Ints
    kinds: Ints
    near: Mask

    @cached_property
    def equivalence(self) -> bool:
        """Whether no two different zones are near each other: being near is transitive then."""
        # On the diagonal, kinds of one zone say nothing about different zones.
        single: Mask = np.bincount(self.kinds, minlength=len(self.near)) == 1
        return not (self.near & ~np.diag(single)).any()

    def of(self, zone: int) -> Mask:
        """(Z,) bool: the zones that are near one zone, itself included."""
        row: Mask = self.near[self.kinds[zone]][self.kinds]
        row[zone] = True
        return row

    def reached(self, zones: Mask) -> Mask:
        """(Z,) bool: the zones that are near at least one of the given zones, (Z,) bool."""
        if self.equivalence:
            return zones.copy()
        given_kinds: Mask = np.bincount(self.kinds[zones], minlength=len(self.near)) > 0
        near_kinds = np.asarray(self.near[given_kinds].any(axis=0), dtype=np.bool_)
        return near_kinds[self.kinds] | zones

    def reached_by_all(self, zones: Mask) -> Mask:
        """(Z,) bool: the zones that are near every one of the given zones, (Z,) bool."""
        number = np.bincount(self.kinds[zones], minlength=len(self.near))
        given_kinds = np.flatnonzero(number)
        far: Ints = (~self.near[:, given_kinds] * number[given_kinds]).sum(axis=1)
        # A given zone is near itself, even where its kind is not near itself.
        counted_as_far = zones & ~np.diag(self.near)[self.kinds]
        result: Mask = far[self.kinds] == counted_as_far
        return result

    def among(self, zones: Ints) -> Mask:
        """(N, N) bool: which of N zones are near each other; each is near itself."""
        kinds = self.kinds[zones]
        near: Mask = self.near[np.ix_(kinds, kinds)]
        near |= zones[:, None] == zones[None, :]
        return near


def zones_of(key: str, classes: Ints, near: Mask) -> ProximityZones:
    """Merge classes of hosts into zones, and divide classes whose hosts are not near each other.

    Parameters
    ----------
    key : str
    classes : (H,) int64
        Class of each row, -1 for none; every class has a host.
    near : (C, C) bool
        Class by class, symmetric; on the diagonal: between two different hosts of the class.
    """
    number = np.bincount(classes[classes >= 0], minlength=len(near))
    near = near | np.diag(number == 1)
    # Classes with equal rows are near the same classes. Where one of them is near itself, so are
    # the others, and all of them are near each other.
    _, first, kind_of_class = np.unique(
        np.packbits(near, axis=1), axis=0, return_index=True, return_inverse=True
    )
    kind_of_class = kind_of_class.reshape(-1).astype(np.int64)
    near_kinds = near[np.ix_(first, first)]
    near_itself = np.diag(near_kinds)
    alive = np.flatnonzero(classes >= 0)
    kinds = kind_of_class[classes[alive]]
    # A kind that is near itself is one zone; of other kinds, each host is a zone.
    zone_names = np.where(near_itself[kinds], kinds, len(first) + alive)
    _, first_host, zone = np.unique(zone_names, return_index=True, return_inverse=True)
    codes = np.full(len(classes), -1, dtype=np.int64)
    codes[alive] = zone.reshape(-1)
    return ProximityZones(key, codes, kinds[first_host], near_kinds)
