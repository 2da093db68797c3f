"""A fleet in arrays: compiled once, kept, and brought up to date in place.

Rows are hosts. A host that was removed leaves its row behind, disabled and in no domain,
for the next host that comes. Reading from several threads is safe; writing is the caller's
to keep apart from reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver.errors import BadInput, Fault, UnknownHost, nearest
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.compiled.numa_table import CellTable
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.inventory import Resources
from groupsolver.model.network.link_cuts import Cut, Cuts, Domain
from groupsolver.model.network.network import Network, What
from groupsolver.model.network.proximity_zones import Nearness
from groupsolver.model.value import HOST

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_VECTORS = ("ready", "enabled", "busy", "cost", "points")


class CompiledFleet:
    """Hosts x resources, hosts x levels and hosts x traits, as numpy arrays.

    Parameters
    ----------
    fleet : Fleet

    Attributes
    ----------
    index : HostIndex
        The hosts as values.
    rows : dict of str to int
        Row of each host.
    names : list of str
        Host of each row; empty for a row that is free.
    ready : (H,) bool
        Enabled and not over capacity: something new may land.
    enabled : (H,) bool
    cost, points : (H,) int64
        The host's cost, and its free share in thousandths.
    cells : CellTable
        The hosts' NUMA cells.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.index = HostIndex(fleet.levels, (), fleet.links)
        self.rows: dict[str, int] = {}
        self.names: list[str] = []
        self._free_rows: list[int] = []
        size = len(fleet.hosts)
        self.cells = CellTable(size)
        self.ready: Mask = np.zeros(size, dtype=np.bool_)
        self.enabled: Mask = np.zeros(size, dtype=np.bool_)
        self.busy: Mask = np.zeros(size, dtype=np.bool_)
        self.cost: Ints = np.zeros(size, dtype=np.int64)
        self.points: Ints = np.zeros(size, dtype=np.int64)
        # Columns, made when a name is first met: resource class, trait, level.
        self._capacity: dict[str, Ints] = {}
        self._free: dict[str, Ints] = {}
        self._unit: dict[str, Ints] = {}
        self._traits: dict[str, Mask] = {}
        self._codes: dict[str, Ints] = {
            level: np.full(size, -1, dtype=np.int64) for level in fleet.levels
        }
        self._code_of: dict[str, dict[str, int]] = {level: {} for level in fleet.levels}
        # Partitions of the hosts that are no level of the fleet, by a key that no level can have.
        self._partitions: dict[str, tuple[Ints, int]] = {}
        self._cuts: Cuts | None = None
        self._network: Network | None = (
            None  # of the hosts as they stand now, whatever runs on them
        )
        for host in fleet.hosts:
            self._place(host)

    def __len__(self) -> int:
        return len(self.ready)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels above ``host``."""
        return self.index.levels

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the network."""
        return self.index.links

    def copy(self) -> CompiledFleet:
        """Give a fleet that may change without this one: milliseconds, where compiling takes a second."""
        other = object.__new__(CompiledFleet)
        other.index = self.index.copy()
        other.rows, other.names, other._free_rows = (
            self.rows.copy(),
            self.names.copy(),
            self._free_rows.copy(),
        )
        for name in _VECTORS:
            setattr(other, name, getattr(self, name).copy())
        for name in ("_capacity", "_free", "_unit", "_traits", "_codes", "_code_of"):
            setattr(
                other, name, {key: column.copy() for key, column in getattr(self, name).items()}
            )
        other._partitions, other._network, other._cuts = (
            self._partitions.copy(),
            self._network,
            self._cuts,
        )
        other.cells = self.cells.copy()
        return other

    def update(self, host: Host) -> None:
        """Replace the host of that name. Raises `UnknownHost`, `BadInput` for an unknown level."""
        if host.name not in self.rows:
            raise UnknownHost(host.name)
        self._checked(host)
        row = self.rows[host.name]
        if host.domains != self.index[host.name].domains:
            self._network = self._cuts = None
        self._clear(row)
        self._fill(row, host)

    def add(self, host: Host) -> None:
        """Add a host of a new name. Raises `BadInput` where the name or a level is wrong."""
        if host.name in self.rows:
            raise BadInput(
                [Fault("duplicate-name", "name", f"host {host.name!r} is there already")]
            )
        self._checked(host)
        self._place(host)

    def remove(self, name: str) -> None:
        """Take a host out. Raises `UnknownHost`."""
        self.index.remove(name)
        self._network = self._cuts = None
        row = self.rows.pop(name)
        self._clear(row)
        self.names[row] = ""
        self._free_rows.append(row)

    def _checked(self, host: Host) -> None:
        for level in host.domains:
            if level not in self.levels:
                message = f"unknown level {level!r}{nearest(level, self.levels)}"
                raise BadInput([Fault("unknown-level", f"domains.{level}", message)])

    def _place(self, host: Host) -> None:
        self._network = self._cuts = None
        if self._free_rows:
            row = self._free_rows.pop()
            self.names[row] = host.name
        else:
            row = len(self.names)
            self.names.append(host.name)
            if row == len(self.ready):
                self._grow(row + max(16, row // 8))
        self.rows[host.name] = row
        self._fill(row, host)

    def _grow(self, size: int) -> None:
        for name in _VECTORS:
            setattr(self, name, _longer(getattr(self, name), size, 0))
        for columns in (self._capacity, self._free, self._unit, self._traits):
            for name, column in columns.items():
                columns[name] = _longer(column, size, 0)
        for level, codes in self._codes.items():
            self._codes[level] = _longer(codes, size, -1)
        self.cells.grow(size)

    def _clear(self, row: int) -> None:
        self._partitions = {}
        for columns in (self._capacity, self._free, self._unit, self._traits):
            for column in columns.values():
                column[row] = 0
        for codes in self._codes.values():
            codes[row] = -1
        self.ready[row] = self.enabled[row] = self.busy[row] = False
        self.cost[row] = self.points[row] = 0
        self.cells.clear(row)

    def _fill(self, row: int, host: Host) -> None:
        self._partitions = {}
        self.index.put(host)
        self.enabled[row] = host.enabled
        self.ready[row] = host.enabled and not host.overfull
        self.busy[row] = any(host.in_use().values())
        self.cost[row] = host.cost
        self.points[row] = host.free_points
        for name, inventory in host.inventory.items():
            capacity = inventory.capacity
            _column(self._capacity, name, len(self), np.int64)[row] = capacity
            _column(self._free, name, len(self), np.int64)[row] = max(
                0, capacity - host.used.get(name, 0)
            )
            _column(self._unit, name, len(self), np.int64)[row] = inventory.max_unit or capacity
        if host.cells:
            self._fill_cells(row, host)
        for trait in host.traits:
            _column(self._traits, trait, len(self), np.bool_)[row] = True
        for level, domain in host.domains.items():
            codes = self._code_of[level]
            self._codes[level][row] = codes.setdefault(domain, len(codes))

    def _fill_cells(self, row: int, host: Host) -> None:
        rooms = host.rooms()
        self.cells.fill(row, rooms)
        for name, capacity in host.capacity().items():
            if name not in host.inventory:
                _column(self._capacity, name, len(self), np.int64)[row] = capacity
                free = sum([room.free.get(name, 0) for room in rooms])
                _column(self._free, name, len(self), np.int64)[row] = free
                unit = max([room.unit.get(name, 0) for room in rooms])
                _column(self._unit, name, len(self), np.int64)[row] = unit

    def partition(self, key: str, make: Callable[[], Ints]) -> str:
        """Part the hosts otherwise than by a level: `codes` and `domains` then take the answer for a level.

        Parameters
        ----------
        key : str
            What it is by; `make` is called where no such partition is known.
        make : callable
            Gives (H,) int64: the part of each host, from 0, -1 for none.
        """
        level = f"\0{key}"  # no name of a level has such a character
        if level not in self._partitions:
            codes = make()
            self._partitions[level] = codes, int(codes.max(initial=-1)) + 1
        return level

    def nearness(self, what: What, bound: int) -> tuple[str, Nearness]:
        """Say which hosts are near each other, and by which partition `codes` gives the zones of such.

        Parameters
        ----------
        what : {"hops", "latency"}
        bound : int
            So many hops, or microseconds, apart at most.
        """
        if self._network is None:
            self._network = Network(self)
        found = self._network.nearness(what, bound)
        return self.partition(found.key, lambda: found.codes), found

    def cut(self, level: str) -> Cut:
        """Give the links that leave each domain of a level, or each host: what is free on them together."""
        self._cuts = self._cuts or Cuts(self)
        return self._cuts.left(self, level)

    def reserve(self, mbps: Mapping[Domain, int]) -> None:
        """Say how many Mbit/s are reserved of the links that leave each domain, beside their `used_mbps`."""
        self.index.reserved = mbps

    def codes(self, level: str) -> Ints:
        """(H,) int64: the domain of each host at a level, -1 for none; of ``host``, its row."""
        if level in self._partitions:
            return self._partitions[level][0]
        return np.arange(len(self), dtype=np.int64) if level == HOST else self._codes[level]

    def code(self, level: str, domain: str) -> int:
        """Number of a domain, -1 where the fleet lacks it."""
        return (self.rows if level == HOST else self._code_of[level]).get(domain, -1)

    def domains(self, level: str) -> int:
        """How many codes a level has."""
        if level in self._partitions:
            return self._partitions[level][1]
        return len(self) if level == HOST else len(self._code_of[level])

    def trait(self, name: str) -> Mask:
        """(H,) bool: which hosts have a trait."""
        return self._traits.get(name, np.zeros(len(self), dtype=np.bool_))

    def free(self, name: str) -> Ints:
        """(H,) int64: what is free of a resource class, 0 where there is none; cells are taken together."""
        return self._free.get(name, np.zeros(len(self), dtype=np.int64))

    def capacity(self, name: str) -> Ints:
        """(H,) int64: what there is of a resource class in all."""
        return self._capacity.get(name, np.zeros(len(self), dtype=np.int64))

    def slots(self, resources: Resources, most: int) -> Ints:
        """(H,) int64: how many members of that size each host could take now, at most `most`."""
        slots = np.where(self.ready, np.int64(most), np.int64(0))
        for name, amount in resources.items():
            if amount:
                unit = self._unit.get(name, np.zeros(len(self), dtype=np.int64))
                slots = np.where(unit >= amount, np.minimum(slots, self.free(name) // amount), 0)
        return self.cells.bounded(resources, slots, most)


def _column(
    columns: dict[str, NDArray[Any]], name: str, size: int, dtype: type[np.generic]
) -> NDArray[Any]:
    column = columns.get(name)
    if column is None:
        column = columns[name] = np.zeros(size, dtype=dtype)
    return column


def _longer(column: NDArray[Any], size: int, fill: int) -> NDArray[Any]:
    longer = np.full(size, fill, dtype=column.dtype)
    longer[: len(column)] = column
    return longer


def compile_fleet(fleet: Fleet) -> CompiledFleet:
    """Bring a fleet into arrays, once; `solve` takes the result in place of the fleet."""
    return CompiledFleet(fleet)
