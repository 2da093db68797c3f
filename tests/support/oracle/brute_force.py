"""Brute force over plain documents: a second reading of the contract.

It uses neither ortools nor the library's own checkers, encodings and arrays. It reads the JSON form
of a fleet and an application, and tries every placement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from tests.support.oracle import cells, links, network, pools

Doc = dict[str, Any]
Assignment = tuple[str, str, str, bool]  # id, group, host, new
Size = dict[str, int]  # amounts by resource class


class Oracle:
    """Every placement of an application on a fleet.

    Attributes
    ----------
    members : list of (str, str, dict)
        New members: id, group and size.
    existing : list of (str, str, str, bool)
        Running members as assignments.
    own_size : dict of str to dict
        Sizes of running members by id.
    rules : list of (str, dict)
        Every policy with its group.
    below : dict of str to set of str
        Each group with all groups inside it.
    """

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.app = app
        self.fleet = fleet
        self.hosts = {host["name"]: host for host in fleet["hosts"]}
        self.far = network.Distances(fleet)
        self.links = links.Links(fleet)
        self.groups = {group["name"]: group for group in app["groups"]}
        self.below = {name: self._groups_inside(name) for name in self.groups}
        self.rules = [
            (name, policy)
            for name, group in self.groups.items()
            for policy in group.get("policies", [])
        ]
        existing = app.get("existing", [])
        running = {there["id"] for there in existing}
        described = self._described_members()
        self.members = [member for member in described if member[0] not in running]
        self.existing: list[Assignment] = [
            (there["id"], there["group"], there["host"], False) for there in existing
        ]
        described_size = {id_: size for id_, _, size in described}
        self.own_size: dict[str, Size] = {}
        for there in existing:
            if there.keys() & {"flavor", "resources"}:
                self.own_size[there["id"]] = self._size(there)
            else:
                self.own_size[there["id"]] = described_size.get(there["id"], {})
        # Most placements agree in what lands on a host, so each answer is kept.
        self._taken: dict[tuple[str, tuple[int, ...]], bool] = {}
        self._points_of: dict[tuple[Any, ...], int] = {}
        self._before: list[int] | None = None  # each rule's measure of the running members

    def _size(self, sized: Doc) -> Size:
        """The resources of an entry that has a flavor or resources."""
        if "flavor" in sized:
            flavor: Doc = self.app["flavors"][sized["flavor"]]
            return dict(flavor["resources"])
        return dict(sized.get("resources", {}))

    def _described_members(self) -> list[tuple[str, str, Size]]:
        """Every member of the file: id, group and size."""
        found = []
        for name, group in self.groups.items():
            index = 0
            for entry in group.get("members", []):
                for _ in range(entry.get("count", 1)):
                    id_ = entry.get("id", f"{name}/{index}")
                    found.append((id_, name, self._size(entry)))
                    index += 1
        return found

    def _groups_inside(self, name: str) -> set[str]:
        found = {name}
        for child in self.groups[name].get("groups", []):
            found |= self._groups_inside(child)
        return found

    # Hosts.

    def capacity(self, host: Doc) -> Size:
        """What a host has, reserved amounts and allocation ratios considered, with its cells."""
        found = {}
        for name, declared in host.get("inventory", {}).items():
            inventory = declared if isinstance(declared, dict) else {"total": declared}
            ratio = Fraction(str(inventory.get("allocation_ratio", 1)))
            usable = inventory["total"] - inventory.get("reserved", 0)
            found[name] = math.floor(usable * ratio)
        for cell in host.get("cells", []):
            for name, declared in cell.get("inventory", {}).items():
                found[name] = found.get(name, 0) + cells.amount(declared)
        return found

    def domain(self, host: str, level: str) -> str | None:
        if level == "host":
            return host
        name: str | None = self.hosts[host].get("domains", {}).get(level)
        return name

    def room(self, placement: dict[str, str]) -> bool:
        """Whether every host, and every pool, has the capacity for what lands there."""
        landed: dict[str, list[int]] = {}
        for position, (id_, _, _) in enumerate(self.members):
            landed.setdefault(placement[id_], []).append(position)
        if not all(self._takes_members(name, tuple(some)) for name, some in landed.items()):
            return False
        sized = ((self.hosts[placement[id_]], size) for id_, _, size in self.members)
        return pools.fit(self.fleet, sized)

    def _takes_members(self, name: str, positions: tuple[int, ...]) -> bool:
        """Whether a host takes the members at some positions."""
        found = self._taken.get((name, positions))
        if found is None:
            sizes = [self.members[at][2] for at in positions]
            groups = {self.members[at][1] for at in positions}
            open_to_all = all(self.open_to(group, self.hosts[name]) for group in groups)
            found = open_to_all and self._takes(self.hosts[name], sizes)
            self._taken[name, positions] = found
        return found

    def _takes(self, host: Doc, landed: list[Size]) -> bool:
        inside = cells.in_cells(host)
        capacity = self.capacity(host)
        used = {name: n for name, n in host.get("used", {}).items() if name not in inside}
        if not host.get("enabled", True):
            return False
        if not cells.some_way(host, landed):
            return False
        needed = {name for size in landed for name in size} - inside
        for name in needed:
            amounts = [size.get(name, 0) for size in landed]
            pool = pools.pool_of(self.fleet, host, name)
            free = capacity.get(name, 0) - used.get(name, 0)
            inventory = host.get("inventory", {}).get(name)
            if pool is not None:
                free = pools.free(pool, name)
                inventory = pool["inventory"][name]
            if sum(amounts) and sum(amounts) > free:
                return False
            if not all(cells.may_take(inventory, n) for n in amounts):
                return False
        return True

    def required(self, group: str) -> set[str]:
        """The traits that hard policies over a group require; of a part, what others required."""
        found = set(self.app.get("x-required", {}).get(group, ()))
        for name, policy in self.rules:
            if group in self.below[name] and policy.get("weight") is None:
                found |= set(policy.get("required", []))
        return found

    def open_to(self, group: str, host: Doc) -> bool:
        """Whether members of a group may land on a host, as far as it is reserved for traits."""
        return set(host.get("reserved_for", [])) <= self.required(group)

    def suits(self, policy: Doc, host: str) -> bool:
        """Whether a host suits a policy that looks at each host alone."""
        if policy["kind"] == "host-capabilities":
            return self._has_capabilities(policy, self.hosts[host])
        places = set(policy.get("hosts") or [])
        names_any = bool(places)
        for level, names in (policy.get("domains") or {}).items():
            names_any = names_any or bool(names)
            places |= {other for other in self.hosts if self.domain(other, level) in names}
        if policy["kind"] == "within":
            return not names_any or host in places
        return host not in places

    def _has_capabilities(self, policy: Doc, host: Doc) -> bool:
        traits = set(host.get("traits", []))
        if not set(policy.get("required", [])) <= traits:
            return False
        if traits & set(policy.get("forbidden", [])):
            return False
        any_of = set(policy.get("any_of", []))
        if any_of and not any_of & traits:
            return False
        capacity = self.capacity(host)
        return all(capacity.get(name, 0) >= n for name, n in policy.get("minimum", {}).items())

    # Policies.

    def measure(
        self, name: str, policy: Doc, assignments: list[Assignment], fresh_only: bool = False
    ) -> int:
        """The contract's measure of a policy of group `name`.

        Parameters
        ----------
        assignments : list of Assignment
        fresh_only : bool, default False
            For ``near``: whether running members are left out of the count.
        """
        mine = self._members_of(name, assignments)
        if "max_hops" in policy or "max_latency_us" in policy:
            others = [s for s in assignments if s[1] in self.below.get(policy.get("group", ""), ())]
            return self.far.measure(policy, mine, others, fresh_only)
        level = policy.get("level", "host")
        inside: dict[str | None, list[Assignment]] = {}
        for assignment in mine:
            inside.setdefault(self.domain(assignment[2], level), []).append(assignment)
        without_domain = len(inside.pop(None, []))
        number = {domain: len(found) for domain, found in inside.items()}
        size = len(mine)
        if policy.get("between") == "children":
            children = [self.below[child] for child in self.groups[name].get("groups", [])]
            number = {domain: _present(children, found) for domain, found in inside.items()}
            number = {domain: n for domain, n in number.items() if n}
            size = _present(children, mine)
        match policy["kind"]:
            case "anti-affinity":
                limit = int(policy.get("max_per_domain", 1))
                if "max_percent" in policy:
                    limit = max(1, self._size_of(name, policy) * int(policy["max_percent"]) // 100)
                above = [n - limit for n in number.values() if n > limit]
                unknown = without_domain if policy.get("everywhere") else 0
                return unknown + sum(t * (t + 1) // 2 for t in above)
            case "affinity" | "network-proximity":
                used = len(inside) + without_domain
                return max(used - 1 if used else 0, 1 if without_domain else 0)
            case "host-capabilities" | "within" | "outside":
                return len([s for s in mine if not self.suits(policy, s[2])])
            case "bandwidth":
                return self.links.measure(policy, mine, self._other_end(policy, assignments))
            case "apart-from":
                return len(self._domains_of(policy["group"], level, assignments) & set(inside))
            case "near":
                theirs = self._domains_of(policy["group"], level, assignments) - {None}
                alone = [s for s in mine if self.domain(s[2], level) not in theirs]
                return len([s for s in alone if s[3] or not fresh_only])
            case "exclusive":
                return self._shared_domains(name, policy, level, set(inside), assignments)
            case "spread":
                missing = max(0, min(policy.get("min_domains") or 0, size) - len(number))
                too_many = max(0, len(number) - int(policy.get("max_domains", len(number))))
                stray = without_domain if policy.get("everywhere") else 0
                skew = self._excess_skew(name, policy, assignments, number)
                return missing + too_many + stray + skew + self._off_shares(name, policy, mine)
        raise AssertionError(policy)

    def _size_of(self, name: str, policy: Doc) -> int:
        """How many members, or child groups with members, a group has, new and running."""
        members = [*self.existing, *((id_, group, "", True) for id_, group, _ in self.members)]
        mine = self._members_of(name, members)
        if policy.get("between") != "children":
            return len(mine)
        return _present([self.below[one] for one in self.groups[name].get("groups", [])], mine)

    def _domains_of(self, name: str, level: str, assignments: list[Assignment]) -> set[str | None]:
        return {self.domain(s[2], level) for s in self._members_of(name, assignments)}

    def _shared_domains(
        self,
        name: str,
        policy: Doc,
        level: str,
        domains: set[str | None],
        assignments: list[Assignment],
    ) -> int:
        """In how many domains something runs that may not be there beside the group's members."""
        allowed = self.below[name]
        if policy.get("scope") == "tenant":
            tenant = self.groups[name].get("tenant_id")
            of_tenant = [g for g in self.groups if self.groups[g].get("tenant_id") == tenant]
            allowed = set().union(*(self.below[group] for group in of_tenant))
        own = [s for s in assignments if s[1] in allowed]
        others = {self.domain(s[2], level) for s in assignments if s[1] not in allowed}
        return len([d for d in domains if d in others or self._used_by_others(d, level, own)])

    def _used_by_others(self, domain: str | None, level: str, own: list[Assignment]) -> bool:
        """Whether more is used in a domain than some running members use."""
        for name, host in self.hosts.items():
            if self.domain(name, level) == domain:
                left = cells.in_use(host)
                for id_, _, there, new in own:
                    if there == name and not new:
                        for resource, amount in self.own_size[id_].items():
                            left[resource] = left.get(resource, 0) - amount
                if any(amount > 0 for amount in left.values()):
                    return True
        return False

    def _excess_skew(
        self,
        name: str,
        policy: Doc,
        assignments: list[Assignment],
        number: dict[str | None, int],
    ) -> int:
        """By how much the fullest and the emptiest domain differ beyond the skew.

        Domains with a running member or an eligible host count. With room: domains that hold a
        member, or have an eligible host that could take one more besides all that is placed.
        """
        if policy.get("max_skew") is None:
            return 0
        level = policy["level"]
        mine = self._members_of(name, assignments)
        eligibility = [
            other
            for group, other in self.rules
            if name in self.below[group]
            and other.get("weight") is None
            and other["kind"] in ("host-capabilities", "within", "outside")
        ]
        by_room = policy.get("skew_over") == "with-room"
        counted = {self.domain(s[2], level) for s in mine if by_room or not s[3]}
        for host, document in self.hosts.items():
            some_may = any(self.open_to(group, document) for group in self.below[name])
            if not (some_may and document.get("enabled", True)):
                continue
            if not all(self.suits(p, host) for p in eligibility):
                continue
            if not by_room or self._takes_one_more(name, host, assignments):
                counted.add(self.domain(host, level))
        counts = [number.get(domain, 0) for domain in counted - {None}]
        if not counts:
            return 0
        return max(0, max(counts) - min(counts) - int(policy["max_skew"]))

    def _takes_one_more(self, name: str, host: str, assignments: list[Assignment]) -> bool:
        """Whether a host has room for all its new members and one more of the group.

        Of a size that some member of the group has, new or running; if all take nothing, of that.
        """
        sizes = {id_: size for id_, _, size in self.members}
        mine = [size for _, group, size in self.members if group in self.below[name]]
        mine += [self.own_size[s[0]] for s in self.existing if s[1] in self.below[name]]
        wanted = [size for size in mine if any(size.values())] or [{}]
        landed = [sizes[s[0]] for s in assignments if s[3] and s[2] == host]
        everywhere = [(self.hosts[s[2]], sizes[s[0]]) for s in assignments if s[3]]
        document = self.hosts[host]
        return any(
            self._takes(document, [*landed, one])
            and pools.have_besides(self.fleet, everywhere, document, one)
            for one in wanted
        )

    def _off_shares(self, name: str, policy: Doc, mine: list[Assignment]) -> int:
        """Members short of a share of a spread, and above its limits.

        Per cents are of all the members, also of those that are not placed yet. A domain is short
        of those that stand elsewhere although it needs them.
        """
        everyone = self._size_of(name, policy)
        off: int = 0
        for domain, percent in policy.get("share", {}).items():
            least = math.ceil(Fraction(percent * everyone, 100))
            elsewhere = [s for s in mine if self.domain(s[2], policy["level"]) != domain]
            off += max(0, len(elsewhere) + least - everyone)
        for domain, percent in policy.get("at_most", {}).items():
            most = math.floor(Fraction(percent * everyone, 100))
            there = [s for s in mine if self.domain(s[2], policy["level"]) == domain]
            off += max(0, len(there) - most)
        return off

    def _members_of(self, name: str, assignments: list[Assignment]) -> list[Assignment]:
        return [s for s in assignments if s[1] in self.below[name]]

    def _other_end(self, policy: Doc, assignments: list[Assignment]) -> list[Assignment]:
        """The members of the group that a bandwidth is `to`; none if it is within its own."""
        return self._members_of(policy["to"], assignments) if "to" in policy else []

    # Placements.

    def assignments(self, placement: dict[str, str]) -> list[Assignment]:
        """Running members and those that a placement adds."""
        new = [(id_, group, placement[id_], True) for id_, group, _ in self.members]
        return self.existing + new

    def holds(self, placement: dict[str, str]) -> bool:
        """Whether capacity and every hard policy allow a placement."""
        if not self.room(placement):
            return False
        after = self.assignments(placement)
        before = self._measures_before()
        hard = [(name, policy) for name, policy in self.rules if policy.get("weight") is None]
        flows = [
            (policy, self._members_of(name, after), self._other_end(policy, after))
            for name, policy in hard
            if policy["kind"] == "bandwidth"
        ]
        if not self.links.shared(flows):
            return False
        for (name, policy), least in zip(self.rules, before, strict=True):
            if policy.get("weight") is not None:
                continue
            if policy["kind"] == "near":
                if self.measure(name, policy, after, fresh_only=True):
                    return False
            elif self.measure(name, policy, after) > least:
                return False  # what is broken already may stay so
        return True

    def _measures_before(self) -> list[int]:
        """Each rule's measure of the running members."""
        if self._before is None:
            self._before = [self.measure(*rule, self.existing) for rule in self.rules]
        return self._before

    def value(self, placement: dict[str, str], objective: str) -> int:
        """The objective of a placement, soft policies on top."""
        sizes = {id_: size for id_, _, size in self.members}
        points = sum(
            self._points_on(host, objective, sizes[id_]) for id_, host in placement.items()
        )
        if objective == "spread":
            hosts = list(placement.values())
            # The k-th member of a host costs 1000 x (k - 1) more.
            points += sum(1000 * sum(range(hosts.count(host))) for host in set(hosts))
        points += self.opening_points(placement)
        after = self.assignments(placement)
        weighted = sum(
            policy["weight"] * self.measure(name, policy, after)
            for name, policy in self.rules
            if policy.get("weight")
        )
        return int(points + weighted * (1 if objective == "cost" else 1000))

    def opening_points(self, placement: dict[str, str]) -> int:
        """What the application pays for hosts that held nothing before."""
        if self.app.get("host_price") is None:
            return 0
        points = 0
        for name in set(placement.values()):
            host = self.hosts[name]
            held_before = any(cells.in_use(host).values())
            held_before = held_before or name in [there[2] for there in self.existing]
            if not held_before:
                own = host.get("opening_cost")
                points += self.app["host_price"] if own is None else own
        return points

    def _points_on(self, name: str, objective: str, size: Size) -> int:
        """What one member of a size costs on a host, reckoned once."""
        key = (name, objective, tuple(sorted(size.items())))
        if key not in self._points_of:
            self._points_of[key] = self._points(self.hosts[name], objective, size)
        return self._points_of[key]

    def _points(self, host: Doc, objective: str, size: Size) -> int:
        """What one member of a size costs on a host."""
        if objective == "cost":
            return int(host.get("cost", 0))
        in_use = cells.in_use(host)
        free_share = {
            name: Fraction(max(0, capacity - in_use.get(name, 0)), capacity)
            for name, capacity in self.capacity(host).items()
            if capacity
        }
        taken = [name for name, amount in size.items() if amount]
        of_taken = [free_share[name] for name in taken if name in free_share]
        free = round(1000 * sum(of_taken) / len(of_taken)) if of_taken else 0
        if objective == "spread":
            return 1000 - free
        scarce = [
            share
            for name, share in free_share.items()
            if name not in ("VCPU", "MEMORY_MB", "DISK_GB", *taken)
        ]
        return free + round(1000 * max(scarce, default=Fraction(0)))

    def rank(self, placement: dict[str, str], objective: str) -> tuple[int, ...]:
        """What each priority's policies cost, lower priorities first, and then the objective."""
        after = self.assignments(placement)
        costs: dict[int, int] = {}
        for name, policy in self.rules:
            priority = policy.get("priority")
            if priority is not None:
                cost = policy["weight"] * self.measure(name, policy, after)
                costs[priority] = costs.get(priority, 0) + cost
        return (*(costs[priority] for priority in sorted(costs)), self.value(placement, objective))

    def ranks(self, objective: str) -> list[tuple[int, ...]]:
        """The rank of each placement that holds."""
        return [self.rank(placement, objective) for placement in self.held()]

    def best_rank(self, objective: str) -> tuple[int, ...] | None:
        """The least rank of a placement that holds; None if there is none."""
        return min(self.ranks(objective), default=None)

    def placements(self) -> Iterator[dict[str, str]]:
        """Every placement, good or bad."""
        ids = [id_ for id_, _, _ in self.members]
        for hosts in product(self.hosts, repeat=len(ids)):
            yield dict(zip(ids, hosts, strict=True))

    def best(self, objective: str) -> int | None:
        """The least value of a placement that holds; None if there is none."""
        values = [self.value(placement, objective) for placement in self.held()]
        return min(values, default=None)

    def held(self) -> Iterator[dict[str, str]]:
        """Every placement that holds.

        A host that does not take some members takes no more of them either, so that the placements
        that begin alike are left out together.
        """
        empty: dict[str, tuple[int, ...]] = dict.fromkeys(self.hosts, ())
        return filter(self.holds, self._extended({}, empty))

    def _extended(
        self, placement: dict[str, str], landed: dict[str, tuple[int, ...]]
    ) -> Iterator[dict[str, str]]:
        """Every placement with room that begins as one of the first members does."""
        position = len(placement)
        if position == len(self.members):
            yield placement
            return
        for host, here in landed.items():
            more = (*here, position)
            if self._takes_members(host, more):
                begun = {**placement, self.members[position][0]: host}
                yield from self._extended(begun, {**landed, host: more})


def _present(children: list[set[str]], assignments: list[Assignment]) -> int:
    """How many child groups have some of the members."""
    groups = {s[1] for s in assignments}
    return sum(bool(child & groups) for child in children)
