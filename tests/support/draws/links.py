"""Bandwidth for drawn cases: what links have, what is used of it, and links that matter."""

from __future__ import annotations

from random import Random
from typing import Any

Doc = dict[str, Any]


def some_bandwidth(case: tuple[Doc, Doc], rnd: Random) -> tuple[Doc, Doc]:
    """The same case, with bandwidths on most links and with more links if a policy needs them."""
    app, fleet = case
    if all(
        policy["kind"] != "bandwidth" for group in app["groups"] for policy in group["policies"]
    ):
        return case
    domains = sorted({name for host in fleet["hosts"] for name in host.get("domains", {}).values()})
    hosts = [host["name"] for host in fleet["hosts"]]
    ends = [name for name in domains if rnd.randint(0, 2)]
    if rnd.randint(0, 2):
        ends += [name for name in hosts if rnd.randint(0, 3)]
    links = [
        *fleet.get("links", []),
        *({"between": [end, rnd.choice(("core", "core", *domains))]} for end in ends),
    ]
    rnd.shuffle(links)
    most = rnd.choice((2, 3, 5))
    found = []
    for link in links:
        drawn = dict(link)
        if rnd.randint(0, 11):
            drawn["bandwidth_mbps"] = rnd.randint(0, most)
        if rnd.randint(0, 4) == 0:
            drawn["used_mbps"] = rnd.randint(0, 3)
        found.append(drawn)
    return app, {**fleet, "links": found}
