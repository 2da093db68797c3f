"""Pools for the laws: some hosts of a drawn fleet share a class instead of what they had of it.

What is drawn here follows from the fleet alone: the same case without pools stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Doc = dict[str, Any]
ONE_FLEET_IN = 5  # one fleet in so many has pools
NAMES = ("ceph", "nfs")
FEW_HOSTS = 5
CLASSES = ("MEMORY_MB", "MEMORY_MB", "VCPU")


def some_pools(fleet: Doc, often: int = ONE_FLEET_IN) -> Doc:
    """One fleet in `often` with a pool or two, named by hosts or by domains."""
    rnd = Random("pools" + json.dumps(fleet, sort_keys=True))
    if rnd.randint(1, often) > 1 or "pools" in fleet:
        return fleet
    hosts = {host["name"]: host for host in fleet["hosts"]}
    pools: list[Doc] = []
    shared: set[tuple[str, str]] = set()
    for name in NAMES[: rnd.randint(1, 2)]:
        resource = rnd.choice(CLASSES)
        places = _by_hosts(rnd, list(hosts)) if rnd.randint(1, 2) == 1 else _by_domain(rnd, fleet)
        named = [one for one, host in hosts.items() if _names(places, host)]
        if any((one, resource) in shared or _in_cells(hosts[one], resource) for one in named):
            continue
        for one in named:
            hosts[one] = _without(rnd, hosts[one], resource)
            shared.add((one, resource))
        pools.append(
            {
                "name": name,
                **_amounts(rnd, resource, len(named), many=len(hosts) > FEW_HOSTS),
                **places,
            }
        )
    return fleet | {"hosts": list(hosts.values()), "pools": pools} if pools else fleet


def _by_hosts(rnd: Random, names: list[str]) -> Doc:
    """Some hosts, and sometimes one that the fleet lacks."""
    most = len(names) if rnd.randint(1, 2) == 1 else min(3, len(names))
    found = rnd.sample(names, rnd.randint(1, most))
    return {"hosts": found + (["gone"] if rnd.randint(1, 10) == 1 else [])}


def _by_domain(rnd: Random, fleet: Doc) -> Doc:
    level = rnd.choice(fleet["levels"])
    return {"domains": {level: [f"{level[0]}{rnd.randint(0, 2)}" for _ in range(2)]}}


def _names(places: Doc, host: Doc) -> bool:
    if host["name"] in places.get("hosts", []):
        return True
    domains = host.get("domains", {})
    return any(domains.get(level) in names for level, names in places.get("domains", {}).items())


def _in_cells(host: Doc, resource: str) -> bool:
    return any(resource in cell["inventory"] for cell in host.get("cells", []))


def _without(rnd: Random, host: Doc, resource: str) -> Doc:
    """The host without a class; sometimes what it used of it stays, and means nothing."""
    inventory = {name: n for name, n in host.get("inventory", {}).items() if name != resource}
    used = dict(host.get("used", {}))
    if rnd.randint(1, 4) > 1:
        used.pop(resource, None)
    return host | {"inventory": inventory, "used": used}


def _amounts(rnd: Random, resource: str, hosts: int, *, many: bool) -> Doc:
    """What a pool has and what of it is in use: mostly too little for all."""
    # On many hosts members have other places: a pool decides only where it is small.
    total = rnd.randint(1, 6) if many else rnd.randint(3, 5 + 3 * min(4, hosts))
    declared: Any = total
    if rnd.randint(1, 4) == 1:
        limit = rnd.choice(("max_unit", "min_unit", "step_size"))
        declared = {"total": total + 1, "reserved": 1, limit: rnd.randint(1, 2)}
    elif rnd.randint(1, 6) == 1:
        declared = {"total": total, "allocation_ratio": 1.5}
    used = rnd.randint(0, total // 3) if rnd.randint(1, 12) > 1 else 3 * total
    return {"inventory": {resource: declared}, "used": {resource: used}}
