"""`survives` by brute force over plain documents: every loss, and every way to place again.

It shares nothing with the library. The questions after a loss are documents of their own, which the
oracle of all other policies answers.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import combinations, product

from tests.support.oracle import pools
from tests.support.oracle.brute_force import Assignment, Doc, Oracle

Loss = tuple[str, ...]  # domains that are lost together


class Survivors(Oracle):
    """The oracle of applications whose groups may have `survives`."""

    def __init__(self, app: Doc, fleet: Doc) -> None:
        super().__init__(app, fleet)
        self.sizes = dict(self.own_size) | {id_: size for id_, _, size in self.members}
        self._known: dict[str, int] = {}

    def measure(
        self, name: str, policy: Doc, assignments: list[Assignment], fresh_only: bool = False
    ) -> int:
        """The contract's measure; for `survives`, of the worst loss."""
        if policy["kind"] != "survives":
            return super().measure(name, policy, assignments, fresh_only)
        losses = self.losses(name, policy, assignments)
        return max((self.nowhere(name, policy, loss, assignments) for loss in losses), default=0)

    def losses(self, name: str, policy: Doc, assignments: list[Assignment]) -> list[Loss]:
        """Every set of so many domains, with members or without; all domains if there are fewer."""
        level = policy.get("level", "host")
        domains = {self.domain(host, level) for host in self.hosts} - {None}
        known = sorted(map(str, domains))
        return list(combinations(known, min(policy.get("failures", 1), len(known))))

    def used(self, name: str, policy: Doc, assignments: list[Assignment]) -> set[str]:
        """The domains that have members of a group."""
        level = policy.get("level", "host")
        domains = {self.domain(s[2], level) for s in assignments if s[1] in self.below[name]}
        return set(map(str, domains - {None}))

    def lost(
        self, name: str, policy: Doc, loss: Loss, assignments: list[Assignment]
    ) -> list[Assignment]:
        """The members of a group that a loss takes."""
        level = policy.get("level", "host")
        mine = [s for s in assignments if s[1] in self.below[name]]
        return [s for s in mine if self.domain(s[2], level) in loss]

    def question(
        self,
        policy: Doc,
        loss: Loss,
        assignments: list[Assignment],
        again: list[Assignment],
        lost: list[Assignment],
    ) -> Oracle:
        """What is left after a loss, as documents, with the members `again` to be placed.

        What the group's lost members took from pools is free; what others took stays in use.
        """
        level = policy.get("level", "host")
        app = deepcopy(self.app)
        fleet = deepcopy(self.fleet)
        self._change_pools(fleet, [s for s in assignments if s[3]], 1)
        self._change_pools(fleet, lost, -1)
        fleet["hosts"] = [
            host for host in fleet["hosts"] if self.domain(host["name"], level) not in loss
        ]
        left = {host["name"]: host for host in fleet["hosts"]}
        app["existing"] = [
            {"id": id_, "group": group, "host": host, "resources": self.sizes[id_]}
            for id_, group, host, _ in assignments
            if host in left
        ]
        for id_, _, host, new in assignments:
            if new and host in left:
                used = left[host].setdefault("used", {})
                for resource, amount in self.sizes[id_].items():
                    used[resource] = used.get(resource, 0) + amount
        for group in app["groups"]:
            group["members"] = [
                {"id": s[0], "resources": self.sizes[s[0]]} for s in again if s[1] == group["name"]
            ]
            group["policies"] = [
                other
                for other in group.get("policies", [])
                if other["kind"] != "survives" and other.get("weight") is None
            ]
        return Oracle(app, fleet)

    def _change_pools(self, fleet: Doc, members: list[Assignment], sign: int) -> None:
        """Add to the pools, or subtract, what members take from them."""
        sized = [(self.hosts[host], self.sizes[id_]) for id_, _, host, _ in members]
        by_name = {pool["name"]: pool for pool in fleet.get("pools", [])}
        for (name, resource), amount in pools.taken(self.fleet, sized).items():
            used = by_name[name].setdefault("used", {})
            used[resource] = max(0, used.get(resource, 0) + sign * amount)

    def nowhere(self, name: str, policy: Doc, loss: Loss, assignments: list[Assignment]) -> int:
        """The fewest lost members that find no place."""
        lost = self.lost(name, policy, loss, assignments)
        key = repr((name, policy.get("level", "host"), loss, sorted(assignments)))
        if key not in self._known:
            self._known[key] = next(
                left_out
                for left_out in range(len(lost) + 1)
                if self._some_can_return(policy, loss, assignments, lost, len(lost) - left_out)
            )
        return self._known[key]

    def _some_can_return(
        self,
        policy: Doc,
        loss: Loss,
        assignments: list[Assignment],
        lost: list[Assignment],
        number: int,
    ) -> bool:
        """Whether some of the lost members, so many of them, find places together."""
        if not number:
            return True
        return any(
            self.some_way(self.question(policy, loss, assignments, list(again), lost))
            for again in combinations(lost, number)
        )

    @staticmethod
    def some_way(question: Oracle) -> bool:
        ids = [id_ for id_, _, _ in question.members]
        return any(
            question.holds(dict(zip(ids, hosts, strict=True)))
            for hosts in product(question.hosts, repeat=len(ids))
        )

    def valid(
        self,
        name: str,
        policy: Doc,
        loss: Loss,
        assignments: list[Assignment],
        recovery: dict[str, str],
        most: int,
    ) -> bool:
        """Whether a witness keeps every rule, and leaves out at most so many lost members."""
        lost = self.lost(name, policy, loss, assignments)
        again = [s for s in lost if s[0] in recovery]
        if recovery.keys() - {s[0] for s in lost} or len(lost) - len(again) > most:
            return False
        question = self.question(policy, loss, assignments, again, lost)
        return set(recovery.values()) <= question.hosts.keys() and question.holds(recovery)


class InUse(Survivors):
    """The same over domains with members alone.

    Where it gives another measure, a loss of domains without members decides.
    """

    def losses(self, name: str, policy: Doc, assignments: list[Assignment]) -> list[Loss]:
        used = sorted(self.used(name, policy, assignments))
        if not used:
            return []
        return list(combinations(used, min(policy.get("failures", 1), len(used))))
