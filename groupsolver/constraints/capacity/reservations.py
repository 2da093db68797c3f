"""Hosts that are reserved for other members, for the checker. Plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from groupsolver.constraints.capacity.host_capacity import Lack
from groupsolver.constraints.eligibility import open_to_members
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.fleet import Host
from groupsolver.model.units import joined

MAX_TRAITS_NAMED = 5  # that a host is reserved for


def closed_hosts(problem: Problem, placement: Mapping[str, str]) -> Iterator[Lack]:
    """Yield the hosts on which members land whose groups do not require what it is reserved for.

    Running members may stay wherever they are.
    """
    if not problem.hosts.reserved_for:
        return
    wrong: Counter[tuple[str, str]] = Counter()
    for member in problem.new_members:
        name = placement.get(member.id)
        if name is None:
            continue
        if not open_to_members(problem, member.group, problem.hosts[name]):
            wrong[name, member.group] += 1
    for (name, group), number in wrong.items():
        reserved = reserved_text(problem.hosts[name])
        yield Lack("reserved", f"{reserved}, which {group} does not require", number)


def reserved_text(host: Host) -> str:
    """Return in words for which members a host is reserved."""
    traits = joined(list(host.reserved_for), MAX_TRAITS_NAMED)
    return f"{host.name} is reserved for members that require {traits}"
