"""Histories of a store, drawn: hosts, fleets, groups, placements and their ends, in writes."""

from __future__ import annotations

from random import Random
from typing import Any

from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import InUse, NotStored
from groupsolver.store.repositories import grants, hosts, instances
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories.instances import (
    StoredPlacement,
    add_placement,
    confirm_placement,
    remove_instances,
)
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.store import Store
from tests.support.draws import applications
from tests.support.draws.cells import cell_of
from tests.support.draws.store_contents import SIZES, TENANTS, StoreContents, uid


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class _Undo(Exception):
    pass


def _undo(undone: bool) -> None:
    if undone:
        raise _Undo


class History:
    """Random writes to a store; that some are refused is no fault."""

    def __init__(self, store: Store, clock: Clock, rnd: Random) -> None:
        self.store, self.clock, self.rnd = store, clock, rnd
        self._number = 0
        self.done: dict[str, int] = {}
        with store.write() as tx:
            hosts.load_fleet(tx, Fleet.model_validate(applications.fleets(rnd)))

    def step(self, *caches: SnapshotCache) -> None:
        """Do one thing. `caches` may be read within it, and again once it was undone."""
        name = self.rnd.choice(
            ("put_host", "remove_host", "load_fleet", "add_group", "change_group", "remove_group")
            + ("place",) * 4
            + (
                "confirm",
                "remove_instance",
                "pass_time",
                "grant",
                "revoke",
                "adopt",
                "release",
                "move_group",
            )
        )
        undone = self.rnd.randint(1, 4) == 1
        try:
            with self.store.write() as tx:
                if self.rnd.randint(1, 2) == 1:
                    for snapshot_cache in caches:
                        snapshot_cache.snapshot_within(tx.session)
                getattr(self, f"_{name}")(tx)
                _undo(undone)
        except (_Undo, InUse, NotStored) as error:
            name = f"{name} {type(error).__name__}"
        self.done[name] = self.done.get(name, 0) + 1

    def _new(self) -> str:
        self._number += 1
        return uid(self._number)

    def _groups(self, tx: WriteTransaction) -> list[StoredGroup]:
        return stored.list_groups(tx.session, None, stored.Page(), tx.now)

    def _instances(self, tx: WriteTransaction) -> list[Instance]:
        return [
            one
            for tenant in TENANTS
            for one in instances.list_instances(tx.session, tenant, stored.Page(), tx.now)
        ]

    def _put_host(self, tx: WriteTransaction) -> None:
        drawn = self.rnd.choice(Fleet.model_validate(applications.fleets(self.rnd)).hosts)
        levels = hosts.read_levels(tx.session)
        domains = {level: name for level, name in drawn.domains.items() if level in levels}
        name = f"h{self.rnd.randint(0, 7)}"
        host = drawn.model_copy(update={"name": name, "domains": domains})
        pools = PoolIndex(hosts.read_fleet(tx.session).pools)
        if not any(pools.repeated(host)):  # a class may not be both the host's and a pool's
            hosts.put_host(tx, host)

    def _host(self, tx: WriteTransaction) -> Host:
        there = hosts.read_fleet(tx.session).hosts
        if not there:
            raise NotStored("host", "any")
        return self.rnd.choice(there)

    def _remove_host(self, tx: WriteTransaction) -> None:
        hosts.remove_host(tx, self._host(tx).name)

    def _load_fleet(self, tx: WriteTransaction) -> None:
        fleet = applications.fleets(self.rnd)
        if self.rnd.randint(1, 3) == 1:
            fleet["levels"] = ["zone", "rack"]
            for pool in fleet.get("pools", []):
                pool.get("domains", {}).pop("feed", None)
            fleet["hosts"] = [
                host
                | {"domains": {key: name for key, name in host["domains"].items() if key != "feed"}}
                for host in fleet["hosts"]
            ]
        held = {one.host for one in self._instances(tx)} if self.rnd.randint(1, 2) == 1 else set()
        names = {host["name"] for host in fleet["hosts"]}
        fleet["hosts"] += [{"name": name} for name in sorted(held - names)]
        hosts.load_fleet(tx, Fleet.model_validate(fleet))

    def _add_group(self, tx: WriteTransaction) -> None:
        tenant = self.rnd.choice(TENANTS)
        there = self._groups(tx)
        mine = [group.id for group in there if group.tenant_id == tenant]
        inside = tuple(self.rnd.sample(mine, min(len(mine), self.rnd.randint(0, 2))))
        group = StoredGroup(
            self._new(),
            tenant,
            "u",
            groups=inside,
            metadata=self.rnd.choice((None, {}, {"a": "b"})),
        )
        world = StoreContents(hosts.read_fleet(tx.session), [*there, group])
        levels = set(hosts.read_levels(tx.session)) | {"host"}
        policies = world.policies(self.rnd, group.id, tenant, 3) if world.fleet.hosts else ()
        kept = tuple(
            one
            for one in policies
            if {one.at or "host", *(getattr(one, "domains", None) or ())} <= levels
        )
        stored.add_group(tx, StoredGroup(**{**group.__dict__, "policies": kept}))

    def _group(self, tx: WriteTransaction) -> StoredGroup:
        there = self._groups(tx)
        if not there:
            raise NotStored("group", "any")
        return self.rnd.choice(there)

    def _change_group(self, tx: WriteTransaction) -> None:
        group = self._group(tx)
        changes: dict[str, Any] = {
            "name": self.rnd.choice((None, "a", "b")),
            "metadata": {"a": "c"},
            "policies": group.policies[1:],
            "groups": group.groups[1:],
        }
        stored.change_group(
            tx, group, {key: changes[key] for key in self.rnd.sample(sorted(changes), 2)}
        )

    def _remove_group(self, tx: WriteTransaction) -> None:
        stored.remove_group(tx, self._group(tx), force=self.rnd.randint(1, 2) == 1)

    def _grant(self, tx: WriteTransaction) -> None:
        group = self._group(tx)
        if others := [tenant for tenant in TENANTS if not group.admits(tenant)]:
            grants.add_grant(tx, group, self.rnd.choice(others))

    def _revoke(self, tx: WriteTransaction) -> None:
        grants.remove_grant(tx, self._group(tx), self.rnd.choice(TENANTS))

    def _adopt(self, tx: WriteTransaction) -> None:
        group = self._group(tx)
        free = [
            one
            for one in self._instances(tx)
            if one.group is None and one.tenant_id == group.tenant_id
        ]
        instances.join_group(tx, group.id, free[:2])

    def _release(self, tx: WriteTransaction) -> None:
        group = self._group(tx)
        members = [one for one in self._instances(tx) if one.group == group.id]
        instances.leave_group(tx, group.id, members[:2])

    def _move_group(self, tx: WriteTransaction) -> None:
        group = self._group(tx)
        if not group.members:
            stored.change_group(
                tx, group, {"tenant_id": self.rnd.choice(TENANTS), "policies": (), "groups": ()}
            )

    def _place(self, tx: WriteTransaction) -> None:
        owner = self._group(tx) if self.rnd.randint(1, 4) > 1 else None
        tenant = (
            self.rnd.choice((owner.tenant_id, *owner.grants)) if owner else self.rnd.choice(TENANTS)
        )
        expires = tx.now + self.rnd.randint(1, 3) if self.rnd.randint(1, 2) == 1 else None
        placement = StoredPlacement(self._new(), tenant, "optimal", 1, 1, 0.0, expires)
        key = owner.id if owner else None
        placed = [
            Instance(
                self._new(),
                tenant,
                None,
                key,
                on.name,
                size,
                placement.id,
                expires,
                cell=cell_of(self.rnd, on),
            )
            for size in self.rnd.sample(SIZES, self.rnd.randint(1, 3))
            for on in [self._host(tx)]
        ]
        add_placement(tx, placement, placed)

    def _confirm(self, tx: WriteTransaction) -> None:
        waiting = [
            one for one in self._instances(tx) if one.expires is not None
        ] or self._instances(tx)
        if waiting:
            one = self.rnd.choice(waiting)
            confirm_placement(tx, one.placement, one.tenant_id)

    def _remove_instance(self, tx: WriteTransaction) -> None:
        there = self._instances(tx)
        remove_instances(tx, self.rnd.sample(there, min(len(there), self.rnd.randint(1, 2))))

    def _pass_time(self, tx: WriteTransaction) -> None:
        self.clock.now += 1


def content_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return everything that a snapshot shows, without its order and rows."""
    return {
        "revision": snapshot.revision,
        "groups": dict(snapshot.groups),
        "instances": dict(snapshot.instances),
        "soonest": snapshot.first_expiry,
        "fleet": _fleet(snapshot.fleet),
        "reserved": dict(snapshot.fleet.index.reserved),
    }


def _fleet(fleet: CompiledFleet) -> dict[str, Any]:
    assert sorted(fleet.rows) == sorted(name for name in fleet.names if name)
    free = [row for row in range(fleet.row_count) if row not in set(fleet.rows.values())]
    assert not fleet.enabled[free].any()
    assert all((codes[free] == -1).all() for codes in fleet._codes.values())
    names = {
        level: {code: name for name, code in of.items()} for level, of in fleet._code_of.items()
    }
    hosts = {}
    for name, row in fleet.rows.items():
        assert fleet.names[row] == name
        columns = {
            key: {
                name: column[row].item()
                for name, column in getattr(fleet, key).items()
                if column[row]
            }
            for key in ("_capacity", "_free", "_unit", "_least", "_step", "_traits", "_reserved")
        }
        domains = {
            level: names[level][codes[row].item()]
            for level, codes in fleet._codes.items()
            if codes[row].item() >= 0
        }
        vectors = {key: getattr(fleet, key)[row].item() for key in ("enabled", "busy", "cost")}
        table = fleet.cells
        cells = {
            key: {
                name: [n for n in column[row].tolist() if n]
                for name, column in getattr(table, key).items()
            }
            for key in ("free", "unit", "least", "step")
        }
        inside = {key for key, column in table.inside.items() if column[row]}
        shown = {key: {name: cells[key][name] for name in sorted(inside)} for key in cells}
        hosts[name] = (fleet.index[name], columns, domains, vectors, shown)
    index = fleet.index
    hosts_by_domain = {
        level: {
            name: sorted(host.name for host in index.hosts_in(level, name))
            for name in index.domains(level)
        }
        for level in index.levels
    }
    return {
        "hosts": hosts,
        "hosts_by_domain": hosts_by_domain,
        "traits": sorted(index.traits()),
        "names": sorted(index.names()),
        "pools": [pool.document() for pool in index.pools.pools],
        "free": {
            name: {host: int(fleet.free(name)[row]) for host, row in fleet.rows.items()}
            for name in ("VCPU", "MEMORY_MB")
        },
    }
