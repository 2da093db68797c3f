"""Whether what hosts have in use covers the running members whose sizes are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Application, Existing
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources


def require_covered(app: Application[Any], hosts: HostIndex) -> None:
    """Refuse running members that take more than their host, or their cell, has in use.

    The capacity that such members take would count as free, and others would be placed on it.
    Members without a size of their own are not counted: the answer of a solve may come back as
    `existing` on an unchanged fleet.

    Raises
    ------
    BadInput
        ``uncovered-member``, at the first member of each host.
    """
    faults = list(_uncovered(app, hosts))
    if faults:
        raise BadInput(faults)


def _uncovered(app: Application[Any], hosts: HostIndex) -> Iterator[Fault]:
    by_host: dict[str, list[tuple[int, Existing]]] = {}
    for index, member in enumerate(app.existing):
        has_size = member.flavor is not None or member.resources is not None
        if has_size and member.host in hosts:
            by_host.setdefault(member.host, []).append((index, member))
    for name, members in by_host.items():
        first = members[0][0]
        for place, used, taken in _compared(
            app, hosts[name], members, hosts.pools.classes_of(hosts[name])
        ):
            for resource, amount in taken.items():
                in_use = used.get(resource, 0)
                if amount > in_use:
                    message = (
                        f"the running members on {place} take {amount} {resource}, and its used "
                        f"is {in_use}; expected used to include them"
                    )
                    yield Fault("uncovered-member", f"existing[{first}]", message)
    yield from _uncovered_in_pools(app, hosts, by_host)


def _uncovered_in_pools(
    app: Application[Any], hosts: HostIndex, by_host: dict[str, list[tuple[int, Existing]]]
) -> Iterator[Fault]:
    """Yield the pools of which running members take more than is in use."""
    if not hosts.pools:
        return
    taken: dict[tuple[str, str], int] = {}
    first: dict[tuple[str, str], int] = {}
    for name, members in by_host.items():
        for index, member in members:
            for share in hosts.pools.shares(hosts[name], app.resources(member).items()):
                key = share.pool, share.resource
                taken[key] = taken.get(key, 0) + share.amount
                first[key] = min(index, first.get(key, index))
    for (pool, resource), amount in taken.items():
        in_use = hosts.pools[pool].used.get(resource, 0)
        if amount > in_use:
            message = (
                f"the running members that take from pool {pool!r} take {amount} {resource}, and "
                f"its used is {in_use}; expected used to include them"
            )
            yield Fault("uncovered-member", f"existing[{first[pool, resource]}]", message)


def _compared(
    app: Application[Any],
    host: Host,
    members: list[tuple[int, Existing]],
    pooled: Collection[str],
) -> Iterator[tuple[str, Resources, Resources]]:
    """Yield a host, and each of its cells, with what is in use and what members take of it.

    What they take from pools is left out.
    """
    classes = host.cell_classes()
    in_host: Resources = {}
    in_cells: dict[str, Resources] = {}
    for _, member in members:
        for resource, amount in app.resources(member).items():
            if resource in pooled:
                continue
            in_host[resource] = in_host.get(resource, 0) + amount
            if member.cell is not None and resource in classes:
                in_cell = in_cells.setdefault(member.cell, {})
                in_cell[resource] = in_cell.get(resource, 0) + amount
    yield f"host {host.name!r}", host.in_use(), in_host
    used_in_cells = host.used_in_cells()
    for cell, taken in in_cells.items():
        if cell in used_in_cells:  # an unknown cell is a fault of its own
            yield f"cell {cell!r} of host {host.name!r}", used_in_cells[cell], taken
