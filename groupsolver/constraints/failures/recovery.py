"""Lost members placed again, in plain Python.

As many of them as can be: exactly, or as exactly as a number of steps allows.

Depth first, each member on the first host that takes it, identical members in the order of hosts.
What leaving members out can never mend cuts a branch at once; everything else is looked at when
the last member is down. If not all can be placed, one fewer is tried, in every choice of which are
left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from typing import NamedTuple

from groupsolver.constraints.capacity.host_capacity import lacks, takes
from groupsolver.constraints.capacity.link_capacity import overloads
from groupsolver.constraints.capacity.reservations import closed_hosts
from groupsolver.constraints.eligibility import eligible, open_to_members
from groupsolver.constraints.problem.problem import Member, Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import broken_by
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.fleet import Host
from groupsolver.model.result import Placement
from groupsolver.model.value import HOST

STEPS = 4_000  # members put down for one loss, in all ways together
AGAIN = 100  # the same, where a witness shows already how many find a place


class Recovery(NamedTuple):
    """What is known of the members that a loss leaves without a place.

    Attributes
    ----------
    least, most : int
        So many at least, which is proved, and so many at most.
    placement : dict of str to str
        Where the others find a place, `most` being left out.
    """

    least: int
    most: int
    placement: Placement


class _TooLongError(Exception):
    """More steps than allowed."""


def sound(problem: Problem, placement: Mapping[str, str]) -> bool:
    """Return whether room and hard policies allow a placement of some new members alone.

    The new members have ids of their own, as in `State.after`.
    """
    part = _only(problem, placement.keys())
    view, before = View(part, placement), View(part, {})
    return (
        not any(lacks(part, placement, None))
        and not any(closed_hosts(part, placement))
        and not any(overloads(view))
        and not any(
            broken_by(rule.policy, rule.group, view, before) for rule in rules_of(part).hard
        )
    )


def recover(
    problem: Problem,
    given: Mapping[str, str] | None = None,
    steps: int = STEPS,
    stop: Callable[[], bool] = lambda: False,
    level: str = HOST,
) -> Recovery:
    """Place lost members again, as many of them as can be.

    Parameters
    ----------
    problem : Problem
        The lost members as its new members, see `State.after`.
    given : mapping of str to str, optional
        A placement of some of them, such as a witness: taken if it is sound.
    steps : int, default `STEPS`
    stop : callable, optional
        Asked at each step; a true answer ends the search.
    level : str, default "host"
        Hosts come in turn from each of its domains: policies tell those of one domain least apart.
    """
    size = len(problem.new_members)
    known = {member.id for member in problem.new_members}
    best: Placement = {}
    meaningful = (
        given and given.keys() <= known and all(host in problem.hosts for host in given.values())
    )
    if given and meaningful and sound(problem, given):
        best = dict(given)
    if len(best) == size:
        return Recovery(0, 0, best)
    search = _Search(problem, steps, stop, level)
    least = search.hopeless()
    try:
        for out in range(least, size - len(best)):
            for ids in _choices(problem.new_members, out):
                found = search.whole(ids)
                if found is not None:
                    return Recovery(out, out, found)
            least = out + 1
    except _TooLongError:
        if len(search.deepest) > len(best) and sound(problem, search.deepest):
            best = search.deepest
    return Recovery(least, size - len(best), best)


def _only(problem: Problem, ids: Collection[str]) -> Problem:
    """Return a problem with some of its new members alone, which have ids of their own."""
    kept = set(ids)
    if len(kept) == len(problem.new_members):
        return problem
    groups = [
        group.model_copy(update={"members": tuple(one for one in group.members if one.id in kept)})
        for group in problem.app.groups
    ]
    app = problem.app.model_copy(update={"groups": tuple(groups)})
    return Problem(app, problem.hosts, valid=True)


def _class_of(member: Member) -> tuple[object, ...]:
    """Return what identical members have in common."""
    return member.group, member.size


def _choices(new_members: Sequence[Member], out: int) -> Iterator[list[str]]:
    """Yield the ids that stay where so many are left out.

    Identical members are as good as each other: one choice of them is enough.
    """
    in_classes = groupby(sorted(new_members, key=_class_of), key=_class_of)
    classes = [[member.id for member in members] for _, members in in_classes]

    def ways(at: int, left: int) -> Iterator[list[str]]:
        if at == len(classes):
            if not left:
                yield []
            return
        for number in range(min(left, len(classes[at])) + 1):
            for rest in ways(at + 1, left - number):
                yield classes[at][number:] + rest

    return ways(0, out)


class _Search:
    """A depth-first search over the hosts that are open to each member.

    The hosts of a class of members are found as far as they are asked for.
    """

    def __init__(self, problem: Problem, steps: int, stop: Callable[[], bool], level: str) -> None:
        self.problem = problem
        self.level = level
        self.stop = stop
        self.steps = steps
        self._hosts: dict[tuple[object, ...], tuple[list[str], Iterator[str]]] = {}
        self.deepest: Placement = {}  # the most members that were ever down together

    def open_to(self, member: Member, start: int) -> Iterator[tuple[int, str]]:
        """Yield the hosts, from a place on, that take a member when nothing else comes."""
        problem = self.problem
        key = _class_of(member)
        if key not in self._hosts:
            hosts = (
                host.name
                for host in self.in_turn()
                if eligible(problem, member.group, host)
                and open_to_members(problem, member.group, host)
            )
            self._hosts[key] = (
                [],
                (name for name in hosts if takes(problem.hosts, problem.hosts[name], member.size)),
            )
        found, more = self._hosts[key]
        while True:
            while start < len(found):
                yield start, found[start]
                start += 1
            name = next(more, None)
            if name is None:
                return
            found.append(name)

    def in_turn(self) -> Iterator[Host]:
        """Yield all hosts, one of each domain after another; those in none at the end."""
        index, level = self.problem.hosts, self.level
        if level == HOST:
            yield from index
            return
        for rank in zip_longest(*(index.hosts_in(level, name) for name in index.domains(level))):
            yield from (host for host in rank if host is not None)
        yield from (host for host in index if level not in host.domains)

    def hopeless(self) -> int:
        """Return how many members have no host at all."""
        alone = Counter(map(_class_of, self.problem.new_members))
        one = {_class_of(member): member for member in self.problem.new_members}
        return sum(
            number for key, number in alone.items() if next(self.open_to(one[key], 0), None) is None
        )

    def whole(self, ids: list[str]) -> Placement | None:
        """Return a placement of just these, or None. Raises `_TooLongError`."""
        part = _only(self.problem, ids)
        rules = [rule for rule in rules_of(part).hard if rule.policy.monotone]
        before = View(part, {})
        limits = [rule.policy.violations(rule.group, before) for rule in rules]
        order = sorted(
            part.new_members, key=lambda m: (-sum(amount for _, amount in m.size), m.group, m.size)
        )
        placement: Placement = {}
        ways: list[Iterator[tuple[int, str]]] = []
        starts = [0]
        if not order:
            return {} if sound(part, {}) else None
        ways.append(self.open_to(order[0], 0))
        while ways:
            member = order[len(ways) - 1]
            placement.pop(member.id, None)
            at, host = next(ways[-1], (0, None))
            if host is None:
                ways.pop()
                starts.pop()
                continue
            if self.steps <= 0 or self.stop():
                raise _TooLongError
            self.steps -= 1
            placement[member.id] = host
            if not self._still(part, placement, host, rules, limits):
                continue
            if len(placement) > len(self.deepest):
                self.deepest = dict(placement)
            if len(ways) == len(order):
                if sound(part, placement):
                    return dict(placement)
                continue
            following = order[len(ways)]
            starts.append(at if _class_of(following) == _class_of(member) else 0)
            ways.append(self.open_to(following, starts[-1]))
        return None

    @staticmethod
    def _still(
        part: Problem, placement: Placement, host: str, rules: list[Rule], limits: list[int]
    ) -> bool:
        """Return whether what is down so far may be part of a whole."""
        here = {id_: there for id_, there in placement.items() if there == host}
        # Members on other hosts may take from the same pools.
        changed = placement if part.hosts.pools else here
        if any(lacks(part, changed, None)):
            return False
        if not rules:
            return True  # a view lists all members, and this is asked at each step
        view = View(part, placement)
        return all(
            rule.policy.violations(rule.group, view) <= most
            for rule, most in zip(rules, limits, strict=True)
        )
