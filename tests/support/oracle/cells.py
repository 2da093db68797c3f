"""Hosts with NUMA cells, read from their documents: every way into the cells is tried."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

Doc = dict[str, Any]


def amount(told: Any) -> int:
    """The capacity of one inventory."""
    inv: Doc = told if isinstance(told, dict) else {"total": told}
    total: int = inv["total"] - inv.get("reserved", 0)
    return math.floor(total * Fraction(str(inv.get("allocation_ratio", 1))))


def in_cells(host: Doc) -> set[str]:
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
    cells = host.get("cells", [])
    return any(
        all(_fits(host, at, needs, way) for at in set(way))
        for way in product(range(len(cells)), repeat=len(needs))
    )


def _fits(host: Doc, at: int, needs: list[dict[str, int]], way: tuple[int, ...]) -> bool:
    cell = host["cells"][at]
    inventory = cell.get("inventory", {})
    taken = dict(cell.get("used", {}))
    for name in inventory:  # what runs nobody knows where may run in this one
        taken[name] = taken.get(name, 0) + host.get("used", {}).get(name, 0)
    if any(n > (amount(inventory[name]) if name in inventory else 0) for name, n in taken.items()):
        return False  # over capacity already: nothing new lands
    for need in [need for need, there in zip(needs, way, strict=True) if there == at]:
        for name, n in need.items():
            unit = (
                inventory[name].get("max_unit") if isinstance(inventory.get(name), dict) else None
            )
            taken[name] = taken.get(name, 0) + n
            if (
                name not in inventory
                or taken[name] > amount(inventory[name])
                or (unit is not None and n > unit)
            ):
                return False
    return True
