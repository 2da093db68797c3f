"""Bounds on copies by the resource classes that pools have.

The bound by fillings of hosts lets each host take all of its pool. For such a class, what all hosts
have, each pool once, is a bound of its own::

    copies <= (free on hosts that have the class + free in pools) / what a copy takes

Example: three hosts share a pool with 100 GB free, and a copy takes 30 GB: at most 3 copies, though
each host could have 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.fleet import Host
from groupsolver.solver.headroom.bulk import MAX_COPIES
from groupsolver.solver.headroom.demand import Demand


class PoolLimit(NamedTuple):
    """How much there is of a class that some hosts take from pools, and what a copy takes of it."""

    resource: str
    free: int
    of_copy: int

    def copies(self, more: int = 0) -> int:
        """Return how many copies there is enough for, with so much more of the class."""
        return (self.free + more) // self.of_copy


def pool_limits(demand: Demand) -> list[PoolLimit]:
    """Return the limits of a demand: one for each class that it takes and some host shares."""
    fleet = demand.compiled.fleet
    usable: Mask = np.any(demand.slots > 0, axis=0)
    limits = []
    for at, name in enumerate(demand.names):
        if name in fleet.pools.of:
            of_copy = int(demand.number @ demand.size[:, at])
            limits.append(PoolLimit(name, fleet.total_free(name, usable), of_copy))
    return limits


def most_by_pools(demand: Demand) -> int:
    """Return how many copies there is enough for of the classes that pools have."""
    return min([MAX_COPIES, *(limit.copies() for limit in pool_limits(demand))])


def rise_by_pools(limits: list[PoolLimit], host: Host, bound: int) -> tuple[float, int]:
    """Return by how many copies one more host can raise a bound, as far as pools decide.

    In fractions, where some class that pools have is what bounds the copies now, else infinite; and
    in whole copies.
    """
    rate = np.inf
    most = MAX_COPIES
    capacity = host.capacity()
    for limit in limits:
        own = capacity.get(limit.resource, 0)
        most = min(most, limit.copies(own) - bound)
        if limit.copies() <= bound:
            rate = min(rate, own / limit.of_copy)
    return float(rate), max(0, most)
