"""Seeded fleets: racks of 40 in zones, a few types of host, loaded unevenly."""

from __future__ import annotations

import numpy as np

from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Inventory

SSD = "STORAGE_DISK_SSD"
RACK = 40
RESOURCES = ("VCPU", "MEMORY_MB", "DISK_GB")
_GRAIN = (1, 512, 10)  # amounts in use come in these steps, as flavors do
_GB = 1024

# (share of racks, preference cost, inventory): a rack holds one type, as bought.
_TYPES = (
    (0.50, 20, (64, 256 * _GB, 2_000)),
    (0.35, 32, (96, 512 * _GB, 4_000)),
    (0.15, 55, (128, 1024 * _GB, 8_000)),
)


def _inventory(amounts: tuple[int, int, int]) -> dict[str, Inventory]:
    vcpu, memory, disk = amounts
    return {
        "VCPU": Inventory(total=vcpu, reserved=2, allocation_ratio=4.0),
        "MEMORY_MB": Inventory(total=memory, reserved=8 * _GB),
        "DISK_GB": Inventory(total=disk, reserved=50, allocation_ratio=1.2),
    }


def fleet(
    hosts: int,
    seed: int,
    *,
    zones: int = 3,
    rack: int = RACK,
    load: tuple[float, float] = (0.6, 1.0),
    ssd: float = 0.2,
    disabled: float = 0.01,
    feeds: bool = False,
) -> Fleet:
    """Draw a fleet.

    Parameters
    ----------
    hosts : int
    seed : int
        The same arguments give the same fleet.
    zones : int, default 3
        Racks are dealt to them in turn.
    rack : int, default 40
        Hosts of a rack.
    load : (float, float), default (0.6, 1.0)
        Bounds of the share in use: a level for each host, from which its resources differ a little.
    ssd : float, default 0.2
        Share of hosts with the trait ``STORAGE_DISK_SSD``.
    disabled : float, default 0.01
        Share of hosts that are disabled.
    feeds : bool, default False
        Adds the level ``power_feed``: a feed serves every other host of five racks, so that
        feeds cross racks.
    """
    rng = np.random.default_rng([seed, hosts])
    racks = -(-hosts // rack)
    kinds = rng.choice(len(_TYPES), size=racks, p=[share for share, _, _ in _TYPES])
    extra = rng.integers(0, 10, size=racks)  # a rack's own: power and cooling
    stock = [_inventory(amounts) for _, _, amounts in _TYPES]
    kind = np.repeat(kinds, rack)[:hosts]
    low, high = load
    level = rng.uniform(low, high, size=(hosts, 1))
    share = np.clip(level + rng.normal(0, 0.04, size=(hosts, len(RESOURCES))), low, high)
    capacity = np.array([[kinds_[name].capacity for name in RESOURCES] for kinds_ in stock])[kind]
    used = (share * capacity / _GRAIN).astype(np.int64) * _GRAIN
    fast = rng.random(hosts) < ssd
    enabled = rng.random(hosts) >= disabled
    rows = zip(kind.tolist(), used.tolist(), fast.tolist(), enabled.tolist(), strict=True)
    made = []
    for i, (type_, amounts, has, on) in enumerate(rows):
        row = i // rack
        zone = row % zones
        domains = {"zone": f"z{zone + 1}", "rack": f"r{row:04d}"}
        if feeds:
            domains["power_feed"] = f"z{zone + 1}-p{row // zones // 5:03d}{'AB'[i % 2]}"
        made.append(
            Host(
                name=f"h{i:06d}",
                domains=domains,
                inventory=stock[type_],
                used=dict(zip(RESOURCES, amounts, strict=True)),
                traits=(SSD,) if has else (),
                enabled=on,
                cost=_TYPES[type_][1] + int(extra[row]),
            )
        )
    return Fleet(
        levels=("zone", "rack", "power_feed") if feeds else ("zone", "rack"), hosts=tuple(made)
    )
