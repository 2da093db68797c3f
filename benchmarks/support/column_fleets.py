"""Seeded fleets as columns: the hosts of `benchmarks.support.fleets`, never made values."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.support.fleets import RACK, RESOURCES, SSD

ZONES = 3
_GB = 1024
_GRAIN = (1, 512, 10)
# Share of racks, cost, and the total of each resource.
_TYPES = (
    (0.50, 20, (64, 256 * _GB, 2_000)),
    (0.35, 32, (96, 512 * _GB, 4_000)),
    (0.15, 55, (128, 1024 * _GB, 8_000)),
)
_RESERVED = (2, 8 * _GB, 50)
_RATIOS = (4.0, 1.0, 1.2)


def columns(
    hosts: int, seed: int, load: tuple[float, float] = (0.6, 1.0), ssd: float = 0.2
) -> dict[str, Any]:
    """Draw the arguments of `CompiledFleet.from_columns`.

    Parameters
    ----------
    hosts : int
    seed : int
        The same arguments give the same columns.
    load : (float, float), default (0.6, 1.0)
        Bounds of the share in use.
    ssd : float, default 0.2
        Share of hosts with the trait ``STORAGE_DISK_SSD``.
    """
    rng = np.random.default_rng([seed, hosts])
    racks = -(-hosts // RACK)
    kinds = rng.choice(len(_TYPES), size=racks, p=[share for share, _, _ in _TYPES])
    extra = rng.integers(0, 10, size=racks)
    rack = np.arange(hosts) // RACK
    kind = kinds[rack]
    totals = np.array([amounts for _, _, amounts in _TYPES])[kind]
    capacity = ((totals - _RESERVED) * _RATIOS).astype(np.int64)
    low, high = load
    level = rng.uniform(low, high, size=(hosts, 1))
    share = np.clip(level + rng.normal(0, 0.04, size=(hosts, len(RESOURCES))), low, high)
    used = (share * capacity / _GRAIN).astype(np.int64) * _GRAIN
    inventory = {
        name: {
            "total": np.ascontiguousarray(totals[:, i]),
            "reserved": _RESERVED[i],
            "allocation_ratio": _RATIOS[i],
        }
        for i, name in enumerate(RESOURCES)
    }
    return {
        "names": np.char.mod("h%07d", np.arange(hosts)),
        "levels": {
            "zone": (rack % ZONES, [f"z{i + 1}" for i in range(ZONES)]),
            "rack": (rack, [f"r{i:05d}" for i in range(racks)]),
        },
        "inventory": inventory,
        "used": {name: np.ascontiguousarray(used[:, i]) for i, name in enumerate(RESOURCES)},
        "traits": {SSD: rng.random(hosts) < ssd},
        "enabled": rng.random(hosts) >= 0.01,
        "cost": np.array([cost for _, cost, _ in _TYPES])[kind] + extra[rack],
    }
