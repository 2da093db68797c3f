"""NUMA cells for the laws: some hosts of a drawn fleet get cells instead of what they had.

What is drawn here follows from the fleet alone: the same case without cells stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.support.oracle.pools import pool_of

Doc = dict[str, Any]
ONE_FLEET_IN = 5  # one fleet in so many has hosts with cells


def some_cells(fleet: Doc, often: int = ONE_FLEET_IN) -> Doc:
    """One fleet in `often` with cells in some hosts; hosts of one sort get the same ones, often."""
    rnd = Random(json.dumps(fleet, sort_keys=True))
    if rnd.randint(1, often) > 1 or any("cells" in host for host in fleet["hosts"]):
        return fleet
    sorts: dict[str, Doc] = {}
    hosts = []
    for host in fleet["hosts"]:
        sort, found = json.dumps([host.get("inventory"), host.get("used")]), {}
        if rnd.randint(1, 4) > 1 and pool_of(fleet, host, "VCPU") is None:
            if sort not in sorts or rnd.randint(1, 3) == 1:
                sorts[sort] = _split(rnd, host)
            found = sorts[sort]
        hosts.append(host | found)
    return fleet | {"hosts": hosts}


def cell_of(rnd: Random, host: Any) -> str | None:
    """A cell of a host for an instance, one that it has not, or none."""
    return rnd.choice((None, "gone", *host.cell_names())) if host.cells else None


def used_of(host: Doc, cell: str | None, resource: str) -> Doc:
    """The ``used`` where an instance counts: its cell's, if that has the class, or the host's."""
    for i, inside in enumerate(host.get("cells", [])):
        if cell == inside.get("name", str(i)) and resource in inside["inventory"]:
            found: Doc = inside.setdefault("used", {})
            return found
    own: Doc = host["used"]
    return own


def _split(rnd: Random, host: Doc) -> Doc:
    """Inventory, use and cells: VCPU in the cells, MEMORY_MB mostly too."""
    inventory, used = dict(host.get("inventory", {})), dict(host.get("used", {}))
    inside = [
        name
        for name in ("VCPU", "MEMORY_MB")
        if name in inventory and (name == "VCPU" or rnd.randint(1, 3) > 1)
    ]
    number = rnd.randint(1, 3)
    cells: list[Doc] = [{"inventory": {}, "used": {}} for _ in range(number)]
    for name in inside:
        whole = inventory.pop(name)
        total = whole["total"] if isinstance(whole, dict) else whole
        # What is in use is dealt out, or left to the host: its cell is not known then.
        taken = used.get(name, 0) if rnd.randint(1, 4) == 1 else used.pop(name, 0)
        known = 0 if name in used else taken
        for i, cell in enumerate(cells):
            if number > 1 and rnd.randint(1, 6) == 1:
                continue  # not every cell has all that others have
            most = rnd.randint(1, max(1, total))
            cell["inventory"][name] = most
            if isinstance(whole, dict):
                cell["inventory"][name] = {
                    "total": most,
                    "reserved": min(1, most),
                    "allocation_ratio": 1.5,
                }
            if rnd.randint(1, 5) == 1:
                cell["inventory"][name] = {"total": most, "max_unit": rnd.randint(1, 2)}
            if rnd.randint(1, 6) == 1:
                declared = cell["inventory"][name]
                limited = dict(declared) if isinstance(declared, dict) else {"total": most}
                limit = rnd.choice(("min_unit", "step_size"))
                cell["inventory"][name] = limited | {limit: rnd.randint(1, 3)}
            part = rnd.randint(0, known) if i < number - 1 else known
            if part and rnd.randint(1, 4) > 1:
                cell["used"][name] = part
            known -= part
    if not any(cell["inventory"] for cell in cells):
        cells[0]["inventory"] = {"VCPU": 2}
    if rnd.randint(1, 2) == 1:
        for i, cell in enumerate(cells):
            cell["name"] = f"node{i}"
    # A class may not be the host's and a cell's.
    kept = {name for cell in cells for name in (*cell["inventory"], *cell["used"])}
    return {
        "inventory": {name: whole for name, whole in inventory.items() if name not in kept},
        "used": used,
        "cells": cells,
    }
