"""Links for drawn fleets: trees, rings, parallel links, links of hosts, ends that lead nowhere."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

Doc = dict[str, Any]


def some_links(fleet: Doc, rnd: Random | None = None) -> Doc:
    """The same fleet, with links in most cases; by default they follow from the fleet alone."""
    rnd = rnd or Random(json.dumps(fleet, sort_keys=True))
    if rnd.randint(0, 3) == 0:
        return fleet
    domains = sorted({name for host in fleet["hosts"] for name in host.get("domains", {}).values()})
    hosts = [host["name"] for host in fleet["hosts"]]
    links = _ring(rnd, hosts, domains) if rnd.randint(0, 1) else _tangle(rnd, hosts, domains)
    return fleet | {"links": [*fleet.get("links", []), *links]}


def _ring(rnd: Random, hosts: list[str], domains: list[str]) -> list[Doc]:
    """Hosts, domains or both in a row or a circle: what is near one end is not near the others."""
    ends = rnd.choice((hosts, hosts, domains, hosts + domains))
    ends = rnd.sample(ends, len(ends))
    links = [_link(rnd, one, other) for one, other in pairwise(ends)]
    return links + [_link(rnd, ends[-1], ends[0])] * rnd.randint(0, 1) if ends else []


def _tangle(rnd: Random, hosts: list[str], domains: list[str]) -> list[Doc]:
    ends = rnd.sample(domains, rnd.randint(0, min(len(domains), 5)))
    ends += ["s0", "s1", "s2"][: rnd.randint(1, 3)]
    if rnd.randint(0, 1):
        ends += rnd.sample(hosts, rnd.randint(1, min(3, len(hosts))))
    links: list[Doc] = []
    rnd.shuffle(ends)
    for index, end in enumerate(ends):
        # Most ends lead to an earlier one, some to themselves or nowhere.
        if rnd.randint(0, 7):
            earlier = ends[: index + 1] if rnd.randint(0, 9) == 0 else ends[:index] or ends
            links.append(_link(rnd, end, rnd.choice(earlier)))
    links += [_link(rnd, *(rnd.choice(ends) for _ in range(2))) for _ in range(rnd.randint(0, 3))]
    return links + [_link(rnd, *link["between"]) for link in links if rnd.randint(0, 5) == 0]


def _link(rnd: Random, one: str, other: str) -> Doc:
    link: Doc = {"between": [one, other]}
    if rnd.randint(0, 4):
        link["latency_us"] = rnd.choice((0, 1, 1, 1, 2, 5))
    return link


def by_distance(policy: Doc, rnd: Random) -> Doc:
    """The same policy, or in every second case one that asks for a distance instead of a level."""
    if rnd.randint(0, 1):
        return policy
    return {key: value for key, value in policy.items() if key != "level"} | _bound(rnd)


def _bound(rnd: Random) -> Doc:
    if rnd.randint(0, 1):
        return {"max_hops": rnd.choice((0, 1, 1, 1, 2, 2))}
    return {"max_latency_us": rnd.choice((0, 1, 1, 1, 2, 3))}
