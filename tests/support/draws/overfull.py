"""Hosts and cells above their capacity for the laws, in one class or in all.

What is drawn here follows from the fleet alone: the same case without stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Doc = dict[str, Any]
ONE_FLEET_IN = 8  # one fleet in so many has hosts above their capacity
BEYOND = 30  # above every capacity that is drawn


def some_overfull(fleet: Doc, often: int = ONE_FLEET_IN) -> Doc:
    """One fleet in `often` with some hosts, or cells, that use more than they have."""
    rnd = Random(json.dumps(fleet, sort_keys=True))
    if rnd.randint(1, often) > 1:
        return fleet
    hosts = [_over(host, rnd) if rnd.randint(1, 2) == 1 else host for host in fleet["hosts"]]
    return fleet | {"hosts": hosts}


def _over(host: Doc, rnd: Random) -> Doc:
    """The host with one class above its capacity, of its own or of a cell."""
    places: list[tuple[int | None, str]] = [(None, name) for name in host.get("inventory", {})]
    for index, cell in enumerate(host.get("cells", [])):
        places += [(index, name) for name in cell["inventory"]]
    if rnd.randint(1, 5) == 1:
        places = [(None, "DISK_GB")]  # which no drawn host has
    if not places:
        return host
    where, name = rnd.choice(places)
    if where is None:
        return host | {"used": host.get("used", {}) | {name: BEYOND}}
    cells = list(host["cells"])
    cells[where] = cells[where] | {"used": cells[where].get("used", {}) | {name: BEYOND}}
    return host | {"cells": cells}
