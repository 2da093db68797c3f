"""Fleets of hosts with NUMA cells: processors and memory in cells, disks the host's own."""

from __future__ import annotations

import numpy as np

from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Inventory
from groupsolver.model.numa_cell import Cell

INSIDE = ("VCPU", "MEMORY_MB")


def in_cells(fleet: Fleet, number: int, seed: int) -> Fleet:
    """Cut every host into so many equal cells.

    What is in use is dealt out unevenly: a cell's share is up to a tenth above or below the host's.
    """
    rng = np.random.default_rng([seed, number, len(fleet.hosts)])
    lean = rng.uniform(-0.1, 0.1, size=(len(fleet.hosts), number))
    return fleet.model_copy(
        update={
            "hosts": tuple(
                _cut(host, each.tolist()) for host, each in zip(fleet.hosts, lean, strict=True)
            )
        }
    )


def _cut(host: Host, lean: list[float]) -> Host:
    number = len(lean)
    parts = {
        name: Inventory(
            total=host.inventory[name].total // number,
            reserved=host.inventory[name].reserved // number,
            allocation_ratio=host.inventory[name].allocation_ratio,
        )
        for name in INSIDE
    }
    cells, left = [], {name: host.used.get(name, 0) for name in INSIDE}
    for i, by in enumerate(lean):
        used = {}
        for name, part in parts.items():
            mean = left[name] / (number - i)
            used[name] = left[name] if i == number - 1 else min(left[name], int(mean * (1 + by)))
            used[name] = min(used[name], part.capacity)
            left[name] -= used[name]
        cells.append(Cell(inventory=parts, used=used))
    return host.model_copy(
        update={
            "inventory": {
                name: inventory for name, inventory in host.inventory.items() if name not in INSIDE
            },
            "used": {name: amount for name, amount in host.used.items() if name not in INSIDE},
            "cells": tuple(cells),
        }
    )
