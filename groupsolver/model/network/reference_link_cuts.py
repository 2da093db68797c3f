"""Cuts of the network for the checker: in plain loops, over hosts as values.

Shares no code with `groupsolver.model.network.link_cuts`, which has the definition of a cut, so
that each can find faults of the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from groupsolver.model.fleet import Host, Link
from groupsolver.model.value import HOST, Domain

HostsOf = Mapping[str, Mapping[str, Collection[str]]]  # level -> domain -> names of its hosts


def free_bandwidth(
    links: Iterable[Link], hosts: Mapping[str, Host], hosts_of: HostsOf
) -> dict[Domain, int]:
    """Return the free bandwidth of each cut that is bounded, in Mbit/s.

    Takes O(hosts x levels + links).

    Parameters
    ----------
    links : iterable of Link
    hosts : mapping of str to Host
        By name.
    hosts_of : mapping of str to mapping of str to collection of str
        The names of the hosts of each domain of each level, in the order of the fleet's levels.
    """
    containers: dict[str, set[Domain]] = {}
    free: dict[Domain, int] = {}
    unbounded: set[Domain] = set()
    for link in links:
        for end in link.between:
            if end not in containers:
                containers[end] = _containers_of(end, hosts, hosts_of)
        one, other = link.between
        # The link leaves the domains inside which exactly one of its ends lies.
        for domain in containers[one] ^ containers[other]:
            if link.bandwidth_mbps is None:
                unbounded.add(domain)
            else:
                left = max(0, link.bandwidth_mbps - link.used_mbps)
                free[domain] = free.get(domain, 0) + left
    return {domain: mbps for domain, mbps in free.items() if domain not in unbounded}


def _containers_of(end: str, hosts: Mapping[str, Host], hosts_of: HostsOf) -> set[Domain]:
    """Return the domains inside which an end of a link lies."""
    if end in hosts:
        return {(HOST, end), *hosts[end].domains.items()}
    levels = list(hosts_of)
    for depth, level in enumerate(levels):
        members = hosts_of[level].get(end, ())
        if not members:
            continue
        shared = set.intersection(*(set(hosts[name].domains.items()) for name in members))
        containers = {(level, end)}
        for outer, name in shared - containers:
            larger = len(hosts_of[outer][name]) > len(members)
            # Of domains with the same hosts, one lies inside those of earlier levels.
            if larger or depth > levels.index(outer):
                containers.add((outer, name))
        return containers
    return set()  # a switch
