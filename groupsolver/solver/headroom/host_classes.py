"""Classes of hosts that are the same to copies of one application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.headroom.demand import Demand
from groupsolver.solver.headroom.knapsack import trimmed

SPARE_COPIES = 1_000


@dataclass(frozen=True)
class HostClasses:
    """C classes of the N hosts that take any unit.

    Attributes
    ----------
    rows : (N,) int64
        The fleet's rows of these hosts.
    label : (N,) int64
        Class of each.
    number : (C,) int64
        How many hosts.
    free : (C, R) int64
        What is free, without what nothing can use.
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

    def subset(self, hosts: Ints) -> HostClasses:
        """Return the classes of some hosts alone, given as positions in `rows`."""
        kept, label, number = np.unique(self.label[hosts], return_inverse=True, return_counts=True)
        return HostClasses(
            rows=self.rows[hosts],
            label=label.reshape(-1),
            number=number.astype(np.int64),
            free=self.free[kept],
            slots=self.slots[kept],
            codes={level: codes[kept] for level, codes in self.codes.items()},
        )


def classify_hosts(demand: Demand, most: int, levels: Sequence[str]) -> HostClasses:
    """Divide the hosts into classes.

    Parameters
    ----------
    demand : Demand
    most : int
        No more copies than that fit.
    levels : sequence of str
        Hosts of a class are in the same domains of these levels.
    """
    fleet = demand.compiled.fleet
    # No host has more of a unit than all copies have. Some are spare, so that a bound that is
    # proved over these slots also holds for a fleet with one more host.
    of_all_copies = demand.number * (4 * most + SPARE_COPIES)
    slots = np.minimum(demand.slots, of_all_copies[:, None]).T
    rows = np.flatnonzero(slots.any(axis=1))
    slots = slots[rows]
    free = _usable(demand.free()[rows], slots, demand.size)
    codes = np.zeros((len(rows), len(levels)), dtype=np.int64)
    for at, level in enumerate(levels):
        codes[:, at] = fleet.codes(level)[rows]
    table = np.concatenate([free, slots, codes], axis=1)
    _, first, label, number = np.unique(
        table, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return HostClasses(
        rows=rows,
        label=label.reshape(-1),
        number=number.astype(np.int64),
        free=free[first],
        slots=slots[first],
        codes={level: codes[first, at] for at, level in enumerate(levels)},
    )


def _usable(free: Ints, slots: Ints, size: Ints) -> Ints:
    """(H, R) int64: what is free of hosts, without what no filling of whole units can use."""
    usable = np.zeros_like(free)
    # Which units a host takes decides what of its room can be used.
    patterns, which = np.unique(slots > 0, axis=0, return_inverse=True)
    which = which.reshape(-1)
    for number, allowed in enumerate(patterns):
        hosts = np.flatnonzero(which == number)
        most = slots[hosts][:, allowed].astype(np.float64) @ size[allowed]
        usable[hosts] = trimmed(free[hosts], size[allowed], most)
    return usable
