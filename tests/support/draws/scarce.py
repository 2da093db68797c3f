"""Scarce classes for the laws: some hosts of a drawn fleet have GPUs, some of these in their cells.

What is drawn here follows from the fleet alone: the same case without them stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Doc = dict[str, Any]
ONE_FLEET_IN = 3  # one fleet in so many has hosts with something scarce
SCARCE = ("CUSTOM_GPU", "CUSTOM_FPGA")


def some_scarce(fleet: Doc) -> Doc:
    """One fleet in a few, with scarce classes in some hosts, free or in use in part."""
    rnd = Random("scarce" + json.dumps(fleet, sort_keys=True))
    if rnd.randint(1, ONE_FLEET_IN) > 1:
        return fleet
    names = SCARCE[: rnd.randint(1, 2)]
    hosts = []
    for host in fleet["hosts"]:
        inventory, used = dict(host.get("inventory", {})), dict(host.get("used", {}))
        cells = [dict(cell) for cell in host.get("cells", [])]
        for name in names:
            if rnd.randint(1, 2) == 1:
                total = rnd.randint(1, 4)
                where = rnd.choice(cells) if cells and rnd.randint(1, 3) > 1 else None
                if where is None:
                    if any(name in cell["inventory"] for cell in cells):
                        continue
                    inventory[name] = total
                    used[name] = rnd.randint(0, total)
                else:
                    where["inventory"] = where["inventory"] | {name: total}
                    where["used"] = where.get("used", {}) | {name: rnd.randint(0, total)}
        more = {"cells": cells} if cells else {}
        hosts.append(host | {"inventory": inventory, "used": used} | more)
    return fleet | {"hosts": hosts}


def has_scarce(fleet: Doc) -> bool:
    """Whether some host has something scarce."""
    return any(
        name in part.get("inventory", {})
        for host in fleet["hosts"]
        for part in (host, *host.get("cells", []))
        for name in SCARCE
    )
