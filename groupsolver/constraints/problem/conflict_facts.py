"""What the rules of a conflict come to on a fleet: the numbers and names of its sentences."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from groupsolver.constraints.policy import PerHost, number
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.units import joined
from groupsolver.model.value import HOST, INT64_MAX

MAX_NAMES_SHOWN = 5  # names in a sentence


class Facts:
    """An application of a conflict's rules alone, on its fleet.

    Parameters
    ----------
    compiled problem : CompiledProblem
    reveal : bool, default True
        Whether hosts and domains are named; otherwise they are counted.
    """

    def __init__(self, compiled: CompiledProblem, reveal: bool = True) -> None:
        self.compiled = compiled
        self.reveal = reveal

    def new(self, group: str) -> int:
        """How many new members stand below a group."""
        return sum(
            self.compiled.member_classes[member_class].number
            for member_class in self.compiled.member_classes_below(group)
        )

    def size(self, group: str) -> int:
        """How many members stand below a group, running ones too."""
        return self.compiled.problem.size(group)

    def suited(self, member_class: int, *but: PerHost) -> Mask:
        """(H,) bool: hosts that policies allow a member class one by one, some policies aside; whatever room they have."""
        found = np.ones(len(self.compiled.fleet), dtype=np.bool_)
        for rule in self.compiled.problem.rules_over(
            self.compiled.member_classes[member_class].group
        ):
            if isinstance(rule.policy, PerHost) and all(rule.policy is not one for one in but):
                found &= self.compiled.suits(rule.policy)
        return found

    def slots(self, member_class: int, *but: PerHost) -> Ints:
        """(H,) int64: how many of a member class each host could take if nothing else came, some policies aside."""
        what = self.compiled.member_classes[member_class]
        return np.where(
            self.suited(member_class, *but),
            self.compiled.fleet.slots(dict(what.size), what.number),
            0,
        )

    def hosts(self, group: str, *but: PerHost) -> Mask:
        """(H,) bool: the hosts that could take some new member below a group."""
        found = np.zeros(len(self.compiled.fleet), dtype=np.bool_)
        for member_class in self.compiled.member_classes_below(group):
            found |= self.slots(member_class, *but) > 0
        return found

    def domains(self, hosts: Mask, level: str) -> list[str]:
        """Give the names of the domains in which some of the hosts stand, in the fleet's order."""
        fleet = self.compiled.fleet
        codes = set(fleet.codes(level)[hosts].tolist())
        return [name for name in fleet.index.domains(level) if fleet.code(level, name) in codes]

    def levels(self, group: str) -> list[str]:
        """Give the levels above host at which rules that look at a group speak, the fleet's order."""
        below = self.compiled.problem.below[group]
        spoken = {rule.policy.at for one in below for rule in self.compiled.rules_counting(one)}
        return [level for level in self.compiled.fleet.levels if level in spoken]

    def told(self, level: str, names: list[str]) -> str:
        """Give ``"3 racks (r01, r02 and r07)"``, ``"no rack"``; names where they are few and not hidden."""
        if not names:
            return f"no {level}"
        count = number(len(names), level)
        return (
            f"{count} ({joined(names, MAX_NAMES_SHOWN)})"
            if self.reveal and len(names) <= MAX_NAMES_SHOWN
            else count
        )

    def standing(self, hosts: Mask, group: str) -> str:
        """Say in how many domains some hosts stand, of the levels that matter to a group; the hosts where none does."""
        levels = self.levels(group) or [HOST]
        return " and ".join(self.told(level, self.domains(hosts, level)) for level in levels)

    def could(self, level: str, *groups: str) -> str:
        """Say in which domains of a level members of groups could stand where not in all; or how few there are."""
        found = {group: self.domains(self.hosts(group), level) for group in groups}
        all_of_them = len(self.compiled.fleet.index.domains(level))
        parts = [
            f"members of {group} could stand in {self.told(level, names)}"
            for group, names in found.items()
            if len(names) < all_of_them
        ]
        if parts or all_of_them > MAX_NAMES_SHOWN:
            return " and ".join(parts)
        return f"there {'is' if all_of_them == 1 else 'are'} {number(all_of_them, level)}"

    def holds(self, group: str, level: str) -> list[tuple[int, str]]:
        """Give how many new members below a group each domain takes, host by host, the roomiest first."""
        fleet, member_classes = self.compiled.fleet, self.compiled.member_classes_below(group)
        codes = fleet.codes(level)
        most = np.zeros(len(fleet), dtype=np.int64)
        for member_class in member_classes:
            most = np.maximum(most, self.slots(member_class))
        most = np.minimum(most, self.per_host(member_classes))
        sums = np.bincount(codes[codes >= 0], most[codes >= 0], minlength=fleet.domains(level))
        return sorted(
            ((int(sums[fleet.code(level, name)]), name) for name in fleet.index.domains(level)),
            reverse=True,
        )

    def without(self, group: str, level: str, failures: int) -> tuple[list[str], int]:
        """Give the roomiest domains, and how many new members below a group the other hosts take, at most."""
        fleet, member_classes = self.compiled.fleet, self.compiled.member_classes_below(group)
        codes, most = fleet.codes(level), np.zeros(len(fleet), dtype=np.int64)
        for member_class in member_classes:
            most += self.slots(member_class)
        most = np.minimum(np.minimum(most, self.per_host(member_classes)), self.new(group))
        sums = np.bincount(
            codes[codes >= 0], most[codes >= 0], minlength=fleet.domains(level)
        ).astype(np.int64)
        for rule in self.compiled.problem.hard():
            if self.compiled.level(rule) == level and set(member_classes) <= set(
                self.compiled.member_classes_below(rule.group)
            ):
                limit = rule.policy.most_in_one(rule.group, self.compiled)
                sums = sums if limit is None else np.minimum(sums, limit)
        names = sorted(
            fleet.index.domains(level), key=lambda name: -int(sums[fleet.code(level, name)])
        )[:failures]
        lost = sum(int(sums[fleet.code(level, name)]) for name in names)
        return names, int(sums.sum()) + int(most[codes < 0].sum()) - lost

    def roomiest(self, group: str, level: str) -> str:
        """Say how many of a group's new members the roomiest domain of a level takes, where that is not all."""
        number_of, holds = self.new(group), self.holds(group, level)
        if not holds or holds[0][0] >= number_of:
            return ""
        most, name = holds[0]
        if not most:
            return f"no {level} has room for a member of {group}"
        return (
            f"the roomiest {level} takes {most} of {number(number_of, 'new member')}"
            + f" ({name})" * self.reveal
        )

    def per_host(self, member_classes: Collection[int]) -> Ints:
        """(H,) int64: how many members of some member classes together each host may take by rules over all of them."""
        here = Partial(self.compiled, self.compiled.fleet.codes(HOST))
        ceiling = np.full(len(self.compiled.fleet), INT64_MAX, dtype=np.int64)
        for rule in self.compiled.problem.hard():
            if self.compiled.level(rule) == HOST and set(member_classes) <= set(
                self.compiled.member_classes_below(rule.group)
            ):
                room = rule.policy.room(rule.group, here)
                ceiling = ceiling if room is None else np.minimum(ceiling, room)
        return ceiling
