"""The hosts with what is claimed of them, the groups and the instances, as they are in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable

from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.numa_cell import Cell
from groupsolver.model.value import INT64_MAX
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state.link_reservations import Reserved

_Part = tuple[str | None, str]  # the name of a cell, if any, and a resource class


class MemoryState:
    """One state of all that is stored.

    Parameters
    ----------
    fleet : Fleet
        As it was loaded, without claims; it may have no host.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = compile_fleet(fleet)
        self._loaded: dict[str, Host] = {host.name: host for host in fleet.hosts}
        self._claimed: dict[str, dict[_Part, int]] = {}
        self._groups: dict[str, StoredGroup] = {}
        self._instances: dict[str, Instance] = {}
        self._expiring: dict[str, float] = {}
        self._reserved = Reserved()

    def copy(self) -> MemoryState:
        """Give an image that may change without this one."""
        other = object.__new__(MemoryState)
        other._fleet = self._fleet.copy()
        other._loaded = self._loaded.copy()
        other._claimed = self._claimed.copy()  # amounts of a host are replaced, not changed
        other._groups = self._groups.copy()
        other._instances = self._instances.copy()
        other._expiring = self._expiring.copy()
        other._reserved = self._reserved.copy()
        return other

    def shown(self) -> tuple[CompiledFleet, dict[str, StoredGroup], dict[str, Instance], float]:
        """Give what a snapshot shows."""
        self._fleet.reserve(self._reserved.now(self._groups, self._instances, self._fleet.index))
        return (
            self._fleet,
            self._groups,
            self._instances,
            min(self._expiring.values(), default=math.inf),
        )

    def put_hosts(self, names: Iterable[str], found: Iterable[Host]) -> None:
        """Take the hosts of some names as they are now; those not found are gone."""
        now = {host.name: host for host in found}
        for name in names:
            if name not in now:
                if self._loaded.pop(name, None) is not None:
                    self._fleet.remove(name)
                    self._reserved.moved()
                continue
            known = name in self._loaded
            if not known or self._loaded[name].domains != now[name].domains:
                self._reserved.moved()
            self._loaded[name] = now[name]
            (self._fleet.update if known else self._fleet.add)(self._with_claims(name))

    def put_groups(self, keys: Iterable[str], found: Iterable[StoredGroup]) -> None:
        """Take groups as they are now; those not found are gone."""
        before = {key: group for key in keys if (group := self._groups.pop(key, None))}
        for group in found:
            self._groups[group.id] = group
            self._reserved.group(before.pop(group.id, None), group)
        for gone in before.values():
            self._reserved.group(gone, None)

    def put_instances(self, keys: Iterable[str], found: Iterable[Instance]) -> None:
        """Take instances as they are now; those not found are gone, and what they took is free."""
        touched: dict[str, None] = {}
        for key in keys:
            old = self._instances.pop(key, None)
            self._expiring.pop(key, None)
            if old is not None:
                self._reserved.members(old.group)
                self._claim(old, -1)
                touched[old.host] = None
        for one in found:
            self._instances[one.id] = one
            self._reserved.members(one.group)
            if one.expires is not None:
                self._expiring[one.id] = one.expires
            self._claim(one, 1)
            touched[one.host] = None
        for name in touched:
            if name in self._loaded:
                self._fleet.update(self._with_claims(name))

    def _claim(self, one: Instance, sign: int) -> None:
        claimed = dict(self._claimed.get(one.host, {}))
        for resource, amount in one.resources.items():
            claimed[one.cell, resource] = claimed.get((one.cell, resource), 0) + sign * amount
        left = {part: amount for part, amount in claimed.items() if amount}
        if left:
            self._claimed[one.host] = left
        else:
            self._claimed.pop(one.host, None)

    def _with_claims(self, name: str) -> Host:
        host, claimed = self._loaded[name], self._claimed.get(name)
        if not claimed:
            return host
        used, in_cells = dict(host.used), host.used_in_cells()
        cells: dict[str | None, Cell] = dict(zip(host.cell_names(), host.cells, strict=True))
        for (cell, resource), amount in claimed.items():
            # Of a host that had no cells then, or other ones, nobody knows in which it runs: that is `used`.
            known = cell in cells and resource in cells[cell].inventory
            part = in_cells[cell] if cell is not None and known else used
            part[resource] = min(INT64_MAX, part.get(resource, 0) + amount)
        return host.with_used(used, in_cells)
