"""Hosts that are the same to copies of one application, taken together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled import Ints
from groupsolver.solver.demand import Demand


@dataclass(frozen=True)
class HostClasses:
    """C classes of the hosts that take any unit.

    Attributes
    ----------
    rows : (N,) int64
        The fleet's rows of these hosts.
    label : (N,) int64
        Class of each.
    number : (C,) int64
        How many hosts.
    free : (C, R) int64
        What is free, as far as it serves anybody.
    slots : (C, U) int64
    codes : dict of str to (C,) int64
        By level: the domain.
    """

    rows: Ints
    label: Ints
    number: Ints
    free: Ints
    slots: Ints
    codes: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.number)

    def some(self, chosen: Ints) -> HostClasses:
        """Give some of the classes; without their hosts."""
        none = np.zeros(0, dtype=np.int64)
        codes = {level: found[chosen] for level, found in self.codes.items()}
        return HostClasses(none, none, self.number[chosen], self.free[chosen], self.slots[chosen], codes)


def useful(free: Ints, slots: Ints, size: Ints) -> Ints:
    """(H, R) int64: what is free of hosts, without what no filling of whole units can use."""
    out = np.zeros_like(free)
    patterns, which = np.unique(slots > 0, axis=0, return_inverse=True)
    which = which.reshape(-1)
    for number, open_ in enumerate(patterns):
        here = np.flatnonzero(which == number)
        sizes = size[open_]
        if not sizes.any():
            continue
        found = free[here].astype(np.float64)
        # Of resource r no more is used than what is free of s lets in, nor than all slots take.
        for r in range(size.shape[1]):
            if not sizes[:, r].any():
                found[:, r] = 0
                continue
            for s in range(size.shape[1]):
                needy = sizes[:, r] > 0
                if s != r and (sizes[needy, s] > 0).all():
                    most = (sizes[needy, r] / sizes[needy, s]).max()
                    found[:, r] = np.minimum(found[:, r], free[here, s] * most)
            found[:, r] = np.minimum(found[:, r], slots[here][:, open_].astype(np.float64) @ sizes[:, r])
        unit = np.maximum(1, np.gcd.reduce(sizes, axis=0))
        out[here] = np.minimum(free[here] // unit, np.floor(found * (1 + 1e-12) / unit + 1e-9).astype(np.int64)) * unit
    return out


def classes_of(demand: Demand, most: int) -> HostClasses:
    """Class the hosts, for at most so many copies."""
    fleet = demand.ground.fleet
    slots = np.minimum(demand.slots, (demand.number * most)[:, None]).T
    rows = np.flatnonzero(slots.any(axis=1))
    slots = slots[rows]
    free = useful(demand.free()[rows], slots, demand.size)
    levels = demand.levels()
    codes = np.stack([fleet.codes(level)[rows] for level in levels], axis=1) if levels else np.zeros((len(rows), 0))
    table = np.concatenate([free, slots, codes.astype(np.int64)], axis=1)
    _, first, label, number = np.unique(table, axis=0, return_index=True, return_inverse=True, return_counts=True)
    inside = {level: codes[first, at].astype(np.int64) for at, level in enumerate(levels)}
    return HostClasses(rows, label.reshape(-1), number.astype(np.int64), free[first], slots[first], inside)
