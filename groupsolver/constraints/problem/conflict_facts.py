"""What the rules of a conflict come to on a fleet: the findings of its sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cached_property

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.findings import (
    MAX_NAMES_SHOWN,
    DomainOfRunning,
    DomainsOfLevel,
    Finding,
    PossibleDomains,
    RoomiestDomain,
    RunningDomains,
)
from groupsolver.constraints.problem.member_bounds import MemberBounds
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.value import HOST

Findings = tuple[Finding, ...]


class Facts:
    """An application of a conflict's rules alone, on its fleet.

    Parameters
    ----------
    compiled : CompiledProblem
    stop : callable, optional
        Whether no time is left for more facts; by default there always is.
    """

    def __init__(self, compiled: CompiledProblem, stop: Callable[[], bool] = lambda: False) -> None:
        self.compiled = compiled
        self.stop = stop

    @cached_property
    def bounds(self) -> MemberBounds:
        """How many members hosts and domains take at most."""
        return MemberBounds(self.compiled)

    @cached_property
    def own_new(self) -> Counter[str]:
        """How many new members each group has by itself."""
        found: Counter[str] = Counter()
        for member_class in self.compiled.member_classes:
            found[member_class.group] += member_class.number
        return found

    @cached_property
    def own_running(self) -> Counter[str]:
        """How many running members each group has by itself."""
        return Counter(member.group for member in self.compiled.problem.running_members)

    def new(self, group: str) -> int:
        """Return how many new members are below a group."""
        below = self.compiled.member_classes_below(group)
        return sum(self.compiled.member_classes[class_index].number for class_index in below)

    def size(self, group: str) -> int:
        """Return how many members are below a group, running ones too."""
        return self.compiled.problem.size(group)

    def runs(self, group: str) -> bool:
        """Return whether some member below a group runs."""
        return bool(self.compiled.problem.running(group))

    def hosts(self, group: str, *but: HostFilter) -> Mask:
        """Return the hosts that have room for some new member below a group, (H,) bool.

        They suit it, some policies aside.
        """
        found = np.zeros(self.compiled.fleet.row_count, dtype=np.bool_)
        for class_index in self.compiled.member_classes_below(group):
            found |= self.bounds.room(class_index, *but) > 0
        return found

    def domains(self, hosts: Mask, level: str) -> tuple[str, ...]:
        """Return the names of the domains that have some of the hosts, in the fleet's order."""
        fleet = self.compiled.fleet
        codes = set(fleet.codes(level)[hosts].tolist())
        names = fleet.index.domains(level)
        return tuple(name for name in names if fleet.code(level, name) in codes)

    def outside(self, hosts: Mask, level: str) -> bool:
        """Return whether some of the hosts are in no domain of a level."""
        return bool((self.compiled.fleet.codes(level)[hosts] < 0).any())

    def running_domains(self, group: str, level: str) -> tuple[str, ...]:
        """Return the domains in which members below a group run, in the fleet's order."""
        fleet = self.compiled.fleet
        counts = self.compiled.running(group, level)
        names = fleet.index.domains(level)
        return tuple(name for name in names if counts[fleet.code(level, name)])

    def levels(self, group: str) -> list[str]:
        """Return the levels above host at which rules about a group speak, in the fleet's order."""
        rules = rules_of(self.compiled.problem)
        spoken = {
            rule.policy.at
            for inner in self.compiled.problem.below[group]
            for rule in rules.counting(inner)
        }
        return [level for level in self.compiled.fleet.levels if level in spoken]

    def places(self, hosts: Mask, group: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the domains that have some of the hosts, of the levels that matter to a group.

        Where none does: the hosts.
        """
        levels = self.levels(group) or [HOST]
        return tuple((level, self.domains(hosts, level)) for level in levels)

    def could(self, level: str, *groups: str) -> Findings:
        """Return in which domains of a level members of groups could be, where not in all.

        Where in all: how few domains there are.
        """
        every = self.compiled.fleet.index.number_of_domains(level)
        found: list[Finding] = []
        for group in groups:
            if self.new(group):
                names = self.domains(self.hosts(group), level)
                if len(names) < every:
                    found.append(PossibleDomains(group, level, names, self.runs(group)))
            if self.runs(group):
                found.append(RunningDomains(group, level, self.running_domains(group, level)))
        if found or every > MAX_NAMES_SHOWN:
            return tuple(found)
        return (DomainsOfLevel(level, every),)

    def holds(self, group: str, level: str) -> dict[str, int]:
        """Return how many new members below a group each domain takes at most."""
        fleet = self.compiled.fleet
        classes = self.compiled.member_classes_below(group)
        bounds, _ = self.bounds.in_domains(classes, level)
        return {name: int(bounds[fleet.code(level, name)]) for name in fleet.index.domains(level)}

    def without(self, group: str, level: str, failures: int) -> tuple[tuple[str, ...], int]:
        """Return the roomiest domains, and how many new members below a group other hosts take."""
        classes = self.compiled.member_classes_below(group)
        holds = self.holds(group, level)
        _, in_none = self.bounds.in_domains(classes, level)
        names = sorted(holds, key=lambda name: -holds[name])[:failures]
        left = sum(holds.values()) - sum(holds[name] for name in names)
        return tuple(names), min(left + in_none, self.new(group))

    def roomiest(self, group: str, level: str) -> Findings:
        """Return how many new members the place takes that they have to share; nothing if all.

        Where members run already, that is the place where they do.
        """
        members = self.new(group)
        holds = self.holds(group, level)
        if self.runs(group):
            if self.compiled.running_without_domain(group, level):
                return ()  # they are in no domain, and no other member can be with them
            names = self.running_domains(group, level)
            takes = sum(holds[name] for name in names)
            if takes >= members:
                return ()
            return (DomainOfRunning(group, level, names, takes, members),)
        if not holds:
            return ()
        roomiest = max(holds, key=lambda name: holds[name])
        if holds[roomiest] >= members:
            return ()
        return (RoomiestDomain(group, level, roomiest, holds[roomiest], members),)
