"""Bandwidth for drawn cases: what links have and what is used of it, and links that are worth a policy."""

from __future__ import annotations

from random import Random
from typing import Any

Doc = dict[str, Any]


def some_bandwidth(case: tuple[Doc, Doc], rnd: Random) -> tuple[Doc, Doc]:
    """The same case; where a policy asks for it, most links have a bandwidth, and more places have links."""
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
        told = {"bandwidth_mbps": rnd.randint(0, most)} if rnd.randint(0, 11) else {}
        used = {"used_mbps": rnd.randint(0, 3)} if rnd.randint(0, 4) == 0 else {}
        found.append({**link, **told, **used})
    return app, {**fleet, "links": found}
