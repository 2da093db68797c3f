"""Reserved hosts for the laws: some hosts of a drawn fleet are kept for members with traits.

What is drawn here follows from the fleet alone: the same case without them stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Doc = dict[str, Any]
ONE_FLEET_IN = 6  # one fleet in so many has reserved hosts


def some_reserved(fleet: Doc, often: int = ONE_FLEET_IN) -> Doc:
    """One fleet in `often` with hosts reserved for some of their traits, or for one they lack."""
    rnd = Random("reserved" + json.dumps(fleet, sort_keys=True))
    if rnd.randint(1, often) > 1:
        return fleet
    return fleet | {"hosts": [_reserved(host, rnd) for host in fleet["hosts"]]}


def _reserved(host: Doc, rnd: Random) -> Doc:
    traits = list(host.get("traits", []))
    if rnd.randint(1, 3) > 1 or not traits:
        return host
    if rnd.randint(1, 8) == 1:
        traits = ["WINDOWS"]
    return host | {"reserved_for": rnd.sample(traits, rnd.randint(1, len(traits)))}
