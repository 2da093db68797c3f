"""Brute force over plain documents: a second reading of the contract.

It knows neither ortools nor the library's own checkers, encodings and arrays; it reads the
JSON form of a fleet and an application and tries every placement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from tests.support.oracle import cells, links, network

Doc = dict[str, Any]
Stand = tuple[str, str, str, bool]  # id, group, host, new


class Oracle:
    """Every placement of an application on a fleet."""

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.app, self.fleet = app, fleet
        self.hosts = {host["name"]: host for host in fleet["hosts"]}
        self.far = network.Distances(fleet)
        self.links = links.Links(fleet)
        self.groups = {group["name"]: group for group in app["groups"]}
        self.below = {name: self._down(name) for name in self.groups}
        sizes = {name: flavor["resources"] for name, flavor in app.get("flavors", {}).items()}

        def size(sized: Doc) -> dict[str, int]:
            found: dict[str, int] = (
                sizes[sized["flavor"]] if "flavor" in sized else sized.get("resources", {})
            )
            return found

        running = {there["id"] for there in app.get("existing", [])}
        self.members: list[tuple[str, str, dict[str, int]]] = []
        sized: dict[str, dict[str, int]] = {}
        for name, group in self.groups.items():
            index = 0
            for members in group.get("members", []):
                for _ in range(members.get("count", 1)):
                    id_ = members.get("id", f"{name}/{index}")
                    sized[id_] = size(members)
                    index += 1
                    if id_ not in running:
                        self.members.append((id_, name, sized[id_]))
        self.existing = [
            (there["id"], there["group"], there["host"], False) for there in app.get("existing", [])
        ]
        self.own_size = {
            there["id"]: size(there)
            if there.keys() & {"flavor", "resources"}
            else sized.get(there["id"], {})
            for there in app.get("existing", [])
        }
        self.rules = [
            (name, policy)
            for name, group in self.groups.items()
            for policy in group.get("policies", [])
        ]

    def _down(self, name: str) -> set[str]:
        return {name}.union(*(self._down(child) for child in self.groups[name].get("groups", [])))

    def capacity(self, host: Doc) -> dict[str, int]:
        found = {}
        for name, told in host.get("inventory", {}).items():
            inv = told if isinstance(told, dict) else {"total": told}
            ratio = Fraction(str(inv.get("allocation_ratio", 1)))
            found[name] = math.floor((inv["total"] - inv.get("reserved", 0)) * ratio)
        for cell in host.get("cells", []):
            for name, told in cell.get("inventory", {}).items():
                found[name] = found.get(name, 0) + cells.amount(told)
        return found

    def domain(self, host: str, level: str) -> str | None:
        return host if level == "host" else self.hosts[host].get("domains", {}).get(level)

    def room(self, placement: dict[str, str]) -> bool:
        for name, host in self.hosts.items():
            landed = [size for id_, _, size in self.members if placement[id_] == name]
            if not landed:
                continue
            inside = cells.in_cells(host)
            capacity = self.capacity(host)
            used = {name: n for name, n in host.get("used", {}).items() if name not in inside}
            if not host.get("enabled", True) or any(
                n > capacity.get(c, 0) for c, n in used.items()
            ):
                return False
            if not cells.some_way(host, landed):
                return False
            for resource in {c for size in landed for c in size} - inside:
                amounts = [size.get(resource, 0) for size in landed]
                if sum(amounts) and sum(amounts) > capacity.get(resource, 0) - used.get(
                    resource, 0
                ):
                    return False
                inv = host.get("inventory", {}).get(resource)
                unit = inv.get("max_unit") if isinstance(inv, dict) else None
                if unit is not None and max(amounts) > unit:
                    return False
        return True

    def suits(self, policy: Doc, host: str) -> bool:
        doc = self.hosts[host]
        if policy["kind"] == "host-capabilities":
            traits = doc.get("traits", [])
            return (
                all(t in traits for t in policy.get("required", []))
                and not any(t in traits for t in policy.get("forbidden", []))
                and (not policy.get("any_of") or any(t in traits for t in policy["any_of"]))
                and all(
                    self.capacity(doc).get(c, 0) >= n for c, n in policy.get("minimum", {}).items()
                )
            )
        places = set(policy.get("hosts") or [])
        listed = bool(places)
        for level, names in (policy.get("domains") or {}).items():
            listed = listed or bool(names)
            places |= {h for h in self.hosts if self.domain(h, level) in names}
        if policy["kind"] == "within":
            return not listed or host in places
        return host not in places

    def measure(
        self, name: str, policy: Doc, assignment: list[Stand], fresh_only: bool = False
    ) -> int:
        """The contract's measure of a policy of group `name` over an assignment."""
        mine = [s for s in assignment if s[1] in self.below[name]]
        if "max_hops" in policy or "max_latency_us" in policy:
            theirs_too = [
                s for s in assignment if s[1] in self.below.get(policy.get("group", ""), set())
            ]
            return self.far.measure(policy, mine, theirs_too, fresh_only)
        level = policy.get("level", "host")
        inside: dict[str | None, list[Stand]] = {}
        for stand in mine:
            inside.setdefault(self.domain(stand[2], level), []).append(stand)
        without_domain = len(inside.pop(None, []))
        number = {domain: len(found) for domain, found in inside.items()}
        size = len(mine)
        if policy.get("between") == "children":
            inner = [self.below[child] for child in self.groups[name].get("groups", [])]
            number = {
                d: sum(any(s[1] in c for s in found) for c in inner) for d, found in inside.items()
            }
            number = {d: n for d, n in number.items() if n}
            size = sum(any(s[1] in c for s in mine) for c in inner)
        match policy["kind"]:
            case "anti-affinity":
                limit = policy.get("max_per_domain", 1)
                return sum(n - limit for n in number.values() if n > limit)
            case "affinity" | "network-proximity":
                used = len(inside) + without_domain
                return max(used - 1 if used else 0, 1 if without_domain else 0)
            case "host-capabilities" | "within" | "outside":
                return len([s for s in mine if not self.suits(policy, s[2])])
            case "bandwidth":
                return self.links.measure(policy, mine, self._with(policy, assignment))
            case "apart-from":
                theirs = {
                    self.domain(s[2], level)
                    for s in assignment
                    if s[1] in self.below[policy["group"]]
                }
                return len(theirs & set(inside))
            case "near":
                theirs = {
                    self.domain(s[2], level)
                    for s in assignment
                    if s[1] in self.below[policy["group"]]
                } - {None}
                return len(
                    [
                        s
                        for s in mine
                        if self.domain(s[2], level) not in theirs and (s[3] or not fresh_only)
                    ]
                )
            case "exclusive":
                allowed_cohabitants = self.below[name]
                if policy.get("scope") == "tenant":
                    whose = self.groups[name].get("tenant_id")
                    allowed_cohabitants = set().union(
                        *(
                            self.below[g]
                            for g in self.groups
                            if self.groups[g].get("tenant_id") == whose
                        )
                    )
                others = {
                    self.domain(s[2], level) for s in assignment if s[1] not in allowed_cohabitants
                }
                own = [s for s in assignment if s[1] in allowed_cohabitants]
                return len([d for d in inside if d in others or self._foreign(d, level, own)])
            case "spread":
                short = max(0, min(policy.get("min_domains") or 0, size) - len(number))
                if policy.get("max_skew") is None:
                    return short
                counted = {self.domain(s[2], level) for s in mine if not s[3]}
                over = [
                    p
                    for group, p in self.rules
                    if name in self.below[group]
                    and p.get("weight") is None
                    and p["kind"] in ("host-capabilities", "within", "outside")
                ]
                counted |= {
                    self.domain(h, level)
                    for h, doc in self.hosts.items()
                    if doc.get("enabled", True) and all(self.suits(p, h) for p in over)
                }
                counts = [number.get(d, 0) for d in counted - {None}]
                return short + (
                    max(0, max(counts) - min(counts) - policy["max_skew"]) if counts else 0
                )
        raise AssertionError(policy)

    def _foreign(self, domain: str | None, level: str, mine: list[Stand]) -> bool:
        for name, host in self.hosts.items():
            if self.domain(name, level) == domain:
                left = cells.in_use(host)
                for id_, _, there, new in mine:
                    if there == name and not new:
                        for resource, amount in self.own_size[id_].items():
                            left[resource] = left.get(resource, 0) - amount
                if any(amount > 0 for amount in left.values()):
                    return True
        return False

    def _below(self, name: str, assignment: list[Stand]) -> list[Stand]:
        return [stand for stand in assignment if stand[1] in self.below[name]]

    def _with(self, policy: Doc, assignment: list[Stand]) -> list[Stand]:
        return self._below(policy["to"], assignment) if "to" in policy else []

    def assignment(self, placement: dict[str, str]) -> list[Stand]:
        return self.existing + [
            (id_, group, placement[id_], True) for id_, group, _ in self.members
        ]

    def holds(self, placement: dict[str, str]) -> bool:
        """Whether room and every hard policy allow a placement."""
        if not self.room(placement):
            return False
        after = self.assignment(placement)
        hard = [
            (n, p) for n, p in self.rules if p["kind"] == "bandwidth" and p.get("weight") is None
        ]
        if not self.links.shared(
            [(p, self._below(n, after), self._with(p, after)) for n, p in hard]
        ):
            return False
        for name, policy in self.rules:
            if policy.get("weight") is not None:
                continue
            if policy["kind"] == "near":
                if self.measure(name, policy, after, fresh_only=True):
                    return False
            elif self.measure(name, policy, after) > self.measure(name, policy, self.existing):
                return False
        return True

    def value(self, placement: dict[str, str], objective: str) -> int:
        """The objective of a placement, soft policies on top."""
        points = 0
        for host in placement.values():
            doc = self.hosts[host]
            shares = [
                Fraction(max(0, cap - cells.in_use(doc).get(name, 0)), cap)
                for name, cap in self.capacity(doc).items()
                if cap
            ]
            free = round(1000 * sum(shares) / len(shares)) if shares else 0
            points += {"cost": doc.get("cost", 0), "pack": free, "spread": 1000 - free}[objective]
        if objective == "spread":
            points += sum(
                1000 * (list(placement.values()).count(h) - 1) for h in set(placement.values())
            )
        after = self.assignment(placement)
        weighted = sum(
            p["weight"] * self.measure(name, p, after) for name, p in self.rules if p.get("weight")
        )
        return int(points + weighted * (1 if objective == "cost" else 1000))

    def rank(self, placement: dict[str, str], objective: str) -> tuple[int, ...]:
        """What each priority's policies cost, lower priorities first, and then the objective."""
        after = self.assignment(placement)
        used = sorted({p["priority"] for _, p in self.rules if p.get("priority") is not None})
        tiers = [
            sum(
                p["weight"] * self.measure(n, p, after)
                for n, p in self.rules
                if p.get("priority") == priority
            )
            for priority in used
        ]
        return (*tiers, self.value(placement, objective))

    def ranks(self, objective: str) -> list[tuple[int, ...]]:
        """The rank of each placement that holds."""
        return [self.rank(p, objective) for p in self.placements() if self.holds(p)]

    def best_rank(self, objective: str) -> tuple[int, ...] | None:
        """The least rank of a placement that holds, None where there is none."""
        return min(self.ranks(objective), default=None)

    def placements(self) -> Iterator[dict[str, str]]:
        """Every placement, good or bad."""
        ids = [id_ for id_, _, _ in self.members]
        for hosts in product(self.hosts, repeat=len(ids)):
            yield dict(zip(ids, hosts, strict=True))

    def best(self, objective: str) -> int | None:
        """The least value of a placement that holds, None where there is none."""
        values = [self.value(p, objective) for p in self.placements() if self.holds(p)]
        return min(values, default=None)
