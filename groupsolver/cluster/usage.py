"""How full a cluster is: by host, by domain, or by application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from groupsolver.cluster.members import ApplicationsState
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.value import HOST

APPLICATION = "application"  # what stands for a level where usage is asked by application


@dataclass(frozen=True)
class Usage:
    """What is in use of a host or a domain, or by an application. Amounts are by resource class.

    Attributes
    ----------
    hosts : int
        How many hosts there are; of an application, on how many it runs.
    members : int
        How many members run there.
    capacity : dict of str to int
        What may be allocated in all; of an application, empty. What hosts take from pools is not
        included.
    others : dict of str to int
        What others use: the hosts' own ``used``.
    taken : dict of str to int
        What running members take.
    free : dict of str to int
        What is left of the capacity, host by host at least 0.
    """

    hosts: int = 0
    members: int = 0
    capacity: Resources = field(default_factory=dict, hash=False)
    others: Resources = field(default_factory=dict, hash=False)
    taken: Resources = field(default_factory=dict, hash=False)
    free: Resources = field(default_factory=dict, hash=False)


def usage_by(state: ApplicationsState, by: str) -> dict[str, Usage]:
    """Return the usage of each host, each domain of a level, or each application.

    Raises
    ------
    BadInput
        Where there is no such level.
    """
    if by == APPLICATION and APPLICATION not in state.fleet.levels:
        return {name: _of_application(name, state) for name in state.definitions}
    if by == HOST:
        return {host.name: _of_hosts([host], state) for host in state.loaded_hosts.values()}
    if by not in state.fleet.levels:
        known = [HOST, *state.fleet.levels, APPLICATION]
        message = f"unknown level {by!r}{nearest(by, known)}; known: {', '.join(known)}"
        raise BadInput([Fault("unknown-level", "by", message)])
    by_domain: dict[str, list[Host]] = {}
    for host in state.loaded_hosts.values():
        if by in host.domains:
            by_domain.setdefault(host.domains[by], []).append(host)
    return {domain: _of_hosts(hosts, state) for domain, hosts in by_domain.items()}


def _of_hosts(hosts: list[Host], state: ApplicationsState) -> Usage:
    names = [host.name for host in hosts]
    return Usage(
        hosts=len(hosts),
        members=sum(len(state.members_on(name)) for name in names),
        capacity=_sum(host.capacity() for host in hosts),
        others=_sum(host.in_use() for host in hosts),
        taken=_sum(state.claimed_of(name) for name in names),
        free=_sum(state.fleet[name].unused() for name in names),
    )


def _of_application(name: str, state: ApplicationsState) -> Usage:
    instances = list(state.instances_of(name))
    return Usage(
        hosts=len({instance.host for instance in instances}),
        members=len(instances),
        taken=_sum(instance.resources for instance in instances),
    )


def _sum(amounts: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for one in amounts:
        for resource, amount in one.items():
            total[resource] = total.get(resource, 0) + amount
    return total
