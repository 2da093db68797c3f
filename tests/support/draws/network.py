"""Links for drawn fleets: trees, rings, parallel ones, hosts with links of their own, ends that lead nowhere."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

Doc = dict[str, Any]


def some_links(fleet: Doc, rnd: Random | None = None) -> Doc:
    """The same fleet, with links in most cases; what is drawn follows from the fleet where nothing else is given."""
    rnd = rnd or Random(json.dumps(fleet, sort_keys=True))
    if rnd.randint(0, 3) == 0:
        return fleet
    domains = sorted({name for host in fleet["hosts"] for name in host.get("domains", {}).values()})
    hosts = [host["name"] for host in fleet["hosts"]]
    links = _ring(rnd, hosts, domains) if rnd.randint(0, 1) else _tangle(rnd, hosts, domains)
    return fleet | {"links": [*fleet.get("links", []), *links]}


def _ring(rnd: Random, hosts: list[str], domains: list[str]) -> list[Doc]:
    """One after another, hosts or domains or both, sometimes in a circle: who is near is not all near each other."""
    ends = rnd.choice((hosts, hosts, domains, hosts + domains))
    ends = rnd.sample(ends, len(ends))
    links = [_link(rnd, one, other) for one, other in pairwise(ends)]
    return links + [_link(rnd, ends[-1], ends[0])] * rnd.randint(0, 1) if ends else []


def _tangle(rnd: Random, hosts: list[str], domains: list[str]) -> list[Doc]:
    ends = (
        rnd.sample(domains, rnd.randint(0, min(len(domains), 5)))
        + ["s0", "s1", "s2"][: rnd.randint(1, 3)]
    )
    if rnd.randint(0, 1):
        ends += rnd.sample(hosts, rnd.randint(1, min(3, len(hosts))))
    links: list[Doc] = []
    rnd.shuffle(ends)
    for at, end in enumerate(ends):  # most ends lead to one before, some to themselves or nowhere
        if rnd.randint(0, 7):
            links.append(
                _link(
                    rnd,
                    end,
                    rnd.choice(ends[: at + 1] if rnd.randint(0, 9) == 0 else ends[:at] or ends),
                )
            )
    links += [_link(rnd, *(rnd.choice(ends) for _ in range(2))) for _ in range(rnd.randint(0, 3))]
    return links + [_link(rnd, *link["between"]) for link in links if rnd.randint(0, 5) == 0]


def _link(rnd: Random, one: str, other: str) -> Doc:
    link: Doc = {"between": [one, other]}
    if rnd.randint(0, 4):
        link["latency_us"] = rnd.choice((0, 1, 1, 1, 2, 5))
    return link


def by_distance(policy: Doc, rnd: Random) -> Doc:
    """The same policy, which names a level, or one that asks for distances instead: every second."""
    if rnd.randint(0, 1):
        return policy
    return {key: value for key, value in policy.items() if key != "level"} | _bound(rnd)


def _bound(rnd: Random) -> Doc:
    if rnd.randint(0, 1):
        return {"max_hops": rnd.choice((0, 1, 1, 1, 2, 2))}
    return {"max_latency_us": rnd.choice((0, 1, 1, 1, 2, 3))}
