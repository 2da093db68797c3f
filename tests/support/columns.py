"""Fleets as the columns that `CompiledFleet.from_columns` takes, and the arrays of both."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupsolver import CompiledFleet, Fleet
from groupsolver.model.inventory import Inventory

FIELDS = ("total", "reserved", "allocation_ratio", "max_unit", "min_unit", "step_size")
ROWS = ("enabled", "busy", "cost", "opening_cost")
TABLES = (
    "_capacity",
    "_free",
    "_unused",
    "_unit",
    "_least",
    "_step",
    "_traits",
    "_reserved",
    "_codes",
)


def columns_of(fleet: Fleet, rnd: Random) -> dict[str, Any]:
    """Return the arguments that describe a fleet; of several forms of a column, any."""
    hosts = fleet.hosts
    classes = sorted({name for host in hosts for name in host.inventory})
    in_use = sorted({name for host in hosts for name in host.used})
    traits = sorted({trait for host in hosts for trait in host.traits})
    reserved = sorted({trait for host in hosts for trait in host.reserved_for})
    names = [host.name for host in hosts]
    inventory = {}
    for name in classes:
        declared = [host.inventory.get(name) for host in hosts]
        inventory[name] = _fields(declared, rnd)
    by_trait = {trait: [trait in host.traits for host in hosts] for trait in traits}
    texts = [", ".join(host.traits) for host in hosts]
    lists = [list(host.traits) for host in hosts]
    return {
        "names": rnd.choice([names, np.array(names)]),
        "levels": {
            level: _texts([host.domains.get(level) for host in hosts], rnd)
            for level in fleet.levels
        },
        "inventory": inventory,
        "used": {name: _amounts([host.used.get(name) for host in hosts], rnd) for name in in_use},
        "traits": rnd.choice([by_trait, texts, lists]),
        "reserved_for": {
            trait: np.array([trait in host.reserved_for for host in hosts]) for trait in reserved
        },
        "enabled": np.array([host.enabled for host in hosts]),
        "cost": [host.cost for host in hosts],
        "opening_cost": _amounts([host.opening_cost for host in hosts], rnd),
        "links": fleet.links,
        "pools": fleet.pools,
    }


def from_columns(fleet: Fleet, rnd: Random) -> CompiledFleet:
    """Compile the columns of a fleet; hosts with cells are put there as values."""
    compiled = CompiledFleet.from_columns(**columns_of(fleet, rnd))
    for host in fleet.hosts:
        if host.cells:
            compiled.update(host)
    return compiled


def arrays_of(compiled: CompiledFleet) -> dict[str, list[Any]]:
    """Return every array of a compiled fleet; what is all zero is left out."""
    found = {name: getattr(compiled, name).tolist() for name in ROWS}
    for table in TABLES:
        for name, column in getattr(compiled, table).items():
            if column.any():
                found[f"{table} {name}"] = column.tolist()
    for name, column in compiled.pools.of.items():
        if (column >= 0).any():
            found[f"pool {name}"] = column.tolist()
    for name, column in compiled.cells.inside.items():
        if column.any():
            found[f"inside {name}"] = column.tolist()
            found[f"cells {name}"] = compiled.cells.free[name].tolist()
    return found


def _fields(declared: list[Inventory | None], rnd: Random) -> Any:
    totals = _amounts([one.total if one else None for one in declared], rnd)
    plain = [one is None or one == Inventory(total=one.total) for one in declared]
    if all(plain) and rnd.randint(0, 1):
        return totals
    fields = {"total": totals}
    for key in FIELDS[1:]:
        values = [getattr(one, key) if one else None for one in declared]
        fields[key] = values if key == "allocation_ratio" else _amounts(values, rnd)
    return fields


def _amounts(values: list[int | None], rnd: Random) -> Any:
    missing = [value is None for value in values]
    filled = np.array([value or 0 for value in values], dtype=rnd.choice([np.int64, np.int32]))
    forms: list[Any] = [values, np.ma.array(filled, mask=missing)]
    if not any(missing):
        forms.append(filled)
    return rnd.choice(forms)


def _texts(values: list[str | None], rnd: Random) -> Any:
    empty = np.array([value or "" for value in values])
    names = sorted({value for value in values if value is not None})
    rnd.shuffle(names)
    numbers = [-1 if value is None else names.index(value) for value in values]
    coded: tuple[NDArray[Any], list[str]] = (np.array(numbers), [*names, "unused"])
    return rnd.choice([values, empty, coded])
