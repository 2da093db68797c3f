"""Two answers beside each other, in a few words."""

from __future__ import annotations

from collections import Counter

from groupsolver.constraints.problem.problem import Problem, Size, size_of
from groupsolver.model.result import Result
from groupsolver.model.units import count_of

Kind = tuple[
    str, Size
]  # members of one group that take the same: nothing but their names tells them apart


def compared(problem: Problem, before: Result, other: Problem, after: Result) -> str:
    """Say what became possible or impossible, or how the placements differ."""
    if before.placement is None or after.placement is None:
        return _possible(before, after)
    old, new = _hosts(problem, before.placement), _hosts(other, after.placement)
    both = sum(min(old[kind].total(), new[kind].total()) for kind in old.keys() & new.keys())
    stay = sum((old[kind] & new[kind]).total() for kind in old.keys() & new.keys())
    elsewhere = both - stay
    told = [
        _objective((after.objective or 0) - (before.objective or 0)),
        f"{elsewhere} of {count_of(both, 'member')} {'stands' if elsewhere == 1 else 'stand'} on another host",
    ]
    if more := sum(hosts.total() for hosts in new.values()) - both:
        told.append(f"{count_of(more, 'member')} more")
    if fewer := sum(hosts.total() for hosts in old.values()) - both:
        told.append(f"{fewer} members fewer" if fewer > 1 else "1 member less")
    return "; ".join(told)


def _possible(before: Result, after: Result) -> str:
    if after.placed:
        return (
            "the changes make it possible"
            if before.status == "infeasible"
            else "with the changes it fits"
        )
    if after.status == "infeasible":
        return (
            "the changes make it impossible"
            if before.placed
            else "the changes do not make it possible"
        )
    return "whether it fits with the changes could not be told in time"


def _objective(difference: int) -> str:
    if not difference:
        return "the same objective"
    return f"objective {abs(difference)} {'higher' if difference > 0 else 'lower'}"


def _hosts(problem: Problem, placement: dict[str, str]) -> dict[Kind, Counter[str]]:
    """Count the members on each host, running ones too."""
    found: dict[Kind, Counter[str]] = {}
    for member in problem.new_members:
        found.setdefault((member.group, member.size), Counter())[placement[member.id]] += 1
    for there in problem.running_members:
        found.setdefault((there.group, size_of(there.resources)), Counter())[there.host] += 1
    return found
