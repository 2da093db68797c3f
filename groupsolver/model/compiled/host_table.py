"""The hosts of a fleet as numpy arrays, brought up to date in place.

Rows are hosts. A host that was removed leaves its row behind, disabled and in no domain,
for the next host that comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.errors import BadInput, Fault, UnknownHost, nearest, require_type
from groupsolver.model.compiled.arrays import Ints, Mask, exact_sum
from groupsolver.model.compiled.host_columns import ABSENT, HostColumns, InventoryColumns
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.compiled.numa_table import NumaTable
from groupsolver.model.compiled.pool_table import PoolTable
from groupsolver.model.fleet import COMMON_CLASSES, Host, Link, mean_points
from groupsolver.model.inventory import Resources
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.model.value import HOST

ROUNDING = 1e-6  # points this close to a half are rounded in fractions
# Attributes that are one array of all rows; and those that are such arrays, by name.
_VECTORS = ("enabled", "busy", "cost", "opening_cost")
NO_OPENING_COST = -1  # of a host that has none of its own
_AMOUNTS = ("_capacity", "_free", "_unused", "_unit", "_least", "_step")
_COLUMNS = (*_AMOUNTS, "_traits", "_reserved", "_codes")


class HostTable:
    """Hosts x resources, hosts x levels and hosts x traits, as numpy arrays.

    Parameters
    ----------
    levels : iterable of str
        The fleet's levels above ``host``.
    links : iterable of Link
    size : int
        Rows to make room for; there are no hosts yet.
    pools : iterable of Pool, optional
        What several hosts share.
    columns : HostColumns, optional
        Hosts that come first, as many as `size`.

    Attributes
    ----------
    index : HostIndex
        The hosts as values.
    rows : dict of str to int
        Row of each host.
    names : list of str
        Host of each row; empty for a row that is free.
    enabled : (H,) bool
        Something new may land, of classes that are free.
    busy : (H,) bool
        Something runs there.
    cost : (H,) int64
        The host's cost.
    opening_cost : (H,) int64
        The host's own opening cost; `NO_OPENING_COST` where it has none.
    cells : NumaTable
        The hosts' NUMA cells.
    pools : PoolTable
        What hosts take from pools.
    """

    def __init__(
        self,
        levels: Iterable[str],
        links: Iterable[Link],
        size: int,
        pools: Iterable[Pool] = (),
        columns: HostColumns | None = None,
    ) -> None:
        self.index = HostIndex(levels, (), links, pools, columns)
        self.rows: dict[str, int] = {}
        self.names: list[str] = []
        self._free_rows: list[int] = []
        self._rows_in_order: Ints = np.zeros(0, dtype=np.int64)  # 0, 1, 2, ...; made when needed
        self.cells = NumaTable(size)
        self.pools = PoolTable(self.index.pools.pools, size)
        self.enabled: Mask = np.zeros(size, dtype=np.bool_)
        self.busy: Mask = np.zeros(size, dtype=np.bool_)
        self.cost: Ints = np.zeros(size, dtype=np.int64)
        self.opening_cost: Ints = np.full(size, NO_OPENING_COST, dtype=np.int64)
        # Columns, made when a name is first met: resource class, trait, level.
        self._capacity: dict[str, Ints] = {}
        self._free: dict[str, Ints] = {}
        self._unused: dict[
            str, Ints
        ] = {}  # what is not in use; of cells that are over capacity too
        # By the classes that a member takes: see `free_points` and `scarce_points`.
        self._points: dict[tuple[str, frozenset[str]], Ints] = {}
        self._unit: dict[str, Ints] = {}
        # What few hosts have: the least that a member may take, and its steps; 0 for any.
        self._least: dict[str, Ints] = {}
        self._step: dict[str, Ints] = {}
        self._traits: dict[str, Mask] = {}
        self._reserved: dict[str, Mask] = {}  # by trait that members must require
        self._codes: dict[str, Ints] = {
            level: np.full(size, -1, dtype=np.int64) for level in self.levels
        }
        self._code_of: dict[str, dict[str, int]] = {level: {} for level in self.levels}
        if columns is not None:
            self._take(columns)

    def _take(self, columns: HostColumns) -> None:
        """Write hosts of columns into the first rows, which are as many.

        Columns that may change later are copied: hosts are built from what was given.
        """
        self.names = columns.names.copy()
        self.rows = columns.rows.copy()
        self.enabled = columns.enabled.copy()
        self.busy = columns.busy.copy()
        self.cost = columns.cost.copy()
        self.opening_cost = columns.opening_cost.copy()
        for name, inventory in columns.inventory.items():
            if inventory.present.any():
                self._take_inventory(name, inventory, columns.used.get(name))
        self._traits = {name: mask.copy() for name, mask in columns.traits.items() if mask.any()}
        reserved = columns.reserved_for.items()
        self._reserved = {name: mask.copy() for name, mask in reserved if mask.any()}
        for level, codes in columns.codes.items():
            self._codes[level] = codes.copy()
            named = enumerate(columns.domains[level])
            self._code_of[level] = {domain: code for code, domain in named}
        if self.index.pools:
            self.pools.fill_columns(self.index.pools, columns)

    def _take_inventory(self, name: str, inventory: InventoryColumns, used: Ints | None) -> None:
        capacity = inventory.capacity.copy()
        if used is None:
            free = capacity.copy()
        else:
            free = capacity - np.maximum(0, used)
            np.maximum(0, free, out=free)
        self._capacity[name] = capacity
        self._free[name] = free
        self._unused[name] = free.copy()
        if inventory.max_unit is None:
            self._unit[name] = capacity.copy()
        else:
            self._unit[name] = np.where(inventory.max_unit == ABSENT, capacity, inventory.max_unit)
        for table, column in ((self._least, inventory.min_unit), (self._step, inventory.step_size)):
            # As hosts that are put write them: 0 for a bound of 1, and no column for none at all.
            if column is not None and (column[inventory.present] > 1).any():
                table[name] = np.where(inventory.present & (column > 1), column, 0)

    @property
    def row_count(self) -> int:
        """The length H of every column: rows of hosts, and rows that are free."""
        return len(self.enabled)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels above ``host``."""
        return self.index.levels

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the network."""
        return self.index.links

    def update(self, host: Host) -> None:
        """Replace the host of that name. Its values are validated first.

        Raises
        ------
        UnknownHost, BadInput
            Nothing has changed then.
        """
        host = self._validated(host)
        if host.name not in self.rows:
            raise UnknownHost(host.name)
        self.put(host)

    def add(self, host: Host) -> None:
        """Add a host of a new name. Its values are validated first.

        Raises
        ------
        BadInput
            Where its name, a level or an amount is wrong. Nothing has changed then.
        """
        host = self._validated(host)
        if host.name in self.rows:
            message = f"host {host.name!r} is there already"
            raise BadInput([Fault("duplicate-name", "name", message)])
        self.put(host)

    def put(self, host: Host) -> None:
        """Add a host, or replace the one of that name. Its values are trusted, but for levels.

        For callers that derive it from a valid host, thousands of times.
        """
        self._check_levels(host)
        row = self.rows.get(host.name)
        if row is None:
            row = self._new_row(host.name)
            self.rows[host.name] = row
        else:
            self._clear(row)
        self._fill(row, host)

    def remove(self, name: str) -> None:
        """Take a host out. Raises `UnknownHost`; nothing has changed then."""
        require_type("name", name, str, "the name of a host")
        self.index.remove(name)
        row = self.rows.pop(name)
        self._clear(row)
        self.names[row] = ""
        self._free_rows.append(row)

    def codes(self, level: str) -> Ints:
        """(H,) int64: the domain of each host at a level, -1 for none; of ``host``, its row."""
        if level != HOST:
            return self._codes[level]
        if len(self._rows_in_order) != self.row_count:
            self._rows_in_order = np.arange(self.row_count, dtype=np.int64)
            self._rows_in_order.flags.writeable = False
        return self._rows_in_order

    def code(self, level: str, domain: str) -> int:
        """Return the number of a domain, -1 where the fleet lacks it."""
        code_of = self.rows if level == HOST else self._code_of[level]
        return code_of.get(domain, -1)

    def domains(self, level: str) -> int:
        """Return how many codes a level has."""
        return self.row_count if level == HOST else len(self._code_of[level])

    def trait(self, name: str) -> Mask:
        """(H,) bool: which hosts have a trait."""
        return self._traits.get(name, np.zeros(self.row_count, dtype=np.bool_))

    def open_to(self, traits: Collection[str]) -> Mask:
        """(H,) bool: which hosts take members whose groups require these traits, and no others.

        A host that is reserved for no trait takes all members.
        """
        found = np.ones(self.row_count, dtype=np.bool_)
        for trait, reserved in self._reserved.items():
            if trait not in traits:
                found &= ~reserved
        return found

    def free(self, name: str) -> Ints:
        """(H,) int64: what is free of a class, in all cells together; 0 without it, or over it.

        Where a host takes the class from a pool, what is free of the pool: no host has it alone.
        """
        own = self._free.get(name, np.zeros(self.row_count, dtype=np.int64))
        return self.pools.instead(name, own, self.pools.free)

    def total_free(self, name: str, hosts: Mask) -> int:
        """Return what is free of a class on some hosts together, each of their pools once.

        `hosts` is (H,) bool.
        """
        free = self.free(name)
        numbers = self.pools.of.get(name)
        if numbers is None:
            return exact_sum(free[hosts])
        own = exact_sum(free[hosts & (numbers < 0)])
        shared = np.unique(numbers[hosts & (numbers >= 0)])
        return own + exact_sum(self.pools.free(name)[shared])

    def capacity(self, name: str) -> Ints:
        """(H,) int64: what there is of a resource class in all; what pools have is left out."""
        return self._capacity.get(name, np.zeros(self.row_count, dtype=np.int64))

    def free_points(self, taken: Collection[str]) -> Ints:
        """(H,) int64: `Host.free_points` of each host, for members that take these classes."""
        names = frozenset(name for name in taken if name in self._capacity)
        key = ("free", names)
        if key not in self._points:
            self._points[key] = self._mean_points(sorted(names))
        return self._points[key]

    def scarce_points(self, taken: Collection[str]) -> Ints:
        """(H,) int64: `Host.scarce_points` of each host, for members that take these classes."""
        scarce = frozenset(self._capacity).difference(COMMON_CLASSES, taken)
        key = ("scarce", scarce)
        if key not in self._points:
            points = np.zeros(self.row_count, dtype=np.int64)
            for name in sorted(scarce):
                points = np.maximum(points, self._mean_points([name]))
            self._points[key] = points
        return self._points[key]

    def _mean_points(self, names: Sequence[str]) -> Ints:
        """(H,) int64: `mean_points` of some classes on each host."""
        total = np.zeros(self.row_count)
        number = np.zeros(self.row_count)
        for name in names:
            capacity = self._capacity[name]
            total += self._unused[name] / np.maximum(1, capacity)
            number += capacity > 0
        points = 1000 * total / np.maximum(1, number)
        rounded = np.round(points).astype(np.int64)
        # Next to a half, floating point may round the wrong way.
        for row in np.flatnonzero(np.abs(points % 1 - 0.5) <= ROUNDING).tolist():
            pairs = [(int(self._unused[one][row]), int(self._capacity[one][row])) for one in names]
            rounded[row] = mean_points(pairs)
        return rounded

    def slots(self, resources: Resources, most: int) -> Ints:
        """(H,) int64: how many members of that size each host could take now, at most `most`."""
        slots = np.where(self.enabled, np.int64(most), np.int64(0))
        for name, amount in resources.items():
            if amount:
                np.minimum(slots, self.free(name) // amount, out=slots)
                slots *= self._admits(name, amount)
        return self.cells.bounded(resources, slots, most)

    def admits(self, name: str, amount: int) -> Mask:
        """(H,) bool: whether one member may take an amount of a class, whatever is free."""
        allowed = self._admits(name, amount)
        if name in self.cells.inside:
            in_cells = self.cells.admits(name, amount).any(axis=1)
            allowed &= in_cells | ~self.cells.inside[name]
        return allowed

    def _admits(self, name: str, amount: int) -> Mask:
        """(H,) bool: the same, where a class in cells is only held against the largest of them."""
        allowed: Mask = self._unit.get(name, np.zeros(self.row_count, dtype=np.int64)) >= amount
        if name in self._least:
            allowed &= self._least[name] <= amount
        if name in self._step:
            allowed &= amount % np.maximum(1, self._step[name]) == 0
        return self.pools.instead(name, allowed, lambda one: self.pools.admits(one, amount))

    def replace_pools(self, pools: PoolIndex) -> None:
        """Take pools with other amounts; they name the same hosts as before."""
        self.index.pools = pools
        self.pools.set_amounts(pools.pools)

    def _copy_rows_of(self, other: HostTable) -> None:
        """Take over the hosts of another table; this one has none."""
        self.index = other.index.copy()
        self.rows = other.rows.copy()
        self.names = other.names.copy()
        self._free_rows = other._free_rows.copy()
        self.cells = other.cells.copy()
        self.pools = other.pools.copy()
        for name in _VECTORS:
            setattr(self, name, getattr(other, name).copy())
        for name in (*_COLUMNS, "_code_of"):
            columns = getattr(other, name)
            setattr(self, name, {key: column.copy() for key, column in columns.items()})

    def _validated(self, host: Host) -> Host:
        require_type("host", host, Host, "a Host")
        valid = host.revalidated()
        self._check_levels(valid)
        self._check_pools(valid)
        return valid

    def _check_pools(self, host: Host) -> None:
        faults = [
            Fault("wrong-value", "inventory", f"{name} is in pool {pool!r} and in {other}")
            for name, pool, other in self.index.pools.repeated(host)
        ]
        if faults:
            raise BadInput(faults)

    def _check_levels(self, host: Host) -> None:
        for level in host.domains:
            if level not in self.levels:
                message = f"unknown level {level!r}{nearest(level, self.levels)}"
                raise BadInput([Fault("unknown-level", f"domains.{level}", message)])

    def _new_row(self, name: str) -> int:
        if self._free_rows:
            row = self._free_rows.pop()
            self.names[row] = name
            return row
        row = len(self.names)
        self.names.append(name)
        if row == len(self.enabled):
            self._grow(row + max(16, row // 8))
        return row

    def _grow(self, size: int) -> None:
        for name in _VECTORS:
            setattr(self, name, _longer(getattr(self, name), size, 0))
        for columns in self._amounts_and_traits():
            for name, column in columns.items():
                columns[name] = _longer(column, size, 0)
        for level, codes in self._codes.items():
            self._codes[level] = _longer(codes, size, -1)
        self.cells.grow(size)
        self.pools.grow(size)

    def _amounts_and_traits(self) -> tuple[dict[str, NDArray[Any]], ...]:
        return (
            self._capacity,
            self._free,
            self._unused,
            self._unit,
            self._least,
            self._step,
            self._traits,
            self._reserved,
        )

    def _clear(self, row: int) -> None:
        self._points = {}
        for columns in self._amounts_and_traits():
            for column in columns.values():
                column[row] = 0
        for codes in self._codes.values():
            codes[row] = -1
        for name in _VECTORS:
            getattr(self, name)[row] = 0
        self.cells.clear(row)
        self.pools.clear(row)

    def _fill(self, row: int, host: Host) -> None:
        """Write a host into its row, which is clear."""
        self.index.put(host)
        self._points = {}
        self.enabled[row] = host.enabled
        self.busy[row] = host.busy
        self.cost[row] = host.cost
        own = host.opening_cost
        self.opening_cost[row] = NO_OPENING_COST if own is None else own
        for name, inventory in host.inventory.items():
            capacity = inventory.capacity
            free = max(0, capacity - host.used.get(name, 0))
            self._fill_amounts(row, name, capacity, free, inventory.max_unit or capacity)
            if inventory.min_unit > 1:
                self._column(self._least, name, np.int64)[row] = inventory.min_unit
            if inventory.step_size > 1:
                self._column(self._step, name, np.int64)[row] = inventory.step_size
            self._column(self._unused, name, np.int64)[row] = free
        if host.cells:
            self._fill_cells(row, host)
        if self.index.pools:
            self.pools.fill(row, self.index.pools.classes_of(host))
        for trait in host.traits:
            self._column(self._traits, trait, np.bool_)[row] = True
        for trait in host.reserved_for:
            self._column(self._reserved, trait, np.bool_)[row] = True
        for level, domain in host.domains.items():
            codes = self._code_of[level]
            self._codes[level][row] = codes.setdefault(domain, len(codes))

    def _fill_cells(self, row: int, host: Host) -> None:
        unused = host.unused()
        cells = host.cell_capacities()
        self.cells.fill(row, cells)
        for name, capacity in host.capacity().items():
            if name not in host.inventory:
                free = sum([cell.free.get(name, 0) for cell in cells])
                unit = max([cell.unit.get(name, 0) for cell in cells])
                self._fill_amounts(row, name, capacity, free, unit)
                self._column(self._unused, name, np.int64)[row] = unused[name]

    def _fill_amounts(self, row: int, name: str, capacity: int, free: int, unit: int) -> None:
        self._column(self._capacity, name, np.int64)[row] = capacity
        self._column(self._free, name, np.int64)[row] = free
        self._column(self._unit, name, np.int64)[row] = unit

    def _column(
        self, columns: dict[str, NDArray[Any]], name: str, dtype: type[np.generic]
    ) -> NDArray[Any]:
        """Return a column, made where the name is new."""
        column = columns.get(name)
        if column is None:
            column = np.zeros(self.row_count, dtype=dtype)
            columns[name] = column
        return column


def _longer(column: NDArray[Any], size: int, fill: int) -> NDArray[Any]:
    longer = np.full(size, fill, dtype=column.dtype)
    longer[: len(column)] = column
    return longer
