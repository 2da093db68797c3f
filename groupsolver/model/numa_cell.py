"""NUMA cells: parts of a host. A member takes what it needs of the cells' classes from one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from groupsolver.model.inventory import (
    Inventory,
    InventoryData,
    InventoryLike,
    Resources,
)
from groupsolver.model.value import INT64_MAX, Name, ResourceClass, Value

# More than any machine has: a typing slip, or malice, must not fill memory.
MAX_CELLS = 64


class Cell(Value):
    """A part of a host with capacity of its own, as a NUMA node is.

    Parameters
    ----------
    name : str, optional
        Unique within the host; by default its place in the list, from 0, as text.
    inventory : dict of str to Inventory
        Resource class to what the cell has; a bare integer means its total.
    used : dict of str to int
        What runs in the cell already.
    """

    name: Name | None = None
    inventory: dict[ResourceClass, InventoryLike] = {}
    used: Resources = {}

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            name: str | None = ...,
            inventory: Mapping[str, InventoryData] = ...,
            used: Mapping[str, int] = ...,
            metadata: Any = None,
        ) -> None: ...


@dataclass(frozen=True)
class CellCapacity:
    """What is left of a cell.

    Attributes
    ----------
    name : str
    free : dict of str to int
        By class of its inventory; 0 of a class that is over capacity.
    unit : dict of str to int
        The most that one member may take.
    least, step : dict of str to int
        The least that one member may take, and what that must be a multiple of; 1 where a class
        is not named.
    capacity : dict of str to int
        What there is in all.
    """

    name: str
    free: dict[str, int]
    unit: dict[str, int]
    least: dict[str, int] = field(default_factory=dict)
    step: dict[str, int] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)

    def takes(self, size: Mapping[str, int]) -> bool:
        """Whether a member fits that needs these amounts, above 0, of the cells' classes."""
        return all(
            amount <= self.free.get(name, 0) and self.admits(name, amount)
            for name, amount in size.items()
        )

    def admits(self, resource: str, amount: int) -> bool:
        """Return whether one member may take an amount, above 0, whatever is free."""
        within = self.least.get(resource, 1) <= amount <= self.unit.get(resource, 0)
        return within and amount % self.step.get(resource, 1) == 0


def cell_names(cells: Sequence[Cell]) -> list[str]:
    """Return each cell's name, or its place where it has none."""
    return [str(i) if cell.name is None else cell.name for i, cell in enumerate(cells)]


def cell_classes(cells: Sequence[Cell]) -> frozenset[str]:
    """Return the resource classes that some cell has: members take them from a cell."""
    if not cells:  # the common case
        return frozenset()
    return frozenset(name for cell in cells for name in cell.inventory)


def cell_capacities(cells: Sequence[Cell], unplaced: Resources) -> list[CellCapacity]:
    """Return what is left of each cell.

    Parameters
    ----------
    cells : sequence of Cell
    unplaced : dict of str to int
        What runs in unknown cells: it counts against each.
    """
    named = zip(cell_names(cells), cells, strict=True)
    return [_capacity_of(name, cell, unplaced) for name, cell in named]


def _capacity_of(name: str, cell: Cell, unplaced: Resources) -> CellCapacity:
    free: dict[str, int] = {}
    unit: dict[str, int] = {}
    least: dict[str, int] = {}
    step: dict[str, int] = {}
    for resource, inventory in cell.inventory.items():
        used = cell.used.get(resource, 0) + unplaced.get(resource, 0)
        free[resource] = max(0, inventory.capacity - used)
        unit[resource] = inventory.max_unit or inventory.capacity
        least[resource] = inventory.min_unit
        step[resource] = inventory.step_size
    capacity = {resource: inventory.capacity for resource, inventory in cell.inventory.items()}
    return CellCapacity(name, free, unit, least, step, capacity)


def validate_cells(cells: tuple[Cell, ...], inventory: Mapping[str, Inventory]) -> None:
    """Refuse repeated names, classes of both host and cells, and sums beyond 64 bits.

    Raises
    ------
    PydanticCustomError
        ``duplicate-name``, ``wrong-value`` or ``amount-overflow``.
    """
    names = cell_names(cells)
    repeated = [name for i, name in enumerate(names) if name in names[:i]]
    if repeated:
        raise PydanticCustomError(
            "duplicate-name", "cell {name} is named twice", {"name": repr(repeated[0])}
        )
    of_cells = {name for cell in cells for name in (*cell.inventory, *cell.used)}
    of_both = sorted(inventory.keys() & of_cells)
    if of_both:
        message = "{name} is in the host's inventory and in its cells; expected it in one of them"
        raise PydanticCustomError("wrong-value", message, {"name": of_both[0]})
    for name in sorted(cell_classes(cells)):
        capacities = [cell.inventory[name].capacity for cell in cells if name in cell.inventory]
        if sum(capacities) > INT64_MAX:
            raise PydanticCustomError(
                "amount-overflow", "expected cells whose capacity, summed, fits 64 bits"
            )
