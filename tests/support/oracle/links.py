"""Bandwidth from plain documents: every domain and every link, by the sentence of the contract.

A part of the oracle in `brute_force.py`.
"""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]
Domain = tuple[str, str]  # level, name
Assignment = tuple[str, str, str, bool]  # id, group, host, new


class Links:
    """The links that leave each domain of a fleet, and what crosses them.

    Attributes
    ----------
    hosts : dict of Domain to set of str
        The hosts of each domain; each host is a domain of its own, too.
    free : dict of Domain to int
        What is free on the links that leave a domain, in Mbit/s; only where it is bounded.
    """

    def __init__(self, fleet: Doc) -> None:
        levels = [*fleet.get("levels", []), "host"]
        self.depth = {level: depth for depth, level in enumerate(levels)}
        self.hosts: dict[Domain, set[str]] = {}
        for host in fleet["hosts"]:
            self.hosts.setdefault(("host", host["name"]), set()).add(host["name"])
            for domain in host.get("domains", {}).items():
                self.hosts.setdefault(domain, set()).add(host["name"])
        self.free: dict[Domain, int] = {}
        for domain in self.hosts:
            leaving = [link for link in fleet.get("links", []) if self.leaves(link, domain)]
            if leaving and all("bandwidth_mbps" in link for link in leaving):
                self.free[domain] = sum(map(free_mbps, leaving))

    def leaves(self, link: Doc, domain: Domain) -> bool:
        """Whether one end of a link lies in a domain and the other one does not."""
        return len([end for end in link["between"] if self.lies_in(end, domain)]) == 1

    def lies_in(self, end: str, domain: Domain) -> bool:
        """Whether a link's end is a domain, or lies inside it."""
        for known, hosts in self.hosts.items():
            if known[1] == end:
                if known == domain or hosts < self.hosts[domain]:
                    return True
                # Of domains with the same hosts, the one of the finer level lies inside.
                return hosts == self.hosts[domain] and self.depth[known[0]] > self.depth[domain[0]]
        return False

    def need(
        self, policy: Doc, domain: Domain, mine: list[Assignment], theirs: list[Assignment]
    ) -> int:
        """What members send across the links that leave a domain, in Mbit/s."""

        def split(members: list[Assignment]) -> tuple[int, int]:
            inside = sum(member[2] in self.hosts[domain] for member in members)
            return inside, len(members) - inside

        mine_in, mine_out = split(mine)
        theirs_in, theirs_out = split(theirs)
        if "to" in policy:
            crossing = min(mine_in, theirs_out) + min(theirs_in, mine_out)
        else:
            crossing = min(mine_in, mine_out)
        return int(crossing * policy["mbps"])

    def added(
        self, policy: Doc, domain: Domain, mine: list[Assignment], theirs: list[Assignment]
    ) -> int:
        """What new members add to the need."""
        mine_before = [member for member in mine if not member[3]]
        theirs_before = [member for member in theirs if not member[3]]
        before = self.need(policy, domain, mine_before, theirs_before)
        return self.need(policy, domain, mine, theirs) - before

    def measure(self, policy: Doc, mine: list[Assignment], theirs: list[Assignment]) -> int:
        """By how much a policy alone exceeds what is free, over all domains."""
        return sum(
            max(0, self.added(policy, domain, mine, theirs) - free)
            for domain, free in self.free.items()
        )

    def shared(self, rules: list[tuple[Doc, list[Assignment], list[Assignment]]]) -> bool:
        """Whether all hard policies together fit."""
        for domain, free in self.free.items():
            added = [self.added(policy, domain, mine, theirs) for policy, mine, theirs in rules]
            if sum(added) > free:
                return False
        return True


def free_mbps(link: Doc) -> int:
    return max(0, int(link["bandwidth_mbps"]) - int(link.get("used_mbps", 0)))
