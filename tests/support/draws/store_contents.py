"""Drawn contents of a store: nested groups of several projects, policies and instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from pydantic import TypeAdapter

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import AnyPolicy
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.database.transaction import HistoryPoint
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state.snapshot_cache import Snapshot, snapshot_of
from groupsolver.store.state.stored_state import StoredState
from tests.support.draws import applications
from tests.support.draws.cells import cell_of, used_of
from tests.support.oracle import pools

TENANTS = ("blue", "green")
SIZES = ({"VCPU": 1}, {"VCPU": 1}, {"VCPU": 2, "MEMORY_MB": 1})
_POLICY: TypeAdapter[Policy] = TypeAdapter(AnyPolicy)


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def policy(document: dict[str, Any]) -> Policy:
    return _POLICY.validate_python(document)


def fleet_of(rnd: Random) -> Fleet:
    return Fleet.model_validate(applications.fleets(rnd))


@dataclass
class StoreContents:
    """A fleet, groups and instances, in plain lists."""

    fleet: Fleet
    groups: list[StoredGroup] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)

    def related(self, key: str) -> set[str]:
        """Return a group with all above and below it."""
        below = {group.id: set(group.groups) for group in self.groups}
        found = {key}
        for up in (False, True):
            todo = [key]
            while todo:
                at = todo.pop()
                near = (
                    below.get(at, set())
                    if not up
                    else {over for over, inner in below.items() if at in inner}
                )
                todo += near - found
                found |= near
        return found

    def policies(self, rnd: Random, key: str, tenant: str, most: int) -> tuple[Policy, ...]:
        """Draw policies that a group may have."""
        mine = [group.id for group in self.groups if group.admits(tenant)]
        others = [other for other in mine if other not in self.related(key)]
        found: list[dict[str, Any]] = []
        for _ in range(rnd.randint(0, most)):
            kind = rnd.choice((*applications.KINDS, "exclusive", "apart-from", "near", "spread"))
            if others or kind not in ("near", "apart-from"):
                names = [host.name for host in self.fleet.hosts]
                one = applications.policies(rnd, kind, rnd.randint(1, 4) == 1, others, names)
                if applications._same(one) not in [applications._same(one) for one in found]:
                    found.append(one)
        return tuple(map(policy, found))

    def foreign(self, group: StoredGroup) -> dict[str, str]:
        """Return the projects of a group's members that are not its own project's."""
        inside = [one for one in self.instances if one.group == group.id]
        return {one.id: one.tenant_id for one in inside if one.tenant_id != group.tenant_id}

    def snapshot(self) -> Snapshot:
        """Return it as a snapshot cache shows it."""
        state = StoredState(self.fleet)
        members = {
            group.id: tuple(one.id for one in self.instances if one.group == group.id)
            for group in self.groups
        }
        state.put_groups(
            [],
            [
                _with(group, members=members[group.id], foreign=self.foreign(group))
                for group in self.groups
            ],
        )
        state.put_instances([], self.instances)
        return snapshot_of(state, HistoryPoint(1, ""))

    def document(
        self, batch: dict[str, list[dict[str, Any]]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return documents of an application and a fleet, with new members by group."""
        names = {tenant: f"loose {tenant}" for tenant in TENANTS}
        loose = [
            {"name": name, "members": batch.get(name, []), "tenant_id": one}
            for one, name in names.items()
        ]
        groups: list[dict[str, Any]] = [
            {
                "name": group.id,
                "policies": [one.document() for one in group.policies],
                "groups": list(group.groups),
                "tenant_id": group.tenant_id,
                "members": batch.get(group.id, []),
            }
            for group in self.groups
        ]
        existing = [
            {
                "group": one.group or names[one.tenant_id],
                "id": one.id,
                "host": one.host,
                "resources": one.resources,
            }
            for one in self.instances
        ]
        hosts = []
        for host in self.fleet.hosts:
            document = host.document()
            for one in self.instances:
                if one.host == host.name:
                    for name, amount in one.resources.items():
                        used = used_of(document, one.cell, name)
                        used[name] = used.get(name, 0) + amount
            hosts.append(document)
        fleet = self.fleet.document()
        by_name = {host["name"]: host for host in fleet["hosts"]}
        sized = [(by_name[one.host], one.resources) for one in self.instances]
        taken = pools.taken(fleet, sized)
        for pool in fleet.get("pools", []):
            for (name, resource), amount in taken.items():
                if name == pool["name"]:
                    pool["used"][resource] = pool["used"].get(resource, 0) + amount
        app = {"groups": groups + loose, "existing": existing}
        return app, fleet | {"hosts": hosts}


def _with(group: StoredGroup, **changes: Any) -> StoredGroup:
    return StoredGroup(**{**group.__dict__, **changes})


def world_of(rnd: Random) -> StoreContents:
    """Draw small contents."""
    world = StoreContents(fleet_of(rnd))
    for number in range(rnd.randint(2, 6)):
        tenant = rnd.choice(TENANTS)
        mine = [group.id for group in world.groups if group.tenant_id == tenant]
        inside = (
            rnd.sample(mine, rnd.randint(0, min(2, len(mine)))) if rnd.randint(1, 3) == 1 else []
        )
        grants = tuple(other for other in TENANTS if other != tenant and rnd.randint(1, 3) == 1)
        made = StoredGroup(
            id=uid(number), tenant_id=tenant, user_id="u", groups=tuple(inside), grants=grants
        )
        world.groups.append(made)
    for i, group in enumerate(world.groups):
        world.groups[i] = _with(group, policies=world.policies(rnd, group.id, group.tenant_id, 2))
    # Policies that name a group by a grant that is gone stay, and are void.
    for i, group in enumerate(world.groups):
        if group.grants and rnd.randint(1, 4) == 1:
            world.groups[i] = _with(group, grants=())
    for number in range(rnd.randint(0, 5)):
        owner = rnd.choice([None, *world.groups, *world.groups])
        world.instances.append(instance(rnd, 100 + number, owner, rnd.choice(world.fleet.hosts)))
    return world


def instance(rnd: Random, number: int, owner: StoredGroup | None, host: Host) -> Instance:
    tenant = owner.tenant_id if owner else TENANTS[0]
    if owner and rnd.randint(1, 3) == 1:  # by a grant, though it be gone
        tenant = rnd.choice(TENANTS)
    key = owner.id if owner else None
    size = dict(rnd.choice(SIZES))
    return Instance(
        uid(number), tenant, None, key, host.name, size, uid(900), cell=cell_of(rnd, host)
    )
