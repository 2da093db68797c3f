"""Draw the fleet of the examples, and write it to fleet.yaml: 3 zones, 12 racks, 200 loaded hosts.

The same seed draws the same file; a test compares the file with this script.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

SEED = 2014  # the year of the Nova Instance Grouping API proposal
ZONES = 3
RACKS = 12
HOSTS = 200


def draw_host(number: int, rng: random.Random) -> dict[str, Any]:
    rack = number % RACKS
    inventory = {
        # Capacity floor((64 - 2) * 4) = 248.
        "VCPU": {"total": 64, "reserved": 2, "allocation_ratio": 4.0},
        "MEMORY_MB": {"total": 262144, "reserved": 8192},  # capacity 253952
        "DISK_GB": 2000,
    }
    load = rng.uniform(0.6, 1.0)
    shares = [min(1.0, load + rng.uniform(-0.05, 0.05)) for _ in range(3)]
    traits = ["STORAGE_DISK_SSD"] if rng.random() < 0.4 else ["STORAGE_DISK_HDD"]
    if rng.random() < 0.25:
        traits.append("HW_CPU_X86_AVX512F")
    host: dict[str, Any] = {
        "name": f"h{number:03}",
        "domains": {"zone": f"z{rack % ZONES + 1}", "rack": f"r{rack + 1:02}"},
        "inventory": inventory,
        "used": {
            "VCPU": int(shares[0] * 248),
            "MEMORY_MB": int(shares[1] * 253952 / 1024) * 1024,
            "DISK_GB": int(shares[2] * 200) * 10,
        },
        "traits": traits,
        "cost": rng.choice([1, 1, 2, 3]),
    }
    if rng.random() < 0.03:
        host["enabled"] = False
    return host


def draw_fleet() -> dict[str, Any]:
    rng = random.Random(SEED)
    return {
        "version": 1,
        "levels": ["zone", "rack"],
        "hosts": [draw_host(number, rng) for number in range(HOSTS)],
    }


def as_yaml(fleet: dict[str, Any]) -> str:
    """Return the fleet as YAML, one host a line."""
    lines = [
        "# Drawn by make_fleet.py: 3 zones, 12 racks, 200 hosts, 60 to 100 % loaded.",
        "version: 1",
    ]
    lines += [f"levels: [{', '.join(fleet['levels'])}]", "hosts:"]
    for host in fleet["hosts"]:
        flow = yaml.safe_dump(host, default_flow_style=True, sort_keys=False, width=10_000)
        lines.append("  - " + flow.strip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("fleet.yaml").write_text(as_yaml(draw_fleet()), encoding="utf-8")
