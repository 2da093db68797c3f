"""Prices of opening hosts for the laws: some applications have one, some hosts their own.

What is drawn here follows from the documents alone: the same case without prices stays what it was.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

Doc = dict[str, Any]
ONE_CASE_IN = 3  # one case in so many has a price
PRICES = (0, 1, 3, 700, 2500)  # below and above what members cost under each objective


def some_host_price(case: tuple[Doc, Doc]) -> tuple[Doc, Doc]:
    """Return one case in a few with a price of opening hosts, and own prices of some hosts."""
    app, fleet = case
    rnd = Random("host price" + json.dumps(case, sort_keys=True))
    if rnd.randint(1, ONE_CASE_IN) > 1:
        return case
    hosts = []
    for host in fleet["hosts"]:
        own: Doc = {"opening_cost": rnd.choice(PRICES)} if rnd.randint(1, 4) == 1 else {}
        # One host in two without running members is one that new members open.
        empty: Doc = {"used": {}} if rnd.randint(1, 2) == 1 and _may_be_empty(host, app) else {}
        hosts.append(host | own | empty)
    return app | {"host_price": rnd.choice(PRICES[1:])}, fleet | {"hosts": hosts}


def without_host_price(case: tuple[Doc, Doc]) -> tuple[Doc, Doc]:
    """Return a case without a price of opening hosts."""
    app, fleet = case
    return {key: value for key, value in app.items() if key != "host_price"}, fleet


def _may_be_empty(host: Doc, app: Doc) -> bool:
    """Whether nothing that runs needs what is in use on a host."""
    running = {there["host"] for there in app.get("existing", ())}
    return host["name"] not in running and not host.get("cells")
