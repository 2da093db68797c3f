"""NUMA cells: parts of a host, one of which holds all of a member that the cells have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from groupsolver.model.inventory import Inventory, InventoryLike, Resources
from groupsolver.model.value import INT64_MAX, Name, ResourceClass, Value

MAX_CELLS = 64  # more than any machine has; a slip, or malice, would fill memory


class Cell(Value):
    """A part of a host with room of its own, as a NUMA node is.

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


@dataclass(frozen=True)
class CellCapacity:
    """What is left of a cell.

    Attributes
    ----------
    name : str
    free : dict of str to int
        By class of its inventory; 0 of everything where the cell is over capacity.
    unit : dict of str to int
        The most that one member may take.
    """

    name: str
    free: dict[str, int]
    unit: dict[str, int]

    def takes(self, size: Mapping[str, int]) -> bool:
        """Whether a member that needs so much, above 0, of classes that cells have fits."""
        return all(
            amount <= min(self.free.get(name, 0), self.unit.get(name, 0))
            for name, amount in size.items()
        )


def names_of(cells: Sequence[Cell]) -> list[str]:
    """Give each cell's name, or its place where it has none."""
    return [str(i) if cell.name is None else cell.name for i, cell in enumerate(cells)]


def classes_of(cells: Sequence[Cell]) -> frozenset[str]:
    """Give the classes that some cell has: members take them from a cell."""
    return frozenset(name for cell in cells for name in cell.inventory) if cells else frozenset()


def cell_capacities(cells: Sequence[Cell], unplaced: Resources) -> list[CellCapacity]:
    """Give what is left of each cell; `unplaced` runs in cells, nobody knows which: it counts against each."""
    rooms = []
    for name, cell in zip(names_of(cells), cells, strict=True):
        free, unit, over = {}, {}, False
        for resource, inventory in cell.inventory.items():
            most = inventory.capacity
            left = most - cell.used.get(resource, 0) - unplaced.get(resource, 0)
            over = over or left < 0
            free[resource], unit[resource] = left, inventory.max_unit or most
        # What it has none of, and uses: it is over capacity of that, too.
        if over or any(amount and resource not in free for resource, amount in cell.used.items()):
            free = dict.fromkeys(free, 0)
        rooms.append(CellCapacity(name, free, unit))
    return rooms


def sound(cells: tuple[Cell, ...], inventory: Mapping[str, Inventory]) -> None:
    """Refuse names given twice, classes that host and cells both have, and sums that leave 64 bits."""
    names = names_of(cells)
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise PydanticCustomError(
            "duplicate-name", "cell {name} is named twice", {"name": repr(twice[0])}
        )
    if both := sorted(
        inventory.keys() & {name for cell in cells for name in (*cell.inventory, *cell.used)}
    ):
        message = (
            "{name} stands in the host's inventory and in its cells; expected it in one of them"
        )
        raise PydanticCustomError("wrong-value", message, {"name": both[0]})
    for name in sorted(classes_of(cells)):
        if (
            sum(cell.inventory[name].capacity for cell in cells if name in cell.inventory)
            > INT64_MAX
        ):
            raise PydanticCustomError(
                "amount-overflow", "expected cells whose capacity, summed, fits 64 bits"
            )
