"""Grants in the store, on every database: kept, told to mirrors, gone with their group."""

from __future__ import annotations

import pytest

from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Grant, Instance, StoredGroup
from groupsolver.store.errors import NotStored
from groupsolver.store.repositories import grants
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories.groups import Page
from groupsolver.store.repositories.hosts import load_fleet
from groupsolver.store.repositories.instances import (
    StoredPlacement,
    add_placement,
    find_instances,
    join_group,
)
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.draws.store_contents import uid

GROUP, OTHER = uid(1), uid(2)


@pytest.fixture
def store(store: Store) -> Store:
    with store.write() as tx:
        load_fleet(tx, Fleet.model_validate({"hosts": [{"name": "h0", "inventory": {"VCPU": 9}}]}))
        for key in (GROUP, OTHER):
            stored.add_group(tx, StoredGroup(key, "blue", "u"))
        placement = StoredPlacement(uid(9), "green", "optimal", 1, 1, 0.0)
        held = [(3, "green", GROUP), (4, "blue", GROUP), (5, "blue", None)]
        found = [
            Instance(uid(i), who, None, group, "h0", {"VCPU": 1}, uid(9)) for i, who, group in held
        ]
        add_placement(tx, placement, found)
    return store


def group(store: Store, key: str = GROUP) -> StoredGroup:
    with store.read() as session:
        return stored.find_group(session, key, None, 0.0)


def grant(store: Store, *tenants: str) -> None:
    for tenant in tenants:
        with store.write() as tx:
            grants.add_grant(tx, group(store), tenant)


def test_a_grant_is_read_back_in_order_and_a_mirror_hears_of_it(store: Store) -> None:
    snapshot_cache = SnapshotCache(store)
    before = snapshot_cache.snapshot().groups[GROUP]
    grant(store, "red", "green")
    with store.read() as session:
        found = grants.list_grants(session, GROUP)
        assert [one.tenant_id for one in found] == ["red", "green"]
        assert grants.find_grant(session, GROUP, "red") == found[0]
        assert isinstance(found[0], Grant)
        assert grants.granted_groups(session, "green", [GROUP, OTHER, uid(77)]) == {GROUP}
    now = snapshot_cache.snapshot().groups[GROUP]
    assert (before.grants, now.grants) == ((), ("red", "green"))
    assert now.generation > before.generation
    assert [now.admits(tenant) for tenant in ("blue", "green", "yellow")] == [True, True, False]
    with store.write() as tx:
        grants.remove_grant(tx, now, "red")
    assert snapshot_cache.snapshot().groups[GROUP].grants == ("green",)
    for tenant in ("red", "blue"):
        with pytest.raises(NotStored), store.write() as tx:
            grants.remove_grant(tx, now, tenant)


def test_members_are_told_by_their_projects(store: Store) -> None:
    found = group(store)
    assert found.members == (uid(3), uid(4))
    assert found.foreign == {uid(3): "green"}
    assert found.members_of("blue") == (uid(4),)
    assert found.members_of("green") == (uid(3),)
    assert found.members_of("red") == ()
    assert SnapshotCache(store).snapshot().groups[GROUP] == found


def test_only_who_may_join_finds_a_group_of_another_project(store: Store) -> None:
    grant(store, "green")
    with store.read() as session:
        for tenant in ("blue", "green"):
            assert stored.find_joinable(session, GROUP, tenant, 0.0).id == GROUP
        for key, tenant in ((GROUP, "red"), (OTHER, "green")):
            with pytest.raises(NotStored):
                stored.find_joinable(session, key, tenant, 0.0)
        for tenant, want in (("green", [GROUP]), ("blue", []), ("red", [])):
            assert [
                one.id for one in stored.list_groups(session, tenant, Page(), 0.0, granted=True)
            ] == want
        with pytest.raises(NotStored):
            stored.list_groups(session, "green", Page(marker=OTHER), 0.0, granted=True)


@pytest.mark.parametrize("way", ["removed", "moved"])
def test_grants_go_with_their_group(store: Store, way: str) -> None:
    grant(store, "green")
    with store.write() as tx:
        if way == "removed":
            stored.remove_group(tx, group(store), force=True)
            stored.add_group(tx, StoredGroup(GROUP, "blue", "u"))
        else:
            stored.change_group(tx, group(store), {"tenant_id": "red"})
    assert group(store).grants == SnapshotCache(store).snapshot().groups[GROUP].grants == ()
    with store.read() as session:
        assert grants.list_grants(session, GROUP) == []


def test_instances_join_and_only_a_projects_own_are_found(store: Store) -> None:
    snapshot_cache = SnapshotCache(store)
    snapshot_cache.snapshot()
    with store.write() as tx:
        assert [one.id for one in find_instances(tx.session, [uid(5), uid(4)], "blue", 0.0)] == [
            uid(4),
            uid(5),
        ]
        join_group(tx, GROUP, find_instances(tx.session, [uid(5)], "blue", 0.0))
        with pytest.raises(NotStored):
            find_instances(tx.session, [uid(5), uid(3)], "blue", 0.0)
    now = snapshot_cache.snapshot()
    assert now.groups[GROUP].members == (uid(3), uid(4), uid(5))
    assert now.instances[uid(5)].group == GROUP
