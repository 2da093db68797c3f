"""Applications that are to be packed into few hosts, or few racks, small enough for brute force."""

from __future__ import annotations

from random import Random
from typing import Any

Doc = dict[str, Any]
MOST_PLACEMENTS = 5000  # of all members on all hosts


def packings(rnd: Random) -> tuple[Doc, Doc]:
    """Members of a third to all of a host, and a price of hosts or of domains that are opened."""
    number = rnd.randint(3, 5)
    hosts = [_host(rnd, i) for i in range(number)]
    members = 1
    while number ** (members + 1) <= MOST_PLACEMENTS and members < 5:
        members += 1
    groups = _groups(rnd, members)
    app: Doc = {"groups": groups}
    if rnd.randint(0, 1):
        app["host_price"] = rnd.choice((1, 1, 3, 800))
    if rnd.randint(0, 1):
        app["existing"] = [{"group": "A", "id": "old", "host": rnd.choice(hosts)["name"]}]
    return app, {"levels": ["rack"], "hosts": hosts}


def _host(rnd: Random, number: int) -> Doc:
    sizes = rnd.choice(((12, 12), (12, 12), (12, 8), (9, 12), (6, 6)))
    host: Doc = {
        "name": f"h{number}",
        "inventory": dict(zip(("VCPU", "MEMORY_MB"), sizes, strict=True)),
        "cost": rnd.choice((0, 0, 0, 1, 2)),
        "traits": ["FAST"] if rnd.randint(0, 1) else [],
    }
    if rnd.randint(1, 4) > 1:
        host["domains"] = {"rack": f"r{rnd.randint(0, 2)}"}
    if rnd.randint(1, 4) == 1:
        host["used"] = {"VCPU": rnd.randint(1, 6)}
    if rnd.randint(1, 4) == 1:
        host["opening_cost"] = rnd.choice((0, 1, 2, 500))
    return host


def _groups(rnd: Random, members: int) -> list[Doc]:
    groups: list[Doc] = []
    for name in "AB":
        own = members if name == "B" else rnd.randint(1, members)
        members -= own
        entries = [{"resources": _size(rnd)} for _ in range(own)]
        policies: list[Doc] = []
        if rnd.randint(0, 2):
            level = rnd.choice(("host", "host", "rack"))
            policies.append({"kind": "affinity", "level": level, "weight": rnd.randint(1, 3)})
        if rnd.randint(1, 4) == 1:
            policies.append({"kind": "host-capabilities", "required": ["FAST"]})
        if rnd.randint(1, 6) == 1:
            policies.append({"kind": "anti-affinity", "max_per_domain": 2})
        groups.append({"name": name, "policies": policies, "members": entries})
    if rnd.randint(0, 1):
        affinity = {"kind": "affinity", "level": rnd.choice(("host", "rack")), "weight": 2}
        groups.append({"name": "P", "groups": ["A", "B"], "policies": [affinity]})
    return groups


def _size(rnd: Random) -> Doc:
    """A third, a half or more of a host, in one class or in both."""
    size = {"VCPU": rnd.choice((3, 4, 5, 6, 7, 8))}
    if rnd.randint(0, 1):
        size["MEMORY_MB"] = rnd.choice((2, 3, 4, 6, 7))
    return size
