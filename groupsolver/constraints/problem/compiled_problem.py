"""A problem over arrays: what is the same for the heuristic, the reduction and the encoding."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from groupsolver.constraints.policy import PerHost
from groupsolver.constraints.problem.problem import Problem, Rule, Size
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints, Mask

T = TypeVar("T")


@dataclass(frozen=True)
class MemberClass:
    """Identical members of one group: counted, not named.

    Attributes
    ----------
    group : str
    size : tuple of (str, int)
        What each takes.
    ids : tuple of str
    """

    group: str
    size: Size
    ids: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many members."""
        return len(self.ids)


class CompiledProblem:
    """One problem over one compiled fleet. Rows are the fleet's rows, H of them.

    Parameters
    ----------
    problem : Problem
    fleet : CompiledFleet

    Attributes
    ----------
    member classes : tuple of MemberClass
    """

    def __init__(self, problem: Problem, fleet: CompiledFleet) -> None:
        self.problem = problem
        self.fleet = fleet
        ids: dict[tuple[str, Size], list[str]] = {}
        for member in problem.new_members:
            ids.setdefault((member.group, member.size), []).append(member.id)
        self.member_classes = tuple(
            MemberClass(group, size, tuple(names)) for (group, size), names in ids.items()
        )
        self._kept: dict[Hashable, object] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what `make` gives, made when first asked for under a key."""
        return self._once(key, make)

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]

    def member_classes_below(self, group: str) -> list[int]:
        """Give the numbers of the member classes below a group."""
        below = self.problem.below[group]
        return self._once(
            ("member_classes", group),
            lambda: [
                i
                for i, member_class in enumerate(self.member_classes)
                if member_class.group in below
            ],
        )

    def rules_counting(self, group: str) -> list[Rule]:
        """Give the rules that look at members of a group: its own, its ancestors', others' that name these."""
        problem = self.problem
        return self._once(
            ("rules", group),
            lambda: [
                rule for rule in problem.rules if group in rule.policy.counted(rule.group, problem)
            ],
        )

    def level(self, rule: Rule) -> str | None:
        """Give the level, or the partition of hosts, at which a rule speaks here."""
        return rule.policy.level_on(self.fleet)

    def suits(self, policy: PerHost) -> Mask:
        """(H,) bool: the hosts that suit a per-host policy."""
        return self._once(("suits", id(policy)), lambda: policy.mask(self.fleet))

    def suited(self, group: str) -> Mask:
        """(H,) bool: hosts that meet the hard per-host policies over a group, room and state aside."""

        def make() -> Mask:
            mask = np.ones(len(self.fleet), dtype=np.bool_)
            for rule in self.problem.rules_over(group):
                if rule.policy.told_hard and isinstance(rule.policy, PerHost):
                    mask &= self.suits(rule.policy)
            return mask

        return self._once(("suited", group), make)

    def running(self, group: str, level: str) -> Ints:
        """(D,) int64: running members of a group in each domain of a level."""

        def make() -> Ints:
            counts = np.zeros(self.fleet.domains(level), dtype=np.int64)
            codes = self.fleet.codes(level)[self._rows_running(group)]
            np.add.at(counts, codes[codes >= 0], 1)
            return counts

        return self._once(("running", group, level), make)

    def running_without_domain(self, group: str, level: str) -> int:
        """How many running members of a group stand in no domain of a level."""
        return int((self.fleet.codes(level)[self._rows_running(group)] < 0).sum())

    def _rows_running(self, group: str) -> Ints:
        below = self.problem.below[group]
        rows = [
            self.fleet.rows[there.host]
            for there in self.problem.running_members
            if there.group in below
        ]
        return np.array(rows, dtype=np.int64)

    def spread_over(self, group: str, level: str) -> Mask:
        """(D,) bool: the domains that ``spread`` counts: with an eligible host, or with running members."""

        def make() -> Mask:
            counted = self.running(group, level) > 0
            codes = self.fleet.codes(level)[self.fleet.enabled & self.suited(group)]
            counted[codes[codes >= 0]] = True
            return counted

        return self._once(("spread", group, level), make)

    def foreign(self, group: str, level: str) -> Mask:
        """(D,) bool: domains with used capacity other than that of the group's own running members."""

        def make() -> Mask:
            busy = self.fleet.busy.copy()
            own: dict[str, dict[str, int]] = {}
            for there in self.problem.running_members:
                if there.group in self.problem.below[group]:
                    uses = own.setdefault(there.host, {})
                    for name, amount in there.resources.items():
                        uses[name] = uses.get(name, 0) + amount
            for host, uses in own.items():
                used = self.fleet.index[host].in_use()
                busy[self.fleet.rows[host]] = any(
                    amount > uses.get(name, 0) for name, amount in used.items()
                )
            foreign = np.zeros(self.fleet.domains(level), dtype=np.bool_)
            codes = self.fleet.codes(level)[busy]
            foreign[codes[codes >= 0]] = True
            return foreign

        return self._once(("foreign", group, level), make)
