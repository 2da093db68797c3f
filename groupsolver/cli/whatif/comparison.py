"""The difference between two answers, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from groupsolver.constraints.problem.problem import Problem, Size, size_of
from groupsolver.model.result import Result
from groupsolver.model.units import count_of

# Group and size: members with the same two differ in nothing but their names.
MemberType = tuple[str, Size]


def compare(problem: Problem, before: Result, other: Problem, after: Result) -> str:
    """Return what became possible or impossible, or how the placements differ.

    Members of one group and size are interchangeable: they count as moved only as far as the
    numbers on the hosts differ. Where ``web`` has 2 members on h1 and 1 on h2 before, and 1 and 2
    after, one is on another host.
    """
    if before.placement is None or after.placement is None:
        return _compare_statuses(before, after)
    old = _members_by_host(problem, before.placement)
    new = _members_by_host(other, after.placement)
    in_both = 0
    on_same_host = 0
    for kind in old.keys() & new.keys():
        in_both += min(old[kind].total(), new[kind].total())
        on_same_host += (old[kind] & new[kind]).total()
    moved = in_both - on_same_host
    verb = "is" if moved == 1 else "are"
    parts = [
        _objective_difference(before, after),
        f"{moved} of {count_of(in_both, 'member')} {verb} on another host",
    ]
    more = _count(new) - in_both
    if more:
        parts.append(f"{count_of(more, 'member')} more")
    fewer = _count(old) - in_both
    if fewer:
        parts.append("1 member less" if fewer == 1 else f"{fewer} members fewer")
    return "; ".join(parts)


def _compare_statuses(before: Result, after: Result) -> str:
    if after.placed:
        proved = before.status == "infeasible"
        return "the changes make it possible" if proved else "with the changes it fits"
    if after.status == "infeasible":
        impossible = "the changes make it impossible"
        return impossible if before.placed else "the changes do not make it possible"
    return "not decided in time whether it fits with the changes"


def _objective_difference(before: Result, after: Result) -> str:
    difference = (after.objective or 0) - (before.objective or 0)
    if not difference:
        return "the same objective"
    return f"objective {abs(difference)} {'higher' if difference > 0 else 'lower'}"


def _members_by_host(
    problem: Problem, placement: Mapping[str, str]
) -> dict[MemberType, Counter[str]]:
    """Count the members on each host, running ones too."""
    counts: dict[MemberType, Counter[str]] = {}
    for member in problem.new_members:
        if member.id in placement:
            kind = (member.group, member.size)
            counts.setdefault(kind, Counter())[placement[member.id]] += 1
    for running in problem.running_members:
        kind = (running.group, size_of(running.resources))
        counts.setdefault(kind, Counter())[running.host] += 1
    return counts


def _count(members: Mapping[MemberType, Counter[str]]) -> int:
    return sum(hosts.total() for hosts in members.values())
