"""Hosts, their failure domains, and the links between these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.errors import Fault, nearest
from groupsolver.model.convert.frames import frame_of_hosts, hosts_from_frame
from groupsolver.model.convert.graphs import fleet_from_graph
from groupsolver.model.inventory import InventoryData, InventoryLike, Resources
from groupsolver.model.numa_cell import (
    MAX_CELLS,
    Cell,
    CellCapacity,
    cell_capacities,
    cell_classes,
    cell_names,
    validate_cells,
)
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.model.sparse_value import Sparse
from groupsolver.model.value import HOST, Amount, Flag, Integer, Name, ResourceClass, Trait, Value

# What most members take. Any other class of a host is scarce: it is left to those that need it.
COMMON_CLASSES = frozenset({"VCPU", "MEMORY_MB", "DISK_GB"})


class Host(Sparse):
    """A machine that instances land on.

    Parameters
    ----------
    name : str
    domains : dict of str to str
        Level to domain; a level may be missing: the host is then in no domain of it.
    inventory : dict of str to Inventory
        Resource class to what there is; a bare integer means its total.
    used : dict of str to int
        What already runs there, existing members included. Of a class of the cells: what runs
        in an unknown cell; it counts against each.
    cells : tuple of Cell
        At most 64. A class is either in `inventory` or in the cells: a member takes all that it
        needs of the cells' classes from one cell, and everything else from the host.
    traits : tuple of str
    enabled : bool, default True
        Nothing new lands on a disabled host.
    cost : int, default 0
        A preference, lower is better.
    opening_cost : int, optional
        Points for new members on this host where it held nothing before. It replaces the
        `host_price` of an application that has one.
    reserved_for : tuple of str
        Traits: only members whose groups require all of them land here.
    """

    name: Name
    domains: dict[Name, Name] = {}
    inventory: dict[ResourceClass, InventoryLike] = {}
    used: Resources = {}
    cells: Annotated[tuple[Cell, ...], Field(max_length=MAX_CELLS)] = ()
    traits: tuple[Trait, ...] = ()
    enabled: Flag = True
    cost: Integer = 0
    opening_cost: Amount | None = None
    reserved_for: tuple[Trait, ...] = ()
    sparse: ClassVar[tuple[str, ...]] = ("cells", "opening_cost", "reserved_for")

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            name: str,
            domains: Mapping[str, str] = ...,
            inventory: Mapping[str, InventoryData] = ...,
            used: Mapping[str, int] = ...,
            cells: Iterable[Cell | Mapping[str, Any]] = ...,
            traits: Iterable[str] = ...,
            enabled: bool = ...,
            cost: int = ...,
            opening_cost: int | None = ...,
            reserved_for: Iterable[str] = ...,
            metadata: Any = None,
        ) -> None: ...

    @field_validator("cells")
    @classmethod
    def _sound_cells(cls, cells: tuple[Cell, ...], info: ValidationInfo) -> tuple[Cell, ...]:
        validate_cells(cells, info.data.get("inventory", {}))
        return cells

    def with_used(self, used: Resources, in_cells: Mapping[str, Resources] | None = None) -> Host:
        """Return this host with other amounts in use; the amounts are trusted, not validated.

        Parameters
        ----------
        used : dict of str to int
            What is in use outside the cells.
        in_cells : mapping of str to dict, optional
            What is in use of each cell, by its name; a cell that is not named stays as it is.
        """
        if not in_cells:
            return self.model_copy(update={"used": used})
        changed = [
            cell.model_copy(update={"used": in_cells[name]}) if name in in_cells else cell
            for name, cell in zip(self.cell_names(), self.cells, strict=True)
        ]
        return self.model_copy(update={"used": used, "cells": tuple(changed)})

    def emptied(self) -> Host:
        """Return this host with nothing on it."""
        return self.with_used({}, {name: {} for name in self.cell_names()})

    def capacity(self) -> dict[str, int]:
        """Return what may be allocated in all, per resource class, cells included."""
        capacity = {name: inventory.capacity for name, inventory in self.inventory.items()}
        for cell in self.cells:
            for name, inventory in cell.inventory.items():
                capacity[name] = capacity.get(name, 0) + inventory.capacity
        return capacity

    def in_use(self) -> Resources:
        """Return what is in use in all, per resource class, cells included."""
        if not self.cells:
            return self.used
        total = dict(self.used)
        for cell in self.cells:
            for name, amount in cell.used.items():
                total[name] = total.get(name, 0) + amount
        return total

    @property
    def busy(self) -> bool:
        """Whether anything is in use on the host, of any class."""
        return any(self.in_use().values())

    def used_in_cells(self) -> dict[str, Resources]:
        """Return a copy of what is in use of each cell, by the cell's name."""
        return {
            name: dict(cell.used) for name, cell in zip(self.cell_names(), self.cells, strict=True)
        }

    def cell_classes(self) -> frozenset[str]:
        """Return the classes that a member takes from one of the cells."""
        return cell_classes(self.cells)

    def cell_names(self) -> list[str]:
        """Return the cells' names."""
        return cell_names(self.cells)

    def cell_capacities(self) -> list[CellCapacity]:
        """Return what is left of each cell."""
        return cell_capacities(self.cells, self.used)

    @property
    def overfull(self) -> bool:
        """Whether more is used than there is, of any class outside the cells.

        That is allowed, but nothing new that takes of such a class lands on the host. Where a cell
        has more in use of a class than it has, nothing new takes of that class in that cell.
        """
        return bool(self.overfull_classes())

    def overfull_classes(self) -> dict[str, tuple[int, int]]:
        """Return what is used and what there is of each class that is over capacity.

        Classes of the cells are left out.
        """
        inside = self.cell_classes()
        over = {}
        for name, amount in self.used.items():
            capacity = self.inventory[name].capacity if name in self.inventory else 0
            if name not in inside and amount > capacity:
                over[name] = (amount, capacity)
        return over

    def unused(self) -> dict[str, int]:
        """Return what is not in use in all, per resource class, cells included; at least 0."""
        used = self.in_use()
        return {
            name: max(0, capacity - used.get(name, 0)) for name, capacity in self.capacity().items()
        }

    def free_points(self, taken: Collection[str]) -> int:
        """``round(1000 * mean free share)`` over the classes of `taken` that the host has any of.

        Cells are taken together. A share is not below 0; without any such class it is 0.

        Example: of 8 VCPU 2 are free, of 100 GB of disk 75, and a member takes both:
        ``round(1000 * (0.25 + 0.75) / 2)`` is 500.
        """
        capacity = self.capacity()
        unused = self.unused()
        return mean_points([(unused[name], capacity[name]) for name in capacity if name in taken])

    def scarce_points(self, taken: Collection[str]) -> int:
        """``round(1000 * free share)``, the largest of a scarce class that is not in `taken`.

        Every class beyond VCPU, MEMORY_MB and DISK_GB is scarce. Cells are taken together.

        Example: both GPUs of a host are free, and a member takes VCPU alone: 1000. With one of
        them in use it is 500, and 0 for a member that takes a GPU.
        """
        return scarce_points(self.capacity(), self.unused(), taken)


def _sparse_document(host: Host) -> dict[str, Any]:
    """Return a host as a document without defaults, but with what every host has."""
    document = host.model_dump(exclude_defaults=True, mode="json")
    required = {"domains": host.domains, "inventory": {}, "used": host.used}
    return {**required, **document}


def scarce_points(
    capacity: Mapping[str, int], unused: Mapping[str, int], taken: Collection[str]
) -> int:
    """Return the largest free share, in thousandths, of a scarce class that is not in `taken`."""
    scarce = (name for name in capacity if name not in COMMON_CLASSES and name not in taken)
    return max((mean_points([(unused[name], capacity[name])]) for name in scarce), default=0)


def mean_points(free_of_capacity: Iterable[tuple[int, int]]) -> int:
    """Return ``round(1000 * mean of free / capacity)``; capacities of 0 are left out."""
    pairs = [(free, capacity) for free, capacity in free_of_capacity if capacity]
    if not pairs:
        return 0
    points = 1000 * sum(free / capacity for free, capacity in pairs) / len(pairs)
    if abs(points % 1 - 0.5) > 1e-6:
        return round(points)
    # This close to a half, floating point may round the wrong way. Fractions are slower, and
    # exact: halves go to even.
    exact = sum(Fraction(free, capacity) for free, capacity in pairs)
    return round(1000 * exact / len(pairs))


class Link(Value):
    """A cable, or a bundle of them; an end is a domain, a host, or else a switch."""

    between: tuple[Name, Name]
    bandwidth_mbps: Amount | None = None
    used_mbps: Amount = 0
    latency_us: Amount | None = None

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            between: Sequence[str],
            bandwidth_mbps: int | None = ...,
            used_mbps: int = ...,
            latency_us: int | None = ...,
            metadata: Any = None,
        ) -> None: ...


class Fleet(Sparse):
    """The hosts, and the levels of failure domains above them.

    Parameters
    ----------
    levels : tuple of str
        Names of the levels, e.g. ``("zone", "rack")``. Partitions may overlap. ``host``
        is the implicit finest level and is not named.
    hosts : tuple of Host
    links : tuple of Link
        The network as a graph.
    pools : tuple of Pool
        Capacity that several hosts share.
    """

    version: Literal[1] = 1
    levels: tuple[Name, ...] = ()
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    links: tuple[Link, ...] = ()
    pools: tuple[Pool, ...] = ()
    sparse: ClassVar[tuple[str, ...]] = ("pools",)

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            version: Literal[1] = ...,
            levels: Iterable[str] = ...,
            hosts: Iterable[Host | Mapping[str, Any]],
            links: Iterable[Link | Mapping[str, Any]] = ...,
            pools: Iterable[Pool | Mapping[str, Any]] = ...,
            metadata: Any = None,
        ) -> None: ...

    @classmethod
    def from_pandas(
        cls,
        frame: Any,
        *,
        levels: Sequence[str] = (),
        links: Iterable[Link | Mapping[str, Any]] = (),
        pools: Iterable[Pool | Mapping[str, Any]] = (),
    ) -> Self:
        """Make a fleet of a pandas frame with one row a host.

        Parameters
        ----------
        frame : pandas.DataFrame
            Its columns: ``name``; one a level, with the domain; one a resource class, such as
            ``VCPU``, with its total, and ``VCPU.used``, ``VCPU.reserved``,
            ``VCPU.allocation_ratio``; ``traits`` as lists, or as text with spaces or commas;
            ``enabled``, ``cost``, ``opening_cost``, ``reserved_for``, ``cells``. An empty cell, or
            NaN, is a value that is not given.
        levels : sequence of str
            Which columns are levels.
        links, pools : iterable
            What a frame of hosts does not have.

        Raises
        ------
        BadInput
            For a column that means nothing or is missing, and for wrong values: ``hosts[3]`` is
            the row at position 3.
        ImportError
            Where pandas is not installed.
        """
        hosts = hosts_from_frame(frame, tuple(levels))
        return cls(levels=tuple(levels), hosts=hosts, links=tuple(links), pools=tuple(pools))

    def to_pandas(self) -> Any:
        """Return a pandas frame with one row a host, as `from_pandas` reads it.

        Links and pools are not in it.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        return frame_of_hosts(map(_sparse_document, self.hosts), self.levels)

    @classmethod
    def from_networkx(cls, graph: Any, *, levels: Sequence[str] | None = None) -> Self:
        """Make a fleet of a networkx graph, such as `topology` returns.

        Parameters
        ----------
        graph : networkx.Graph
            Nodes are names, or ``(level, name)``. A node is a host where its ``kind``, or its
            level, is ``host``, or where it has an ``inventory``; its attributes are the fields of
            a host, or name its domain at a level. An edge with ``kind="contains"`` joins a host to
            a domain ``(level, name)``; every other edge is a link, with ``bandwidth_mbps``,
            ``used_mbps`` and ``latency_us``. Other nodes are domains or switches.
        levels : sequence of str, optional
            By default the graph's attribute ``levels``.

        Raises
        ------
        BadInput
            For what a fleet may not have.
        TypeError
            For what is no graph.
        """
        return cls(**fleet_from_graph(graph, levels))

    @model_validator(mode="after")
    def _sound(self) -> Self:
        # With one fault at a time a user would mend a file line by line: report all of them.
        faults = [*self._level_faults(), *self._host_faults(), *self._link_faults()]
        faults += self._pool_faults()
        if faults:
            raise PydanticCustomError(
                "faults", "{count} faults", {"count": len(faults), "faults": faults}
            )
        return self

    def _level_faults(self) -> Iterator[Fault]:
        seen: set[str] = set()
        for i, level in enumerate(self.levels):
            path = f"levels[{i}]"
            if level == HOST:
                message = "'host' is the implicit level and is not listed"
                yield Fault("reserved-name", path, message)
            elif level in seen:
                yield Fault("duplicate-name", path, f"level {level!r} is listed twice")
            seen.add(level)

    def _host_faults(self) -> Iterator[Fault]:
        return self._named_faults("hosts", "host", self.hosts)

    def _named_faults(self, key: str, what: str, things: Iterable[Host | Pool]) -> Iterator[Fault]:
        """Yield names that come twice, and unknown levels of domains."""
        levels = set(self.levels)
        names: set[str] = set()
        for i, thing in enumerate(things):
            if thing.name in names:
                message = f"{what} {thing.name!r} is named twice"
                yield Fault("duplicate-name", f"{key}[{i}].name", message)
            names.add(thing.name)
            for level in thing.domains:
                if level not in levels:
                    path = f"{key}[{i}].domains.{level}"
                    yield Fault("unknown-level", path, self._unknown_level(level))

    def _unknown_level(self, level: str) -> str:
        hint = nearest(level, self.levels)
        listed = ", ".join(self.levels) or "none"
        return f"unknown level {level!r}{hint}; the fleet's levels: {listed}"

    def _link_faults(self) -> Iterator[Fault]:
        if not self.links:
            return
        ambiguous = self._ambiguous_names()
        for i, link in enumerate(self.links):
            for j, end in enumerate(link.between):
                if end in ambiguous:
                    one, other = ambiguous[end]
                    message = f"{end!r} is known at two levels, {one} and {other}"
                    yield Fault("ambiguous-name", f"links[{i}].between[{j}]", message)

    def _pool_faults(self) -> Iterator[Fault]:
        if not self.pools:
            return
        yield from self._named_faults("pools", "pool", self.pools)
        yield from self._repeated_classes()

    def _repeated_classes(self) -> Iterator[Fault]:
        """Yield the classes that a host would have of its own and from a pool, or from two."""
        index = PoolIndex(self.pools)
        numbers = {pool.name: number for number, pool in enumerate(self.pools)}
        for host in self.hosts:
            for resource, pool, other in index.repeated(host):
                path = f"pools[{numbers[pool]}].inventory.{resource}"
                message = f"host {host.name!r} has {resource} from pool {pool!r} and in {other}"
                yield Fault("wrong-value", path, f"{message}; expected it in one of them")

    def _ambiguous_names(self) -> dict[str, tuple[str, str]]:
        """Return the names that mean things at two levels, and two such levels."""
        levels = set(self.levels)
        level_of: dict[str, str] = {}
        ambiguous: dict[str, tuple[str, str]] = {}
        for host in self.hosts:
            for level, domain in host.domains.items():
                if level in levels and level_of.setdefault(domain, level) != level:
                    ambiguous[domain] = (level_of[domain], level)
        for host in self.hosts:
            if host.name in level_of:
                ambiguous.setdefault(host.name, (HOST, level_of[host.name]))
        return ambiguous
