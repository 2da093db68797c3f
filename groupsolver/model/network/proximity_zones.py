"""Who is near whom: hosts in zones, and zones near to each other or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groupsolver.model.compiled.compiled_fleet import Ints, Mask


@dataclass(frozen=True)
class Nearness:
    """Hosts of one zone are near each other, and each is near the same other hosts.

    Attributes
    ----------
    key : str
        Tells which relation of a network it is.
    codes : (H,) int64
        Zone of each row; -1 for a row that is free.
    kinds : (Z,) int64
        Kind of each zone. Different zones are near or not as their kinds are.
    near : (K, K) bool
        Kind by kind, symmetric; on the diagonal, of two different zones of the kind.
    """

    key: str
    codes: Ints
    kinds: Ints
    near: Mask

    @cached_property
    def equivalence(self) -> bool:
        """Whether no two different zones are near: who is near one host, is near each other then."""
        alone: Mask = np.bincount(self.kinds, minlength=len(self.near)) == 1
        return not (self.near & ~np.diag(alone)).any()

    def of(self, zone: int) -> Mask:
        """(Z,) bool: the zones that are near one, itself included."""
        row: Mask = self.near[self.kinds[zone]][self.kinds]
        row[zone] = True
        return row

    def reached(self, zones: Mask) -> Mask:
        """(Z,) bool: the zones that are near any of some, (Z,) bool."""
        if self.equivalence:
            return zones.copy()
        used: Mask = np.bincount(self.kinds[zones], minlength=len(self.near)) > 0
        beside = np.asarray(self.near[used].any(axis=0), dtype=np.bool_)
        return beside[self.kinds] | zones

    def reached_by_all(self, zones: Mask) -> Mask:
        """(Z,) bool: the zones that are near every one of some, (Z,) bool."""
        number = np.bincount(self.kinds[zones], minlength=len(self.near))
        used = np.flatnonzero(number)
        far: Ints = (~self.near[:, used] * number[used]).sum(axis=1)
        # A zone is near itself, whatever others of its kind are.
        itself = zones & ~np.diag(self.near)[self.kinds]
        none: Mask = far[self.kinds] == itself
        return none

    def among(self, zones: Ints) -> Mask:
        """(N, N) bool: of some zones, which are near each other; each is near itself."""
        kinds = self.kinds[zones]
        near: Mask = self.near[np.ix_(kinds, kinds)]
        near |= zones[:, None] == zones[None, :]
        return near


def nearness_of(key: str, classes: Ints, near: Mask) -> Nearness:
    """Join classes of hosts to zones, and part those whose hosts are not near each other.

    Parameters
    ----------
    key : str
    classes : (H,) int64
        Class of each row, -1 for none; every class has a host.
    near : (C, C) bool
        Class by class, symmetric; on the diagonal, of two different hosts of the class.
    """
    number = np.bincount(classes[classes >= 0], minlength=len(near))
    near = near | np.diag(number == 1)
    # Equal rows: near the same classes. Where one is near itself, the others are near it then.
    _, first, kind = np.unique(
        np.packbits(near, axis=1), axis=0, return_index=True, return_inverse=True
    )
    kind = kind.reshape(-1).astype(np.int64)
    between = near[np.ix_(first, first)]
    whole = np.diag(between)
    alive = np.flatnonzero(classes >= 0)
    kinds = kind[classes[alive]]
    # Kinds that are near themselves are a zone; of others, each host is one.
    apart = ~whole[kinds]
    codes = np.full(len(classes), -1, dtype=np.int64)
    names = np.where(apart, len(first) + alive, kinds)
    _, place, zone = np.unique(names, return_index=True, return_inverse=True)
    codes[alive] = zone.reshape(-1)
    return Nearness(key, codes, kinds[place], between)
