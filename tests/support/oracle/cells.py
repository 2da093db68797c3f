"""NUMA cells in plain documents: every way to put members into the cells of a host is tried."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

Doc = dict[str, Any]


def amount(declared: Any) -> int:
    """The capacity of one inventory."""
    inventory: Doc = declared if isinstance(declared, dict) else {"total": declared}
    usable: int = inventory["total"] - inventory.get("reserved", 0)
    return math.floor(usable * Fraction(str(inventory.get("allocation_ratio", 1))))


def may_take(declared: Any, n: int) -> bool:
    """Whether one member may take so much: within min_unit and max_unit, a multiple of a step."""
    if not n or not isinstance(declared, dict):
        return True
    largest = declared.get("max_unit")
    if n < declared.get("min_unit", 1) or (largest is not None and n > largest):
        return False
    return bool(n % declared.get("step_size", 1) == 0)


def in_cells(host: Doc) -> set[str]:
    """The resource classes that the cells of a host have."""
    return {name for cell in host.get("cells", []) for name in cell.get("inventory", {})}


def in_use(host: Doc) -> dict[str, int]:
    """All that runs on a host, in its cells too."""
    found = dict(host.get("used", {}))
    for cell in host.get("cells", []):
        for name, n in cell.get("used", {}).items():
            found[name] = found.get(name, 0) + n
    return found


def some_way(host: Doc, sizes: list[dict[str, int]]) -> bool:
    """Whether members of these sizes go into the host's cells, each into one."""
    inside = in_cells(host)
    needs = [{name: n for name, n in size.items() if n and name in inside} for size in sizes]
    needs = [need for need in needs if need]
    indices = range(len(host.get("cells", [])))
    return any(_all_fit(host, needs, way) for way in product(indices, repeat=len(needs)))


def _all_fit(host: Doc, needs: list[dict[str, int]], way: tuple[int, ...]) -> bool:
    """Whether each cell takes the members that a way puts into it."""
    for index in set(way):
        landed = [need for need, cell in zip(needs, way, strict=True) if cell == index]
        if not _fits(host, host["cells"][index], landed):
            return False
    return True


def _fits(host: Doc, cell: Doc, landed: list[dict[str, int]]) -> bool:
    inventory = cell.get("inventory", {})
    capacity = {name: amount(declared) for name, declared in inventory.items()}
    used = dict(cell.get("used", {}))
    for name in inventory:
        # What runs in an unknown cell may run in this one.
        used[name] = used.get(name, 0) + host.get("used", {}).get(name, 0)
    for need in landed:
        for name, n in need.items():  # of a class that is above its capacity already, none fits
            declared = inventory.get(name)
            used[name] = used.get(name, 0) + n
            if name not in capacity or used[name] > capacity[name]:
                return False
            if not may_take(declared, n):
                return False
    return True
