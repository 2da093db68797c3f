"""Hosts that come to a cluster, change, or go: what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator

from groupsolver.cluster.members import ApplicationsState
from groupsolver.errors import Fault, nearest
from groupsolver.model.fleet import Host
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST


def host_faults(host: Host, state: ApplicationsState) -> Iterator[Fault]:
    """Yield what is wrong with a host that comes, or replaces the one of its name."""
    levels = state.fleet.levels
    for level in host.domains:
        if level not in levels:
            listed = ", ".join(levels) or "none"
            message = f"unknown level {level!r}{nearest(level, levels)}; known: {listed}"
            yield Fault("unknown-level", f"host.domains.{level}", message)
    for resource, pool, other in state.pool_claims.loaded.repeated(host):
        message = f"{resource} is in pool {pool!r} and in {other}"
        yield Fault("wrong-value", "host.inventory", message)
    yield from _ambiguous_ends(host, state)


def _ambiguous_ends(host: Host, state: ApplicationsState) -> Iterator[Fault]:
    """Yield the ends of links that would be known at two levels with a host."""
    ends = {end for link in state.fleet.links for end in link.between}
    names = {host.name: HOST}
    for level, domain in host.domains.items():
        names.setdefault(domain, level)
    for name, level in names.items():
        if name not in ends:
            continue
        levels = {level} | {one for one, domain in host.domains.items() if domain == name}
        levels |= _levels_of(name, host.name, state)
        if len(levels) > 1:
            first, second = sorted(levels, key=lambda one: (one != HOST, one))[:2]
            message = f"{name!r} is known at two levels, {first} and {second}"
            yield Fault("ambiguous-name", "host.domains", message)


def _levels_of(name: str, excluded: str, state: ApplicationsState) -> set[str]:
    """Return the levels at which all hosts but one know a name."""
    hosts = state.fleet.index
    found = {HOST} if name in hosts and name != excluded else set()
    for level in hosts.levels:
        if any(host.name != excluded for host in hosts.hosts_in(level, name)):
            found.add(level)
    return found


def in_use_fault(name: str, state: ApplicationsState) -> Fault | None:
    """Return why a host may not go: members run on it. None where none does."""
    members = [state.instances[key].member for key in state.members_on(name)]
    if not members:
        return None
    applications = ", ".join(dict.fromkeys(member.application for member in members))
    message = (
        f"host {name!r} runs {count_of(len(members), 'member')}, of {applications}; "
        "lose_host removes them, too"
    )
    return Fault("host-in-use", "name", message)
