"""Hosts, the failure domains they stand in, and the links between these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.errors import Fault, nearest
from groupsolver.model.inventory import InventoryLike, Resources
from groupsolver.model.numa_cell import (
    MAX_CELLS,
    Cell,
    CellCapacity,
    cell_capacities,
    classes_of,
    names_of,
    sound,
)
from groupsolver.model.sparse_value import Sparse
from groupsolver.model.value import HOST, Amount, Flag, Integer, Name, ResourceClass, Trait, Value


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
        What runs there already, existing members too. Of a class of the cells: what runs in
        them, nobody knows in which; it counts against each.
    cells : tuple of Cell
        At most 64. The classes that a cell has, `inventory` has not: a member takes all that it
        needs of them from one cell, and everything else from the host.
    traits : tuple of str
    enabled : bool, default True
        Nothing new lands on a disabled host.
    cost : int, default 0
        A preference, lower is better.
    """

    name: Name
    domains: dict[Name, Name] = {}
    inventory: dict[ResourceClass, InventoryLike] = {}
    used: Resources = {}
    cells: Annotated[tuple[Cell, ...], Field(max_length=MAX_CELLS)] = ()
    traits: tuple[Trait, ...] = ()
    enabled: Flag = True
    cost: Integer = 0
    sparse: ClassVar[tuple[str, ...]] = ("cells",)

    @field_validator("cells")
    @classmethod
    def _sound_cells(cls, cells: tuple[Cell, ...], info: ValidationInfo) -> tuple[Cell, ...]:
        sound(cells, info.data.get("inventory", {}))
        return cells

    def capacity(self) -> dict[str, int]:
        """Give what may be allocated in all, per resource class, cells included."""
        found = {name: inventory.capacity for name, inventory in self.inventory.items()}
        for cell in self.cells:
            for name, inventory in cell.inventory.items():
                found[name] = found.get(name, 0) + inventory.capacity
        return found

    def in_use(self) -> Resources:
        """Give what runs there in all, per resource class, cells included."""
        if not self.cells:
            return self.used
        found = dict(self.used)
        for cell in self.cells:
            for name, amount in cell.used.items():
                found[name] = found.get(name, 0) + amount
        return found

    def with_used(self, used: Resources, in_cells: Mapping[str, Resources] | None = None) -> Host:
        """Return the host with other usage; nothing is validated.

        Parameters
        ----------
        used : dict of str to int
            What runs there, but for what is known to run in a cell.
        in_cells : mapping of str to dict of str to int, optional
            By name of a cell, what runs in it. Cells that it does not name keep what they have.
        """
        if not in_cells:
            return self.model_copy(update={"used": used})
        cells = tuple(
            cell.model_copy(update={"used": in_cells[name]}) if name in in_cells else cell
            for name, cell in zip(self.cell_names(), self.cells, strict=True)
        )
        return self.model_copy(update={"used": used, "cells": cells})

    def used_in_cells(self) -> dict[str, Resources]:
        """Return by name of a cell what is known to run in it; the amounts may be changed."""
        return {
            name: dict(cell.used) for name, cell in zip(self.cell_names(), self.cells, strict=True)
        }

    def emptied(self) -> Host:
        """Return the host with nothing running on it."""
        return self.with_used({}, {name: {} for name in self.cell_names()})

    def cell_classes(self) -> frozenset[str]:
        """Give the classes that a member takes from one of the cells."""
        return classes_of(self.cells)

    def cell_names(self) -> list[str]:
        """Give the cells' names."""
        return names_of(self.cells)

    def rooms(self) -> list[CellCapacity]:
        """Give what is left of each cell."""
        return cell_capacities(self.cells, self.used)

    @property
    def overfull(self) -> bool:
        """Whether more is used than there is, of any class of its own: allowed, but nothing new lands.

        A cell that is over capacity stands for itself: nothing new lands in that cell.
        """
        inside = self.cell_classes()
        return any(
            amount and amount > (self.inventory[name].capacity if name in self.inventory else 0)
            for name, amount in self.used.items()
            if name not in inside
        )

    @property
    def free_points(self) -> int:
        """``round(1000 * mean free share)`` over the classes that the host has any of.

        The ``pack`` objective's price of a member here; cells are taken together. A share is
        not below 0; a host with no resources has 0.
        """
        used, shares = self.in_use(), []
        for name, capacity in self.capacity().items():
            if capacity:
                shares.append((max(0, capacity - used.get(name, 0)), capacity))
        if not shares:
            return 0
        points = 1000 * sum(free / capacity for free, capacity in shares) / len(shares)
        if abs(points % 1 - 0.5) > 1e-6:
            return round(points)
        # So near a half floating point may err: in fractions, which are slower; halves go to even.
        return round(
            1000 * sum(Fraction(free, capacity) for free, capacity in shares) / len(shares)
        )


class Link(Value):
    """A cable, or a bundle of them; an end is a domain, a host, or else a switch."""

    between: tuple[Name, Name]
    bandwidth_mbps: Amount | None = None
    used_mbps: Amount = 0
    latency_us: Amount | None = None


class Fleet(Value):
    """The hosts, and the levels of failure domains above them.

    Parameters
    ----------
    levels : tuple of str
        Names of the levels, e.g. ``("zone", "rack")``. Partitions may overlap. ``host``
        is the implicit finest level and is not named.
    hosts : tuple of Host
    links : tuple of Link
        The network as a graph.
    """

    version: Literal[1] = 1
    levels: tuple[Name, ...] = ()
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    links: tuple[Link, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        # One fault at a time here would make a user mend a file line by line: give them all.
        if faults := list(self._faults()):
            raise PydanticCustomError(
                "faults", "{count} faults", {"count": len(faults), "faults": faults}
            )
        return self

    def _faults(self) -> Iterator[Fault]:
        seen: set[str] = set()
        for i, level in enumerate(self.levels):
            if level == HOST:
                yield Fault(
                    "reserved-name",
                    f"levels[{i}]",
                    "'host' is the implicit level and is not listed",
                )
            elif level in seen:
                yield Fault("duplicate-name", f"levels[{i}]", f"level {level!r} is listed twice")
            seen.add(level)
        names: set[str] = set()
        at_level: dict[str, str] = {}
        ambiguous: dict[str, tuple[str, str]] = {}
        for i, host in enumerate(self.hosts):
            if host.name in names:
                yield Fault(
                    "duplicate-name", f"hosts[{i}].name", f"host {host.name!r} is named twice"
                )
            names.add(host.name)
            for level, domain in host.domains.items():
                if level not in seen:
                    hint = nearest(level, self.levels)
                    listed = ", ".join(self.levels) or "none"
                    yield Fault(
                        "unknown-level",
                        f"hosts[{i}].domains.{level}",
                        f"unknown level {level!r}{hint}; the fleet's levels: {listed}",
                    )
                elif at_level.setdefault(domain, level) != level:
                    ambiguous[domain] = (at_level[domain], level)
        for i, link in enumerate(self.links):
            for j, end in enumerate(link.between):
                levels = ambiguous.get(end) or (
                    (HOST, at_level[end]) if end in names and end in at_level else None
                )
                if levels:
                    yield Fault(
                        "ambiguous-name",
                        f"links[{i}].between[{j}]",
                        f"{end!r} is known at two levels, {levels[0]} and {levels[1]}",
                    )
