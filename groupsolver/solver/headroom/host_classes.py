"""Hosts that are the same to copies of one application, taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.compiled_fleet import Ints
from groupsolver.solver.headroom.demand import Demand
from groupsolver.solver.headroom.knapsack import trimmed

SPARE = 1_000  # copies


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

    def only(self, which: Ints) -> HostClasses:
        """Give the classes of some hosts alone, which are told by their places in `rows`."""
        found, label, number = np.unique(self.label[which], return_inverse=True, return_counts=True)
        codes = {level: inside[found] for level, inside in self.codes.items()}
        free, slots = self.free[found], self.slots[found]
        return HostClasses(
            self.rows[which], label.reshape(-1), number.astype(np.int64), free, slots, codes
        )


def useful(free: Ints, slots: Ints, size: Ints) -> Ints:
    """(H, R) int64: what is free of hosts, without what no filling of whole units can use."""
    out = np.zeros_like(free)
    patterns, which = np.unique(slots > 0, axis=0, return_inverse=True)
    which = which.reshape(-1)
    for number, open_ in enumerate(patterns):
        here = np.flatnonzero(which == number)
        most = slots[here][:, open_].astype(np.float64) @ size[open_]
        out[here] = trimmed(free[here], size[open_], most)
    return out


def classes_of(demand: Demand, most: int, levels: Sequence[str]) -> HostClasses:
    """Class the hosts, for at most so many copies, by the domains of some levels too."""
    fleet = demand.compiled.fleet
    # No host has more than all copies have; with some to spare, so that bounds stay true of a host more.
    slots = np.minimum(demand.slots, (demand.number * (4 * most + SPARE))[:, None]).T
    rows = np.flatnonzero(slots.any(axis=1))
    slots = slots[rows]
    free = useful(demand.free()[rows], slots, demand.size)
    codes = (
        np.stack([fleet.codes(level)[rows] for level in levels], axis=1)
        if levels
        else np.zeros((len(rows), 0))
    )
    table = np.concatenate([free, slots, codes.astype(np.int64)], axis=1)
    _, first, label, number = np.unique(
        table, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    inside = {level: codes[first, at].astype(np.int64) for at, level in enumerate(levels)}
    return HostClasses(
        rows, label.reshape(-1), number.astype(np.int64), free[first], slots[first], inside
    )
