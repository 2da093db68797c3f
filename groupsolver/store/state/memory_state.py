"""The stored state in memory: hosts with what is claimed of them, groups and instances."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.model.value import INT64_MAX
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state.link_reservations import LinkReservations
from groupsolver.store.state.pool_claims import PoolClaims

_ClaimKey = tuple[str | None, str]  # the name of a cell, if any, and a resource class


@dataclass
class MemoryState:
    """One state of everything that is stored.

    Attributes
    ----------
    fleet : CompiledFleet
        The hosts, with all claims in ``used``.
    loaded_hosts : dict of str to Host
        The hosts as they were loaded, without claims.
    claimed : dict of str to dict
        By host: the amount claimed of each cell and resource class. The inner dicts are replaced
        and never changed.
    groups : dict of str to StoredGroup
    instances : dict of str to Instance
    expiries : dict of str to float
        By instance: when its unconfirmed claim ends, in seconds since 1970.
    reservations : LinkReservations
    pool_claims : PoolClaims
    """

    fleet: CompiledFleet
    loaded_hosts: dict[str, Host]
    claimed: dict[str, dict[_ClaimKey, int]] = field(default_factory=dict)
    groups: dict[str, StoredGroup] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    expiries: dict[str, float] = field(default_factory=dict)
    reservations: LinkReservations = field(default_factory=LinkReservations)
    pool_claims: PoolClaims = field(default_factory=lambda: PoolClaims(PoolIndex()))

    @classmethod
    def from_fleet(cls, fleet: Fleet) -> MemoryState:
        """Return a state without groups and instances; the fleet may have no host."""
        state = cls(compile_fleet(fleet), {host.name: host for host in fleet.hosts})
        state.pool_claims = PoolClaims(state.fleet.index.pools)
        for host in fleet.hosts:
            state.pool_claims.host_changed(host, ())
        return state

    def copy(self) -> MemoryState:
        """Return a copy that may change without changing this state."""
        return MemoryState(
            self.fleet.copy(),
            self.loaded_hosts.copy(),
            self.claimed.copy(),
            self.groups.copy(),
            self.instances.copy(),
            self.expiries.copy(),
            self.reservations.copy(),
            self.pool_claims.copy(),
        )

    def contents(
        self,
    ) -> tuple[CompiledFleet, dict[str, StoredGroup], dict[str, Instance], float]:
        """Return the fleet, groups, instances and first expiry, as a snapshot shows them."""
        reserved = self.reservations.by_domain(self.groups, self.instances, self.fleet.index)
        self.fleet.reserve(reserved)
        self.fleet.replace_pools(self.pool_claims.pools())
        first_expiry = min(self.expiries.values(), default=math.inf)
        return self.fleet, self.groups, self.instances, first_expiry

    def put_hosts(self, names: Iterable[str], found: Iterable[Host]) -> None:
        """Update the hosts of some names to what was found; those not found are removed."""
        current = {host.name: host for host in found}
        for name in names:
            if name in current:
                self._put_host(current[name])
            elif name in self.loaded_hosts:
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

    def put_groups(self, keys: Iterable[str], found: Iterable[StoredGroup]) -> None:
        """Update groups to what was found; those not found are removed."""
        before = {key: self.groups.pop(key) for key in keys if key in self.groups}
        for group in found:
            self.groups[group.id] = group
            self.reservations.group_changed(before.pop(group.id, None), group)
        for removed in before.values():
            self.reservations.group_changed(removed, None)

    def put_instances(self, keys: Iterable[str], found: Iterable[Instance]) -> None:
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

    def _add_instance(self, instance: Instance) -> None:
        self.instances[instance.id] = instance
        self.reservations.members_changed(instance.group)
        if instance.expires is not None:
            self.expiries[instance.id] = instance.expires
        self._claim(instance, 1)

    def _remove_instance(self, key: str) -> str:
        """Remove an instance, and return its host."""
        instance = self.instances.pop(key)
        self.expiries.pop(key, None)
        self.reservations.members_changed(instance.group)
        self._claim(instance, -1)
        return instance.host

    def _claim(self, instance: Instance, sign: int) -> None:
        """Add (sign 1) or subtract (sign -1) what an instance takes of its host."""
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
