"""What instances have claimed of pools, kept up to date while hosts and instances change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from groupsolver.model.fleet import Host
from groupsolver.model.pools.pool_index import PoolIndex


class PoolClaims:
    """The claims on the pools of a fleet, whichever project they are of.

    Parameters
    ----------
    pools : PoolIndex
        The pools as they were loaded, without claims.
    """

    def __init__(self, pools: PoolIndex) -> None:
        self._pools = pools
        # By host that takes from pools: the number of the pool of each class.
        self._classes: dict[str, dict[str, int]] = {}
        self._claimed: Counter[tuple[str, str]] = Counter()  # by pool and class

    def copy(self) -> PoolClaims:
        """Return a copy that may change without changing these."""
        other = PoolClaims(self._pools)
        other._classes = self._classes.copy()
        other._claimed = self._claimed.copy()
        return other

    @property
    def loaded(self) -> PoolIndex:
        """The pools as they were loaded, without claims."""
        return self._pools

    def pools(self) -> PoolIndex:
        """Return the pools with all claims in ``used``."""
        return self._pools.with_more_used(self._claimed)

    def host_changed(self, host: Host, claimed: Iterable[tuple[str, int]]) -> None:
        """Follow a host that is new, or has other domains or classes, with what is claimed of it.

        Parameters
        ----------
        host : Host
        claimed : iterable of (str, int)
            Resource classes and amounts.
        """
        if not self._pools:
            return
        before = self._classes.pop(host.name, {})
        now = self._pools.classes_of(host)
        if now:
            self._classes[host.name] = now
        if now == before:
            return
        for resource, amount in claimed:
            self._add(before, resource, -amount)
            self._add(now, resource, amount)

    def claim(self, host: str, resource: str, amount: int) -> None:
        """Add what an instance takes of a class on a host; below 0 where it no longer does."""
        self._add(self._classes.get(host, {}), resource, amount)

    def _add(self, classes: dict[str, int], resource: str, amount: int) -> None:
        if resource in classes:
            pool = self._pools.pools[classes[resource]]
            self._claimed[pool.name, resource] += amount
