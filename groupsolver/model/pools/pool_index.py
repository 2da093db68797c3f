"""Which hosts take which resource classes from which pools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from groupsolver.model.inventory import Inventory
from groupsolver.model.pools.pool import Pool, Taken


class PoolUser(Protocol):
    """What tells from which pools a host takes; every `Host` has it."""

    @property
    def name(self) -> str:
        """The host's name."""

    @property
    def domains(self) -> Mapping[str, str]:
        """Level to domain."""

    @property
    def inventory(self) -> Mapping[str, Inventory]:
        """What the host has itself."""

    def cell_classes(self) -> frozenset[str]:
        """Return the classes that its cells have."""


class Share(NamedTuple):
    """What something takes from a pool."""

    pool: str
    resource: str
    amount: int


class PoolIndex:
    """The pools of a fleet by the hosts that take from them. It is never changed.

    Parameters
    ----------
    pools : iterable of Pool

    Attributes
    ----------
    pools : tuple of Pool
        Their place here is their number.
    """

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self.pools = tuple(pools)
        self._numbers = {pool.name: number for number, pool in enumerate(self.pools)}
        self._by_host: dict[str, list[int]] = {}
        self._by_domain: dict[tuple[str, str], list[int]] = {}
        for number, pool in enumerate(self.pools):
            for name in dict.fromkeys(pool.hosts):
                self._by_host.setdefault(name, []).append(number)
            for level, names in pool.domains.items():
                for name in dict.fromkeys(names):
                    self._by_domain.setdefault((level, name), []).append(number)

    def __bool__(self) -> bool:
        return bool(self.pools)

    def __getitem__(self, name: str) -> Pool:
        return self.pools[self._numbers[name]]

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def numbers_of(self, host: PoolUser) -> list[int]:
        """Return the numbers of the pools that name a host, or a domain of it, ascending."""
        if not self.pools:
            return []
        found = set(self._by_host.get(host.name, ()))
        for domain in host.domains.items():
            found.update(self._by_domain.get(domain, ()))
        return sorted(found)

    def number_of(self, host: PoolUser, resource: str) -> int:
        """Return the number of the pool that a host takes a class from, -1 for none.

        A host takes no class from a pool that it has itself, or in its cells.
        """
        if not self.pools or resource in host.inventory or resource in host.cell_classes():
            return -1
        having = (n for n in self.numbers_of(host) if resource in self.pools[n].inventory)
        return next(having, -1)

    def pool_of(self, host: PoolUser, resource: str) -> Pool | None:
        """Return the pool that a host takes a class from, or None."""
        number = self.number_of(host, resource)
        return None if number < 0 else self.pools[number]

    def classes_of(self, host: PoolUser) -> dict[str, int]:
        """Return the classes that a host takes from pools, with the pools' numbers."""
        own = host.cell_classes()
        found: dict[str, int] = {}
        for number in self.numbers_of(host):
            for resource in self.pools[number].inventory:
                if resource not in host.inventory and resource not in own:
                    found.setdefault(resource, number)
        return found

    def shares(self, host: PoolUser, size: Iterable[tuple[str, int]]) -> Iterator[Share]:
        """Yield what a member of a size takes from pools where it runs on a host."""
        if not self.pools:
            return
        for resource, amount in size:
            pool = self.pool_of(host, resource) if amount else None
            if pool is not None:
                yield Share(pool.name, resource, amount)

    def repeated(self, host: PoolUser) -> Iterator[tuple[str, str, str]]:
        """Yield the classes that a host would have twice: the class, the pool, and where else.

        The other place is the host's ``inventory``, its ``cells``, or the name of another pool.
        """
        inside = host.cell_classes()
        first: dict[str, str] = {}
        for number in self.numbers_of(host):
            pool = self.pools[number]
            for resource in pool.inventory:
                if resource in host.inventory:
                    yield resource, pool.name, "its inventory"
                elif resource in inside:
                    yield resource, pool.name, "its cells"
                elif resource in first:
                    yield resource, pool.name, f"pool {first[resource]!r}"
                first.setdefault(resource, pool.name)

    def with_more_used(self, taken: Taken) -> PoolIndex:
        """Return the pools with more in use, or with less where an amount is negative."""
        if not taken:
            return self
        by_pool: dict[str, dict[str, int]] = {}
        for (name, resource), amount in taken.items():
            by_pool.setdefault(name, {})[resource] = amount
        return self.replaced(
            {name: self[name].with_more_used(amounts) for name, amounts in by_pool.items()}
        )

    def replaced(self, changed: Mapping[str, Pool]) -> PoolIndex:
        """Return the pools where some have other amounts; they name the same hosts as before."""
        other = PoolIndex()
        other.pools = tuple(changed.get(pool.name, pool) for pool in self.pools)
        other._numbers = self._numbers
        other._by_host = self._by_host
        other._by_domain = self._by_domain
        return other
