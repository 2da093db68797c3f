"""What the rules of a conflict come to on a fleet: the numbers and names of its sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.headroom import most_in_one_domain
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.units import count_of, joined
from groupsolver.model.value import HOST, INT64_MAX

MAX_NAMES_SHOWN = 5  # names in a sentence


class Facts:
    """An application of a conflict's rules alone, on its fleet.

    Parameters
    ----------
    compiled : CompiledProblem
    reveal : bool, default True
        Whether hosts and domains are named; otherwise they are counted.
    """

    def __init__(self, compiled: CompiledProblem, reveal: bool = True) -> None:
        self.compiled = compiled
        self.reveal = reveal

    def new(self, group: str) -> int:
        """Return how many new members are below a group."""
        below = self.compiled.member_classes_below(group)
        return sum(self.compiled.member_classes[class_index].number for class_index in below)

    def size(self, group: str) -> int:
        """Return how many members are below a group, running ones too."""
        return self.compiled.problem.size(group)

    def suited(self, class_index: int, *but: HostFilter) -> Mask:
        """Return the hosts that suit a member class, some policies aside, (H,) bool.

        Whatever room these hosts have.
        """
        found = np.ones(len(self.compiled.fleet), dtype=np.bool_)
        group = self.compiled.member_classes[class_index].group
        for rule in rules_of(self.compiled.problem).over(group):
            policy = rule.policy
            if isinstance(policy, HostFilter) and all(policy is not one for one in but):
                found &= suits(self.compiled, policy)
        return found

    def slots(self, class_index: int, *but: HostFilter) -> Ints:
        """Return how many of a member class each host could take alone, (H,) int64."""
        member_class = self.compiled.member_classes[class_index]
        slots = self.compiled.fleet.slots(dict(member_class.size), member_class.number)
        return np.where(self.suited(class_index, *but), slots, 0)

    def hosts(self, group: str, *but: HostFilter) -> Mask:
        """Return the hosts that could take some new member below a group, (H,) bool."""
        found = np.zeros(len(self.compiled.fleet), dtype=np.bool_)
        for class_index in self.compiled.member_classes_below(group):
            found |= self.slots(class_index, *but) > 0
        return found

    def domains(self, hosts: Mask, level: str) -> list[str]:
        """Return the names of the domains that have some of the hosts, in the fleet's order."""
        fleet = self.compiled.fleet
        codes = set(fleet.codes(level)[hosts].tolist())
        return [name for name in fleet.index.domains(level) if fleet.code(level, name) in codes]

    def levels(self, group: str) -> list[str]:
        """Return the levels above host at which rules about a group speak, in the fleet's order."""
        rules = rules_of(self.compiled.problem)
        spoken = {
            rule.policy.at
            for inner in self.compiled.problem.below[group]
            for rule in rules.counting(inner)
        }
        return [level for level in self.compiled.fleet.levels if level in spoken]

    def counted(self, level: str, names: list[str]) -> str:
        """Return ``"3 racks (r01, r02 and r07)"``; names that are many or hidden are left out."""
        if not names:
            return f"no {level}"
        count = count_of(len(names), level)
        if self.reveal and len(names) <= MAX_NAMES_SHOWN:
            return f"{count} ({joined(names, MAX_NAMES_SHOWN)})"
        return count

    def places(self, hosts: Mask, group: str) -> str:
        """Return how many domains have some of the hosts, of the levels that matter to a group.

        Where none does: how many hosts.
        """
        levels = self.levels(group) or [HOST]
        return " and ".join(self.counted(level, self.domains(hosts, level)) for level in levels)

    def could(self, level: str, *groups: str) -> str:
        """Return in which domains of a level members of groups could be, where not in all.

        Where in all: how few domains there are.
        """
        every = len(self.compiled.fleet.index.domains(level))
        parts = []
        for group in groups:
            names = self.domains(self.hosts(group), level)
            if len(names) < every:
                parts.append(f"members of {group} could stand in {self.counted(level, names)}")
        if parts or every > MAX_NAMES_SHOWN:
            return " and ".join(parts)
        return f"there {'is' if every == 1 else 'are'} {count_of(every, level)}"

    def holds(self, group: str, level: str) -> list[tuple[int, str]]:
        """Return how many new members below a group each domain takes, the roomiest first."""
        fleet = self.compiled.fleet
        class_indices = self.compiled.member_classes_below(group)
        most = np.zeros(len(fleet), dtype=np.int64)
        for class_index in class_indices:
            most = np.maximum(most, self.slots(class_index))
        most = np.minimum(most, self.per_host(class_indices))
        sums = self._sums(most, level)
        named = [(int(sums[fleet.code(level, name)]), name) for name in fleet.index.domains(level)]
        return sorted(named, reverse=True)

    def without(self, group: str, level: str, failures: int) -> tuple[list[str], int]:
        """Return the roomiest domains, and how many new members below a group other hosts take."""
        fleet = self.compiled.fleet
        class_indices = self.compiled.member_classes_below(group)
        most = np.zeros(len(fleet), dtype=np.int64)
        for class_index in class_indices:
            most += self.slots(class_index)
        most = np.minimum(np.minimum(most, self.per_host(class_indices)), self.new(group))
        sums = self._sums(most, level)
        for rule in self._hard_over(class_indices, level):
            limit = most_in_one_domain(rule.policy, rule.group, self.compiled)
            if limit is not None:
                sums = np.minimum(sums, limit)
        room = {name: int(sums[fleet.code(level, name)]) for name in fleet.index.domains(level)}
        names = sorted(room, key=lambda name: -room[name])[:failures]
        lost = sum(room[name] for name in names)
        in_no_domain = int(most[fleet.codes(level) < 0].sum())
        return names, int(sums.sum()) + in_no_domain - lost

    def roomiest(self, group: str, level: str) -> str:
        """Return in words how many new members the roomiest domain takes; nothing if all."""
        needed = self.new(group)
        holds = self.holds(group, level)
        if not holds or holds[0][0] >= needed:
            return ""
        most, name = holds[0]
        if not most:
            return f"no {level} has room for a member of {group}"
        shown = f" ({name})" if self.reveal else ""
        return f"the roomiest {level} takes {most} of {count_of(needed, 'new member')}{shown}"

    def per_host(self, class_indices: Collection[int]) -> Ints:
        """Return how many members of some member classes together each host may take, (H,) int64.

        By rules over all of these member classes.
        """
        here = Partial(self.compiled, self.compiled.fleet.codes(HOST))
        most = np.full(len(self.compiled.fleet), INT64_MAX, dtype=np.int64)
        for rule in self._hard_over(class_indices, HOST):
            limits = members_per_host(rule.policy, rule.group, here)
            if limits is not None:
                most = np.minimum(most, limits)
        return most

    def _hard_over(self, class_indices: Collection[int], level: str) -> Iterator[Rule]:
        """Yield the hard rules that speak at a level, of all of some member classes."""
        for rule in rules_of(self.compiled.problem).hard:
            if level_on(rule.policy, self.compiled.fleet) == level:
                below = self.compiled.member_classes_below(rule.group)
                if set(class_indices) <= set(below):
                    yield rule

    def _sums(self, by_host: Ints, level: str) -> Ints:
        """Return the sum over the hosts of each domain, (D,) int64."""
        codes = self.compiled.fleet.codes(level)
        inside = codes >= 0
        sums = np.bincount(
            codes[inside], by_host[inside], minlength=self.compiled.fleet.domains(level)
        )
        return sums.astype(np.int64)
