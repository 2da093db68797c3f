"""`survives` by brute force over plain documents: every loss, and every way to place again.

Shares nothing with the library; the questions after a loss are documents of their own, which the
oracle of all other policies answers.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import combinations, product
from typing import Any

from tests.support.oracle.brute_force import Doc, Oracle


class Survivors(Oracle):
    """The oracle of applications whose groups may have `survives`."""

    def __init__(self, app: Doc, fleet: Doc) -> None:
        super().__init__(app, fleet)
        self.sizes = dict(self.own_size) | {id_: size for id_, _, size in self.members}
        self.known: dict[str, int] = {}

    def measure(self, name: str, policy: Doc, assignment: Any, fresh_only: bool = False) -> int:
        if policy["kind"] != "survives":
            return super().measure(name, policy, assignment, fresh_only)
        return max(
            (
                self.nowhere(name, policy, loss, assignment)
                for loss in self.losses(name, policy, assignment)
            ),
            default=0,
        )

    def losses(self, name: str, policy: Doc, assignment: Any) -> list[tuple[str, ...]]:
        """Return every set of so many domains, all domains where there are fewer."""
        level = policy.get("level", "host")
        known = sorted(
            {
                str(self.domain(host, level))
                for host in self.hosts
                if self.domain(host, level) is not None
            }
        )
        return list(combinations(known, min(policy.get("failures", 1), len(known))))

    def used(self, name: str, policy: Doc, assignment: Any) -> set[str]:
        """The domains in which members of a group stand."""
        level = policy.get("level", "host")
        return {str(self.domain(s[2], level)) for s in assignment if s[1] in self.below[name]} - {
            "None"
        }

    def question(
        self, policy: Doc, loss: tuple[str, ...], assignment: Any, out: list[Any]
    ) -> Oracle:
        """What is left as documents, with `out` as the batch."""
        level = policy.get("level", "host")
        app, fleet = deepcopy(self.app), deepcopy(self.fleet)
        fleet["hosts"] = [
            host for host in fleet["hosts"] if self.domain(host["name"], level) not in loss
        ]
        left = {host["name"]: host for host in fleet["hosts"]}
        app["existing"] = [
            {"id": id_, "group": group, "host": host, "resources": self.sizes[id_]}
            for id_, group, host, _ in assignment
            if host in left
        ]
        for id_, _, host, new in assignment:
            for resource, amount in self.sizes[id_].items() if new and host in left else ():
                used = left[host].setdefault("used", {})
                used[resource] = used.get(resource, 0) + amount
        for group in app["groups"]:
            group["members"] = [
                {"id": s[0], "resources": self.sizes[s[0]]} for s in out if s[1] == group["name"]
            ]
            group["policies"] = [
                p
                for p in group.get("policies", [])
                if p["kind"] != "survives" and p.get("weight") is None
            ]
        return Oracle(app, fleet)

    def nowhere(self, name: str, policy: Doc, loss: tuple[str, ...], assignment: Any) -> int:
        """The fewest lost members that find no place."""
        level = policy.get("level", "host")
        key = repr((name, level, loss, sorted(assignment)))
        if key not in self.known:
            lost = [
                s
                for s in assignment
                if s[1] in self.below[name] and self.domain(s[2], level) in loss
            ]
            if not lost:
                return 0
            self.known[key] = next(
                out
                for out in range(len(lost) + 1)
                for stay in combinations(lost, len(lost) - out)
                if self.some_way(self.question(policy, loss, assignment, list(stay)))
            )
        return self.known[key]

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
        loss: tuple[str, ...],
        assignment: Any,
        recovery: dict[str, str],
        most: int,
    ) -> bool:
        """Whether a witness places what it places by every rule, and leaves out at most so many."""
        level = policy.get("level", "host")
        lost = [
            s for s in assignment if s[1] in self.below[name] and self.domain(s[2], level) in loss
        ]
        stay = [s for s in lost if s[0] in recovery]
        if recovery.keys() - {s[0] for s in lost} or len(lost) - len(stay) > most:
            return False
        question = self.question(policy, loss, assignment, stay)
        return set(recovery.values()) <= question.hosts.keys() and question.holds(recovery)


class InUse(Survivors):
    """The same over domains with members alone, to find where one without decides."""

    def losses(self, name: str, policy: Doc, assignment: Any) -> list[tuple[str, ...]]:
        used = sorted(self.used(name, policy, assignment))
        return list(combinations(used, min(policy.get("failures", 1), len(used)))) if used else []
