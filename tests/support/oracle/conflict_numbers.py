"""The numbers of a conflict's sentences, computed anew from plain documents.

It shares no code with the library. `Plain.check` takes a typed finding, which says what each of its
numbers means, and raises where a number is another one. Of upper bounds it tries every way to place
the members: none may place more than was known.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from groupsolver.constraints.problem import findings as known
from groupsolver.solver.explain import shortages as short
from tests.support.oracle import cells
from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
Member = tuple[str, str, dict[str, int]]  # id, group, size
PER_HOST = ("host-capabilities", "within", "outside")


class Plain:
    """An application of some rules on a fleet.

    Attributes
    ----------
    loose, exact : int
        How many upper bounds were above the best way, and how many were the best way.
    """

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.oracle = Oracle(app, fleet)
        self.fleet = fleet
        self.loose = 0
        self.exact = 0

    # What there is.

    def hosts(self) -> list[str]:
        return list(self.oracle.hosts)

    def new(self, groups: Iterable[str]) -> list[Member]:
        below = set().union(*(self.oracle.below[group] for group in groups))
        return [member for member in self.oracle.members if member[1] in below]

    def running(self, group: str) -> list[Any]:
        return [s for s in self.oracle.existing if s[1] in self.oracle.below[group]]

    def domains(self, level: str) -> set[str]:
        found = {self.oracle.domain(host, level) for host in self.hosts()}
        return {name for name in found if name is not None}

    def domains_of(self, hosts: Iterable[str], level: str) -> set[str]:
        found = {self.oracle.domain(host, level) for host in hosts}
        return {name for name in found if name is not None}

    def suits(self, group: str, host: str) -> bool:
        """Whether a host is enabled and the rules that look at single hosts admit the group."""
        return self.oracle.hosts[host].get("enabled", True) and all(
            self.oracle.suits(policy, host)
            for name, policy in self.oracle.rules
            if group in self.oracle.below[name] and policy["kind"] in PER_HOST
        )

    def takes(self, host: str, sizes: list[dict[str, int]]) -> bool:
        return not sizes or self.oracle._takes(self.oracle.hosts[host], sizes)

    def could(self, group: str) -> list[str]:
        """The hosts that take some new member of a group alone."""
        return [
            host
            for host in self.hosts()
            if any(self.suits(g, host) and self.takes(host, [n]) for _, g, n in self.new([group]))
        ]

    # Upper bounds.

    def limits(self) -> list[tuple[str, str, int]]:
        """What no domain of a level holds more members of a group than: group, level, limit."""
        found = []
        for name, policy in self.oracle.rules:
            level = policy.get("level", "host")
            if policy.get("between"):
                continue
            if policy["kind"] == "anti-affinity":
                found.append((name, level, policy.get("max_per_domain", 1)))
        return found

    def counted(self, group: str, level: str) -> set[str]:
        """The domains that a skew counts."""
        eligible = [host for host in self.hosts() if self.suits(group, host)]
        eligible += [s[2] for s in self.running(group)]
        return self.domains_of(eligible, level)

    def ways(self, members: list[Member], hosts: list[str]) -> Iterable[list[tuple[Member, str]]]:
        """Every way to place some of the members on some hosts, as far as they have room there."""
        limits = self.limits()
        choices = [
            [None, *(h for h in hosts if self.suits(m[1], h) and self.takes(h, [m[2]]))]
            for m in members
        ]
        for way in product(*choices):
            placed = [(m, host) for m, host in zip(members, way, strict=True) if host is not None]
            if self._fits(placed) and all(self._within(placed, *limit) for limit in limits):
                yield placed

    def _fits(self, placed: list[tuple[Member, str]]) -> bool:
        by_host: dict[str, list[dict[str, int]]] = {}
        for member, host in placed:
            by_host.setdefault(host, []).append(member[2])
        return all(self.takes(host, sizes) for host, sizes in by_host.items())

    def _within(self, placed: list[tuple[Member, str]], group: str, level: str, limit: int) -> bool:
        below = self.oracle.below[group]
        count: dict[str | None, int] = {}
        for _, _, host, _ in self.running(group):
            domain = self.oracle.domain(host, level)
            count[domain] = count.get(domain, 0) + 1
        for member, host in placed:
            if member[1] in below:
                domain = self.oracle.domain(host, level)
                count[domain] = count.get(domain, 0) + 1
                if domain is not None and count[domain] > limit:
                    return False
        return True

    def in_domains(self, level: str, names: Iterable[str]) -> list[str]:
        return [host for host in self.hosts() if self.oracle.domain(host, level) in set(names)]

    def bound(self, most: int, members: list[Member], hosts: list[str]) -> None:
        """Check that no way places more of the members than was known."""
        best = max(len(way) for way in self.ways(members, hosts))
        assert best <= most, (best, most, hosts)
        self.exact += best == most
        self.loose += best < most

    def amount(self, most: int, resource: str, members: list[Member], hosts: list[str]) -> None:
        """Check that no way of placing members takes more of a class than was known."""
        best = max(sum(m[2].get(resource, 0) for m, _ in way) for way in self.ways(members, hosts))
        assert best <= most, (best, most, hosts)

    # Findings.

    def check(self, finding: known.Finding, policy: Doc) -> None:  # noqa: C901
        """Raise where a number or a name of a finding is not what the documents say."""
        match finding:
            case known.GroupSize(group, new, running):
                assert new == len([m for m in self.oracle.members if m[1] == group])
                assert running == len([s for s in self.oracle.existing if s[1] == group])
            case known.DomainsNeeded(level, noun, members, needed, possible):
                group = policy["group"]
                assert not self.running(group)
                if noun == "member":
                    assert members == len(self.new([group]))
                else:
                    children = self.oracle.groups[group].get("groups", [])
                    assert members == len([c for c in children if self.new([c])])
                limit = policy.get("max_per_domain", 1)
                assert (needed - 1) * limit < members <= needed * limit
                assert set(possible) == self.domains_of(self.could(group), level)
                assert all(self.oracle.domain(h, level) for h in self.could(group))
            case known.PlacesLeft(places, members):
                mine = self.new([policy["group"]])
                assert members == len(mine) > places
                self.bound(places, mine, self.hosts())
            case known.RoomiestDomain(group, level, domain, takes, members):
                assert members == len(self.new([group])) > takes
                assert domain in self.domains(level)
                assert not self.running(group)
                for name in self.domains(level):
                    self.bound(takes, self.new([group]), self.in_domains(level, [name]))
            case known.DomainOfRunning(group, level, domains, takes, members):
                assert members == len(self.new([group])) > takes
                where = [s[2] for s in self.running(group)]
                assert set(domains) == self.domains_of(where, level) != set()
                self.bound(takes, self.new([group]), self.in_domains(level, domains))
            case known.PossibleDomains(group, level, names, only_new):
                assert set(names) == self.domains_of(self.could(group), level)
                assert only_new == bool(self.running(group))
            case known.RunningDomains(group, level, names):
                where = [s[2] for s in self.running(group)]
                assert where
                assert set(names) == self.domains_of(where, level)
            case known.DomainsOfLevel(level, number):
                assert number == len(self.domains(level))
            case known.UnevenShares(level, members, domains):
                group = policy["group"]
                self._stand_in_domains(group, level, members)
                assert domains == len(self.counted(group, level))
                assert members % domains
                assert policy["max_skew"] == 0
            case known.LeastShare():
                self._least_share(finding, policy["group"], policy["max_skew"])
            case known.SuitableHosts(group, places, _):
                for level, names in places:
                    assert set(names) == self.domains_of(self.could(group), level)
            case known.MissingTraits(traits, disabled):
                have = [
                    host.get("enabled", True)
                    for host in self.oracle.hosts.values()
                    if set(traits) & set(host.get("traits", []))
                ]
                assert have == [False] * disabled
            case known.LargestHost(resource, amount):
                amounts = [
                    self.oracle.capacity(host).get(resource, 0)
                    for host in self.oracle.hosts.values()
                    if host.get("enabled", True)
                ]
                assert amount == max(amounts, default=0)
            case known.WidestLinks(group, level, mbps, only_new):
                assert only_new == bool(self.running(group))
                self._widest(level, mbps, self.domains_of(self.could(group), level))
            case known.DomainsWithNothingElse(group, level, names, only_new):
                assert only_new == bool(self.running(group))
                self._nothing_else(group, policy, level, set(names))
            case short.ResourceShortage():
                self._shortage(finding)
            case _:
                raise AssertionError(finding)

    def _stand_in_domains(self, group: str, level: str, members: int) -> None:
        """All new members of a group stand in some domain: so many with those that run."""
        assert all(self.oracle.domain(host, level) for host in self.could(group))
        running = [s for s in self.running(group) if self.oracle.domain(s[2], level)]
        assert members == len(self.new([group])) + len(running)

    def _least_share(self, share: known.LeastShare, group: str, skew: int) -> None:
        level = share.level
        self._stand_in_domains(group, level, share.members)
        counted = self.counted(group, level)
        assert share.domains == len(counted)
        assert share.domain in counted
        # With one member fewer than that in one domain, the others hold at most `skew` more each.
        most = share.least - 1 + (share.domains - 1) * (share.least - 1 + skew)
        assert most < share.members <= share.least + (share.domains - 1) * (share.least + skew)
        here = self.in_domains(level, [share.domain])
        there = [s for s in self.running(group) if s[2] in here]
        assert share.holds < share.least
        self.bound(share.holds - len(there), self.new([group]), here)

    def _widest(self, level: str, mbps: int, names: set[str]) -> None:
        free = [self.oracle.links.free[level, name] for name in names]  # all are bounded
        assert mbps == max(free)

    def _nothing_else(self, group: str, policy: Doc, level: str, names: set[str]) -> None:
        expected = set()
        for name in self.domains_of(self.could(group), level):
            shared = self.oracle._shared_domains(group, policy, level, {name}, self.oracle.existing)
            if not shared:
                expected.add(name)
        assert names == expected

    # Shortages.

    def _takers(self, finding: short.ResourceShortage) -> list[Member]:
        """The new members that a shortage speaks of, and that take of its class."""
        return [m for m in self.new(finding.groups) if m[2].get(finding.resource)]

    def _shortage(self, finding: short.ResourceShortage) -> None:
        resource = finding.resource
        running = any(self.running(group) for group in finding.groups)
        assert finding.only_new == running
        if isinstance(finding, short.MemberShortage):
            self._member(finding)
            return
        takers = self._takers(finding)
        if isinstance(finding, short.HostsShortage) and finding.each is not None:
            takers = [m for m in takers if m[2][resource] == finding.each]
            sizes = [str(m[2]) for m in takers]
            takers = [m for m in takers if sizes.count(str(m[2])) == finding.members]
            takers = takers[: finding.members]
        assert finding.needed == sum(m[2][resource] for m in takers)
        match finding:
            case short.DomainShortage(level=level, nearest=names, pinned=pinned):
                assert finding.available < finding.needed
                (group,) = finding.groups
                if pinned:
                    where = [s[2] for s in self.running(group)]
                    assert set(names) == self.domains_of(where, level)
                    hosts = self.in_domains(level, names)
                    self.amount(finding.available, resource, takers, hosts)
                    return
                assert set(names) <= self.domains(level)
                for name in self.domains(level):
                    hosts = self.in_domains(level, [name])
                    self.amount(finding.available, resource, takers, hosts)
            case short.HostsShortage(members=members, takes=takes, place=place):
                assert finding.available < finding.needed
                assert members == len(takers)
                if takes < members:
                    self.bound(takes, takers, self.hosts())
                self.amount(finding.available, resource, takers, self.hosts())
                if place is not None:
                    suitable = {h for m in takers for h in self.hosts() if self.suits(m[1], h)}
                    assert {self.oracle.domain(h, place[0]) for h in suitable} == {place[1]}
            case short.ShareShortage(share=share):
                skews = [
                    (name, policy["max_skew"])
                    for name, policy in self.oracle.rules
                    if policy["kind"] == "spread" and policy["level"] == share.level
                    if policy.get("max_skew") is not None and not policy.get("between")
                ]
                for name, skew in skews:
                    if {m[1] for m in takers} <= self.oracle.below[name]:
                        self._least_share(share, name, skew)
            case short.ScatteredShortage(members=members, level=level, takes=takes):
                assert members == len(takers)
                assert {name for name, _ in takes} == self.domains(level)
                for name, most in takes:
                    self.bound(most, takers, self.in_domains(level, [name]))
            case _:
                raise AssertionError(finding)

    def _member(self, finding: short.MemberShortage) -> None:
        """What one place has at most for a member: a host, or a cell of one."""
        (group,) = finding.groups
        resource = finding.resource
        sizes = [m[2] for m in self.new([group]) if m[1] == group]
        # Several sizes may take as much of this class; the finding speaks of one of them.
        found = [
            self._free_for(group, resource, size)
            for size in sizes
            if size.get(resource) == finding.needed
        ]
        free = next(free for free in found if max(0, *free.values()) == finding.available)
        assert finding.available < finding.needed
        if finding.refusal:
            self._refusal(finding)
        else:
            assert all(free[spot] > 0 for spot in finding.nearest)
        if finding.nearest and not finding.refusal:
            assert free[finding.nearest[0]] == finding.available
        for name, used, capacity in finding.overfull:
            assert used > capacity
            assert self.oracle.hosts[name]["used"][resource] == used
            assert self.oracle.capacity(self.oracle.hosts[name]).get(resource, 0) == capacity
            assert self.suits(group, name)
        if finding.every:
            rest = [free_of(h, resource) for h in self.oracle.hosts.values() if h.get("enabled", 1)]
            assert max(rest) <= finding.available

    def _free_for(
        self, group: str, resource: str, size: dict[str, int]
    ) -> dict[tuple[str, str | None], int]:
        """The most of a class that each place has for a member of a size: a host, or a cell."""
        free: dict[tuple[str, str | None], int] = {}
        for name, host in self.oracle.hosts.items():
            if not self.suits(group, name):
                continue
            if resource in cells.in_cells(host):
                for index, cell in enumerate(host["cells"]):
                    called = cell.get("name", str(index))
                    free[name, called] = self._most_in(host, resource, size, index)
            else:
                free[name, None] = self._most_in(host, resource, size, None)
        return free

    def _refusal(self, finding: short.MemberShortage) -> None:
        """A refusal has the number of its place: the least amount of a member, or the step."""
        ((name, cell),) = finding.nearest
        host = self.oracle.hosts[name]
        inventory = host.get("inventory", {})
        if cell is not None:
            named = {one.get("name", str(i)): one for i, one in enumerate(host["cells"])}
            inventory = named[cell]["inventory"]
        declared = inventory[finding.resource]
        key = "step_size" if "in steps of" in finding.refusal else "min_unit"
        assert str(declared[key]) in finding.refusal.split()
        if key == "step_size":
            assert finding.needed % declared[key]
        else:
            assert finding.needed < declared[key]

    def _most_in(self, host: Doc, resource: str, size: dict[str, int], cell: int | None) -> int:
        """The most of a class that a member like this could take there, by trying."""
        only = host
        if cell is not None:
            # The other cells are there no more, under the same name nobody can take from them.
            kept = [
                one if index == cell else {"inventory": dict.fromkeys(one["inventory"], 0)}
                for index, one in enumerate(host["cells"])
            ]
            only = host | {"cells": kept}
        amounts = range(size[resource], 0, -1)
        fits = (n for n in amounts if self.oracle._takes(only, [size | {resource: n}]))
        return next(fits, 0)


def free_of(host: Doc, resource: str) -> int:
    """The most of a class that is free in one place of a host, its cells one by one."""
    used = host.get("used", {}).get(resource, 0)
    if resource not in cells.in_cells(host):
        declared = host.get("inventory", {}).get(resource, 0)
        return max(0, cells.amount(declared) - int(used))
    found: list[int] = [0]
    for cell in host["cells"]:
        declared = cell["inventory"].get(resource, 0)
        found.append(cells.amount(declared) - used - cell.get("used", {}).get(resource, 0))
    return max(found)
