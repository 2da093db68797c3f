"""The state of a cluster in memory: hosts with what is claimed of them, groups and instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Self

from groupsolver.cluster.state.group_table import GroupTable
from groupsolver.cluster.state.link_reservations import (
    LinkReservations,
    MayReserve,
    any_may_reserve,
)
from groupsolver.cluster.state.pool_claims import PoolClaims
from groupsolver.cluster.state.running import G, I
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Resources
from groupsolver.model.value import INT64_MAX

_ClaimKey = tuple[str | None, str]  # the name of a cell, if any, and a resource class


@dataclass(frozen=True)
class StateSnapshot(Generic[G, I]):
    """The state of a cluster at one moment. It is never changed.

    Attributes
    ----------
    fleet : CompiledFleet
        Its hosts' ``used`` includes all claims.
    groups : GroupTable
    instances : dict of str to RunningInstance
    """

    fleet: CompiledFleet
    groups: GroupTable[G]
    instances: dict[str, I]


class ClusterState(Generic[G, I]):
    """The hosts, groups and instances of a cluster, and what the instances claim.

    Parameters
    ----------
    fleet : Fleet
        It may have no host.
    may_reserve : callable, optional
        Whether a `bandwidth` policy of one group may reserve links towards another group. By
        default any may.

    Attributes
    ----------
    fleet : CompiledFleet
        The hosts, with all claims in ``used``.
    loaded_hosts : dict of str to Host
        The hosts as they were loaded, without claims.
    claimed : dict of str to dict
        By host: the amount claimed of each cell and resource class. The inner dicts are replaced
        and never changed.
    groups : GroupTable
    instances : dict of str to RunningInstance
    weightless : dict of str to int
        By group: how many of its members take nothing, where there are any.
    reservations : LinkReservations
    pool_claims : PoolClaims
    """

    def __init__(self, fleet: Fleet, may_reserve: MayReserve = any_may_reserve) -> None:
        self.fleet = compile_fleet(fleet)
        self.loaded_hosts: dict[str, Host] = {host.name: host for host in fleet.hosts}
        self.claimed: dict[str, dict[_ClaimKey, int]] = {}
        self.groups: GroupTable[G] = GroupTable()
        self.instances: dict[str, I] = {}
        self.weightless: dict[str, int] = {}
        self.reservations = LinkReservations(may_reserve=may_reserve)
        self.pool_claims = PoolClaims(self.fleet.index.pools)
        for host in fleet.hosts:
            self.pool_claims.host_changed(host, ())

    def copy(self) -> Self:
        """Return a copy that may change without changing this state."""
        other = type(self).__new__(type(self))
        other.fleet = self.fleet.copy()
        other.loaded_hosts = self.loaded_hosts.copy()
        other.claimed = self.claimed.copy()
        other.groups = self.groups.copy()
        other.instances = self.instances.copy()
        other.weightless = self.weightless.copy()
        other.reservations = self.reservations.copy()
        other.pool_claims = self.pool_claims.copy()
        return other

    def complete(self) -> None:
        """Bring reservations and pools of the fleet up to date, after all changes."""
        reserved = self.reservations.by_domain(self.groups, self.instances, self.fleet.index)
        self.fleet.reserve(reserved)
        self.fleet.replace_pools(self.pool_claims.pools())

    def put_hosts(self, names: Iterable[str], found: Iterable[Host]) -> None:
        """Update the hosts of some names to what was found; those not found are removed."""
        current = {host.name: host for host in found}
        for name in names:
            if name in current:
                self._put_host(current[name])
            elif name in self.loaded_hosts:
                self._remove_host(name)

    def _remove_host(self, name: str) -> None:
        del self.loaded_hosts[name]
        self.fleet.remove(name)
        self.reservations.hosts_changed()

    def _put_host(self, host: Host) -> None:
        before = self.loaded_hosts.get(host.name)
        if before is None or before.domains != host.domains:
            self.reservations.hosts_changed()
        self.loaded_hosts[host.name] = host
        claimed = self.claimed.get(host.name, {})
        self.pool_claims.host_changed(
            host, [(resource, amount) for (_, resource), amount in claimed.items()]
        )
        self.fleet.put(self._with_claims(host.name))

    def put_groups(self, keys: Iterable[str], found: Iterable[G]) -> None:
        """Update groups to what was found; those not found are removed."""
        removed = [key for key in keys if key in self.groups]
        for group in found:
            self.reservations.group_changed(self.groups.get(group.id), group)
            self.groups.put(group)
            if group.id in removed:
                removed.remove(group.id)
        for key in removed:
            self.reservations.group_changed(self.groups[key], None)
            self.groups.remove(key)

    def put_instances(self, keys: Iterable[str], found: Iterable[I]) -> None:
        """Update instances to what was found; those not found are removed, with their claims."""
        touched: dict[str, None] = {}  # an ordered set of hosts
        for key in keys:
            if key in self.instances:
                touched[self._remove_instance(key)] = None
        for instance in found:
            self._add_instance(instance)
            touched[instance.host] = None
        # A host is compiled once, however many of its instances changed.
        for name in touched:
            if name in self.loaded_hosts:
                self.fleet.put(self._with_claims(name))

    def _add_instance(self, instance: I) -> None:
        self.instances[instance.id] = instance
        self.reservations.members_changed(instance.group)
        self._claim(instance, 1)

    def _remove_instance(self, key: str) -> str:
        """Remove an instance, and return its host."""
        instance = self.instances.pop(key)
        self.reservations.members_changed(instance.group)
        self._claim(instance, -1)
        return instance.host

    def _claim(self, instance: I, sign: int) -> None:
        """Add (sign 1) or subtract (sign -1) what an instance takes of its host."""
        if instance.group is not None and not any(instance.resources.values()):
            self.weightless[instance.group] = self.weightless.get(instance.group, 0) + sign
            if not self.weightless[instance.group]:
                del self.weightless[instance.group]
            return
        claimed = dict(self.claimed.get(instance.host, {}))
        for resource, amount in instance.resources.items():
            key = (instance.cell, resource)
            claimed[key] = claimed.get(key, 0) + sign * amount
            self.pool_claims.claim(instance.host, resource, sign * amount)
        remaining = {key: amount for key, amount in claimed.items() if amount}
        if remaining:
            self.claimed[instance.host] = remaining
        else:
            self.claimed.pop(instance.host, None)

    def claimed_of(self, name: str) -> Resources:
        """Return what is claimed of a host, its cells included."""
        amounts: Resources = {}
        for (_, resource), amount in self.claimed.get(name, {}).items():
            amounts[resource] = amounts.get(resource, 0) + amount
        return amounts

    def _with_claims(self, name: str) -> Host:
        """Return a host with what is claimed of it added to its `used`, and to that of its cells.

        A claim on a cell that the host no longer has, or that lacks the resource class, counts as
        the host's own: nobody knows in which cell the instance runs.
        """
        host = self.loaded_hosts[name]
        claimed = self.claimed.get(name)
        if not claimed:
            return host
        used = dict(host.used)
        used_in_cells = host.used_in_cells()
        cells = dict(zip(host.cell_names(), host.cells, strict=True))
        for (cell, resource), amount in claimed.items():
            target = used
            if cell in cells and resource in cells[cell].inventory:
                target = used_in_cells[cell]
            target[resource] = min(INT64_MAX, target.get(resource, 0) + amount)
        return host.with_used(used, used_in_cells)
