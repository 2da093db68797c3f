"""Bandwidth from plain documents: every domain, every link, by the sentence of the contract.

A second reading of it, as `oracle.py`, of which it is a part.
"""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]
Domain = tuple[str, str]
Stand = tuple[str, str, str, bool]  # id, group, host, new


class Links:
    """The cuts of a fleet, and what crosses them."""

    def __init__(self, fleet: Doc) -> None:
        self.depth = {
            level: depth for depth, level in enumerate([*fleet.get("levels", []), "host"])
        }
        self.hosts: dict[Domain, set[str]] = {}
        for host in fleet["hosts"]:
            for domain in (("host", host["name"]), *host.get("domains", {}).items()):
                self.hosts.setdefault(domain, set()).add(host["name"])
        self.free: dict[Domain, int] = {}
        for domain in self.hosts:
            links = fleet.get("links", [])
            leaving = [
                link
                for link in links
                if len([e for e in link["between"] if self.lies_in(e, domain)]) == 1
            ]
            if leaving and all("bandwidth_mbps" in link for link in leaving):
                self.free[domain] = sum(
                    max(0, x["bandwidth_mbps"] - x.get("used_mbps", 0)) for x in leaving
                )

    def lies_in(self, end: str, domain: Domain) -> bool:
        for known, hosts in self.hosts.items():
            if known[1] == end:
                if known == domain or hosts < self.hosts[domain]:
                    return True
                return hosts == self.hosts[domain] and self.depth[known[0]] > self.depth[domain[0]]
        return False

    def need(self, policy: Doc, domain: Domain, mine: list[Stand], theirs: list[Stand]) -> int:
        def parts(assignment: list[Stand]) -> tuple[int, int]:
            inside = sum(1 for stand in assignment if stand[2] in self.hosts[domain])
            return inside, len(assignment) - inside

        (a, a_out), (b, b_out) = parts(mine), parts(theirs)
        crossing = min(a, b_out) + min(b, a_out) if "to" in policy else min(a, a_out)
        return int(crossing * policy["mbps"])

    def grown(self, policy: Doc, domain: Domain, mine: list[Stand], theirs: list[Stand]) -> int:
        before = [[stand for stand in assignment if not stand[3]] for assignment in (mine, theirs)]
        return self.need(policy, domain, mine, theirs) - self.need(policy, domain, *before)

    def measure(self, policy: Doc, mine: list[Stand], theirs: list[Stand]) -> int:
        return sum(
            max(0, self.grown(policy, d, mine, theirs) - free) for d, free in self.free.items()
        )

    def shared(self, rules: list[tuple[Doc, list[Stand], list[Stand]]]) -> bool:
        """Whether all hard policies together fit."""
        return all(
            sum(self.grown(p, d, mine, theirs) for p, mine, theirs in rules) <= f
            for d, f in self.free.items()
        )
