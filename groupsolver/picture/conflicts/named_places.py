"""The hosts and domains that the rules of a conflict speak of, to be marked in the drawing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import nlargest
from typing import NamedTuple

from groupsolver.checking.conflict_words import SIZE
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import pieces_of
from groupsolver.constraints.protocols.host_filters import HostFilter, admits
from groupsolver.constraints.protocols.named_places import places_named
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Host
from groupsolver.model.result import ConflictingPolicy, Shortage
from groupsolver.model.units import joined
from groupsolver.model.value import HOST, Domain
from groupsolver.picture.conflicts.numbered_rules import NumberedConflict
from groupsolver.picture.text import count

MAX_PLACES = 200  # of one rule: where all is marked, nothing stands out
MAX_NAMES = 5  # in words
MAX_NEAREST = 3  # hosts with most free of what is short

Rules = tuple[int, ...]  # numbers of rules, ascending


class NamedPlaces:
    """Which rules speak of which hosts and domains.

    Parameters
    ----------
    drawn_levels : collection of str
        The levels that are drawn as frames. A domain of any other is marked host by host.

    Attributes
    ----------
    policies : list of (str, Policy)
        The policies that are rules of the conflicts, with their groups.
    """

    def __init__(self, drawn_levels: Collection[str]) -> None:
        self.drawn_levels = drawn_levels
        self._rules: dict[Domain, Rules] = {}
        self._words: dict[int, str] = {}
        self._marked: set[int] = set()
        self.policies: list[tuple[str, Policy]] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, number: int, places: Sequence[Domain], weight: int, before: str) -> None:
        """Add the places of a rule, unless they are too many to mark.

        Parameters
        ----------
        number : int
            The rule's.
        places : sequence of (str, str)
        weight : int
            As how many places they are drawn.
        before : str
            What its words begin with.
        """
        by_level: dict[str, list[str]] = {}
        for level, name in places:
            by_level.setdefault(level, []).append(name)
        if weight > MAX_PLACES:
            counts = [count(len(names), level) for level, names in by_level.items()]
            self._words[number] = f"{', '.join(counts)}: too many to mark"
            return
        parts = [
            f"{level}{'s' * (len(names) > 1)} {joined(names, MAX_NAMES)}"
            for level, names in by_level.items()
        ]
        if parts:
            self._words[number] = f"{before} {', '.join(parts)}"
            self._marked.add(number)
        for place in places:
            self._rules[place] = (*self._rules.get(place, ()), number)

    def of_domain(self, level: str, name: str | None) -> Rules:
        """Return the rules that speak of a domain."""
        return () if name is None else self._rules.get((level, name), ())

    def of_host(self, host: Host) -> Rules:
        """Return the rules that speak of a host, or of a domain of it that is not drawn."""
        if not self._rules:
            return ()
        found = set(self.of_domain(HOST, host.name))
        for level, name in host.domains.items():
            if level not in self.drawn_levels:
                found.update(self.of_domain(level, name))
        return tuple(sorted(found))

    def marked(self, number: int) -> bool:
        """Return whether any place is marked for a rule."""
        return number in self._marked

    def words(self, number: int) -> str:
        """Return the places of a rule in words; nothing where there are none."""
        return self._words.get(number, "")


class _ConflictPolicy(NamedTuple):
    """A policy, or a piece of one, that is a rule of a conflict."""

    number: int
    group: str
    policy: Policy


def find_named_places(
    problem: Problem, conflicts: Iterable[NumberedConflict], drawn_levels: Collection[str]
) -> NamedPlaces:
    """Return the places that the rules of conflicts speak of.

    - A policy that names places: these.
    - One that looks at each host alone: the hosts that suit, unless all do.
    - One that speaks at a level: the domains where members run that it counts; and those with a
      host that suits by the other rules of the conflict, unless all have one.
    - A resource class that is short: the hosts that suit and have most of it free.
    """
    found = NamedPlaces(drawn_levels)
    for conflict in conflicts:
        _PlaceFinder(problem, conflict, found).find()
    return found


class _PlaceFinder:
    """Finds the places of one conflict's rules."""

    def __init__(self, problem: Problem, conflict: NumberedConflict, found: NamedPlaces) -> None:
        self._problem = problem
        self._conflict = conflict
        self._found = found
        self._policies = list(self._conflict_policies())
        self._suited: dict[str, list[Host]] = {}  # by group

    def find(self) -> None:
        """Add the places of all rules."""
        # A rule that cannot be told from others of its group and kind has the places of all.
        by_rule: dict[int, dict[Domain, None]] = {}
        for number, group, policy in self._policies:
            self._found.policies.append((group, policy))
            by_rule.setdefault(number, {}).update(dict.fromkeys(self._places_of(group, policy)))
        for number, places in by_rule.items():
            self._found.add(number, [*places], self._weight(places), "marked:")
        for number, rule in self._conflict.rules:
            if isinstance(rule, Shortage):
                nearest = self._nearest(rule.resource)
                self._found.add(number, nearest, len(nearest), "marked, most of it is free on:")

    def _weight(self, places: Iterable[Domain]) -> int:
        """Return as how many frames and hosts places are drawn."""
        hosts = self._problem.hosts
        drawn = self._found.drawn_levels
        return sum(
            1 if level == HOST or level in drawn else hosts.number_in(level, name)
            for level, name in places
        )

    def _conflict_policies(self) -> Iterator[_ConflictPolicy]:
        """Yield the policies of the conflict, found by their group, kind and sentence."""
        for number, rule in self._conflict.rules:
            if isinstance(rule, ConflictingPolicy) and rule.group in self._problem.above:
                for policy in self._policies_of(rule):
                    yield _ConflictPolicy(number, rule.group, policy)

    def _policies_of(self, rule: ConflictingPolicy) -> list[Policy]:
        candidates = [
            one.policy
            for one in rules_of(self._problem).of(rule.group)
            if one.policy.kind == rule.policy and one.policy.declared_hard
        ]
        pieces: list[Policy] = []
        for policy in candidates:
            pieces += pieces_of(policy, rule.group, self._problem)
        # A group may have several policies of a kind; the sentence begins with the rule's own.
        exact = []
        for piece in pieces:
            words = piece.describe(rule.group)
            if rule.sentence == words or rule.sentence.startswith(f"{words}; "):
                exact.append(piece)
        return exact or candidates

    def _places_of(self, group: str, policy: Policy) -> Iterator[Domain]:
        named = places_named(policy)
        level = policy.at or HOST
        if named:
            yield from self._known(named.items())
        elif isinstance(policy, HostFilter):
            suited = [host for host in self._problem.hosts if policy.admits(host)]
            if len(suited) < len(self._problem.hosts):
                yield from ((HOST, host.name) for host in suited)
        else:
            yield from self._running_places(group, policy, level)
            if policy.at is not None:
                yield from self._open_places(group, level)

    def _known(self, named: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Domain]:
        """Yield those of some places that the fleet has."""
        hosts = self._problem.hosts
        for level, names in named:
            for name in names:
                if (level == HOST or level in hosts.levels) and hosts.number_in(level, name):
                    yield level, name

    def _running_places(self, group: str, policy: Policy, level: str) -> Iterator[Domain]:
        """Yield where members run that a policy counts."""
        counted = groups_counted(policy, group, self._problem)
        for member in self._problem.running_members:
            if member.group in counted:
                name = self._problem.hosts.domain(member.host, level)
                if name is not None:
                    yield level, name

    def _open_places(self, group: str, level: str) -> Iterator[Domain]:
        """Yield the domains of a level with a host that suits a group, unless all have one."""
        hosts = self._problem.hosts
        suited = self._suited_hosts(group)
        names = {hosts.domain(host.name, level): None for host in suited}
        every = {hosts.domain(host.name, level) for host in hosts if host.enabled}
        if len(names) < len(every):
            yield from ((level, name) for name in names if name is not None)

    def _suited_hosts(self, group: str) -> list[Host]:
        """Return the enabled hosts that suit a group by the rules of the conflict."""
        if group not in self._suited:
            above = self._problem.above[group]
            filters = [one.policy for one in self._policies if one.group in above]
            self._suited[group] = [
                host
                for host in self._problem.hosts
                if host.enabled and all(admits(policy, host) for policy in filters)
            ]
        return self._suited[group]

    def _nearest(self, resource: str) -> list[Domain]:
        """Return the hosts with most free of a resource class, of those that suit its takers."""
        takers = {
            member.group for member in self._problem.new_members if resource in dict(member.size)
        }
        sizes = {one.group for one in self._conflict.rules if _is_size(one.rule)}
        free: dict[str, int] = {}
        for group in sorted(takers & sizes):
            for host in self._suited_hosts(group):
                if host.name not in free:
                    free[host.name] = self._free(resource, host)
        nearest = nlargest(MAX_NEAREST, free, key=lambda name: free[name])
        return [(HOST, name) for name in nearest if free[name] > 0]

    def _free(self, resource: str, host: Host) -> int:
        """Return what is free of a resource class on a host alone, not in a pool."""
        return host.capacity().get(resource, 0) - host.in_use().get(resource, 0)


def _is_size(rule: ConflictingPolicy | Shortage) -> bool:
    return isinstance(rule, ConflictingPolicy) and rule.policy == SIZE
