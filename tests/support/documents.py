"""Documents that tests read, change and break."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groupsolver.files import dump_yaml

FLEET: dict[str, Any] = {
    "version": 1,
    "levels": ["zone", "rack"],
    "hosts": [
        {
            "name": "h1",
            "domains": {"zone": "z1", "rack": "r1"},
            "inventory": {
                "VCPU": {"total": 64, "reserved": 2, "allocation_ratio": 4.0},
                "MEMORY_MB": 262144,
            },
            "used": {"VCPU": 12, "MEMORY_MB": 65536},
            "traits": ["STORAGE_DISK_SSD"],
            "enabled": True,
            "cost": 3,
            "metadata": {"owner": ["a", 1, None, 1.5]},
        },
        {
            "name": "h2",
            "domains": {"zone": "z1"},
            "inventory": {"VCPU": {"total": 8, "max_unit": 4}},
        },
        {"name": "h3", "x-note": "spare", "inventory": {"VCPU": 4}, "enabled": False},
    ],
    "links": [
        {"between": ["r1", "spine"], "bandwidth_mbps": 40000, "used_mbps": 1200, "latency_us": 5}
    ],
}
APP: dict[str, Any] = {
    "name": "shop",
    "flavors": {
        "m1.small": {"resources": {"VCPU": 1, "MEMORY_MB": 2048}},
        "tiny": {"resources": {"VCPU": 1}},
    },
    "groups": [
        {"name": "LB", "policies": ["anti-affinity"], "members": [{"flavor": "tiny", "count": 2}]},
        {
            "name": "DB",
            "policies": [
                {"kind": "anti-affinity", "level": "rack", "max_per_domain": 1},
                {
                    "kind": "host-capabilities",
                    "required": ["STORAGE_DISK_SSD"],
                    "minimum": {"VCPU": 2},
                },
                {"kind": "apart-from", "group": "LB", "weight": 2},
            ],
            "members": [{"resources": {"VCPU": 2, "MEMORY_MB": 1024}, "id": "primary"}],
        },
        {
            "name": "tier",
            "groups": ["LB", "DB"],
            "policies": [
                {"kind": "within", "domains": {"zone": ["z1"]}},
                {"kind": "outside", "hosts": ["h3"]},
                {"kind": "spread", "level": "zone", "min_domains": 1, "weight": 1},
            ],
        },
    ],
    "existing": [{"group": "LB", "id": "LB/7", "host": "h1", "flavor": "tiny"}],
    "x-team": {"mail": "a@b"},
}
BATCH: dict[str, Any] = {
    "version": 1,
    "flavors": {"tiny": {"resources": {"VCPU": 1}}},
    "applications": [
        {
            "name": "web",
            "value": 5,
            "groups": [
                {
                    "name": "LB",
                    "policies": [{"kind": "near", "group": "db:DB"}, "anti-affinity"],
                    "members": [{"flavor": "tiny", "count": 2}],
                }
            ],
        },
        {
            "name": "db",
            "flavors": {"large": {"resources": {"VCPU": 2}}},
            "groups": [{"name": "DB", "members": [{"flavor": "large"}, {"flavor": "tiny"}]}],
            "existing": [{"group": "DB", "id": "DB/7", "host": "h1", "flavor": "tiny"}],
            "host_price": 3,
            "metadata": {"owner": None},
        },
    ],
    "x-team": {"mail": "a@b"},
}
RESULT: dict[str, Any] = {
    "version": 1,
    "status": "optimal",
    "placement": {"LB/0": "h2", "LB/1": "h1", "primary": "h1"},
    "objective": 1234,
    "bound": 1234,
    "gap": 0.0,
    "seconds": 0.21,
    "penalties": [{"group": "tier", "policy": "spread", "cost": 1, "detail": "one zone short"}],
    "warnings": ["none"],
    "witness": None,
    "conflict": None,
    "cells": {},
    "method": "exact",
    "left_out": ["LB/2"],
}


def copy(document: Any) -> Any:
    return json.loads(json.dumps(document))


def put(document: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a copy with `value` at a place."""
    changed = copy(document)
    node = changed
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return changed


def write(folder: Path, name: str, document: Any) -> str:
    """Write a document in the format of its ending; return the file's name."""
    path = folder / name
    path.write_text(
        dump_yaml(document) if path.suffix in {".yaml", ".yml"} else json.dumps(document)
    )
    return str(path)
