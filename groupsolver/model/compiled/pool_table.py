"""What hosts take from pools, as numpy arrays: a part of `HostTable`.

Example: hosts a and b take DISK_GB from pool 0, which has 100 free; c has its own::

    of["DISK_GB"] = [0, 0, -1]
    free("DISK_GB") = [100]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.host_columns import HostColumns
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex

S = TypeVar("S", bound=np.generic)


class PoolTable:
    """The pools of P, and which of them each of H hosts takes each class from.

    Parameters
    ----------
    pools : iterable of Pool
    size : int
        Rows to make room for.

    Attributes
    ----------
    of : dict of str to (H,) int64
        By resource class: the number of each host's pool, -1 where it takes from none.
    """

    def __init__(self, pools: Iterable[Pool], size: int) -> None:
        self._size = size
        self.of: dict[str, Ints] = {}
        self._pools: tuple[Pool, ...] = ()
        self._free: dict[str, Ints] = {}
        self.set_amounts(pools)

    def __len__(self) -> int:
        return len(self._pools)

    def set_amounts(self, pools: Iterable[Pool]) -> None:
        """Take the amounts of pools; they name the same hosts as before."""
        self._pools = tuple(pools)
        names = {name for pool in self._pools for name in pool.inventory}
        self._free = {
            name: np.array([pool.free(name) for pool in self._pools], dtype=np.int64)
            for name in names
        }

    def gives(self, name: str, row: int) -> bool:
        """Return whether a host takes a class from a pool."""
        return name in self.of and bool(self.of[name][row] >= 0)

    def free(self, name: str) -> Ints:
        """(P,) int64: what is free of a class in each pool; 0 without it, or over it."""
        return self._free.get(name, np.zeros(len(self._pools), dtype=np.int64))

    def admits(self, name: str, amount: int) -> Mask:
        """(P,) bool: whether one member may take an amount of a class, whatever is free."""
        inventories = [pool.inventory.get(name) for pool in self._pools]
        return np.array([one is not None and one.admits(amount) for one in inventories])

    def instead(
        self, name: str, own: NDArray[S], of_pools: Callable[[str], NDArray[S]]
    ) -> NDArray[S]:
        """(H,): what is the hosts' own, but of its pool where a host takes a class from one.

        Parameters
        ----------
        name : str
            A resource class.
        own : (H,)
        of_pools : callable
            Returns (P,) for a resource class; called where some host takes the class from a pool.
        """
        numbers = self.of.get(name)
        if numbers is None:
            return own
        return np.where(numbers >= 0, of_pools(name)[numbers], own)

    def fill(self, row: int, pools: Mapping[str, int]) -> None:
        """Write the number of the pool that a host takes each class from."""
        for name, number in pools.items():
            if name not in self.of:
                self.of[name] = np.full(self._size, -1, dtype=np.int64)
            self.of[name][row] = number

    def fill_columns(self, pools: PoolIndex, columns: HostColumns) -> None:
        """Write, for all hosts of columns, the number of the pool that each takes a class from."""
        for number, pool in enumerate(pools.pools):
            named = pool_hosts(pool, columns)
            for name in pool.inventory:
                takes = named & ~columns.has(name)
                if name in self.of:
                    takes &= self.of[name] < 0
                if not takes.any():
                    continue
                if name not in self.of:
                    self.of[name] = np.full(self._size, -1, dtype=np.int64)
                self.of[name][takes] = number

    def clear(self, row: int) -> None:
        """Empty a row."""
        for numbers in self.of.values():
            numbers[row] = -1

    def grow(self, size: int) -> None:
        """Make room for more rows."""
        for name, numbers in self.of.items():
            more = np.full(size - len(numbers), -1, dtype=np.int64)
            self.of[name] = np.concatenate([numbers, more])
        self._size = size

    def copy(self) -> PoolTable:
        """Return a table that may change without this one."""
        other = PoolTable((), self._size)
        other.of = {name: numbers.copy() for name, numbers in self.of.items()}
        other._pools = self._pools
        other._free = self._free
        return other


def pool_hosts(pool: Pool, columns: HostColumns) -> Mask:
    """(H,) bool: which hosts of columns a pool names, by themselves or by a domain."""
    found = np.zeros(len(columns), dtype=np.bool_)
    found[[columns.rows[name] for name in pool.hosts if name in columns.rows]] = True
    for level, names in pool.domains.items():
        wanted = set(names)
        chosen = [name in wanted for name in columns.domains[level]]
        codes = columns.codes[level]
        # A host in no domain has the code -1, which the last element answers for.
        found |= np.array([*chosen, False])[codes]
    return found
