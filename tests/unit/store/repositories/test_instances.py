"""Claims that end unconfirmed: hidden from readers at once, and removed by the next writer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import NotStored
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts
from groupsolver.store.repositories.groups import Page
from groupsolver.store.repositories.instances import (
    StoredPlacement,
    add_placement,
    confirm_placement,
    list_instances,
)
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.draws.histories import Clock
from tests.support.draws.store_contents import uid
from tests.support.drivers.databases import opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(database: str, clock: Clock) -> Iterator[Store]:
    with opened(database, clock) as made:
        yield made


@pytest.fixture
def waiting(timed: Store, clock: Clock) -> Store:
    """A placement of two members whose claims end after 10 seconds."""
    expires = clock.now + 10
    with timed.write() as tx:
        hosts.load_fleet(
            tx, Fleet.model_validate({"hosts": [{"name": "h0", "inventory": {"VCPU": 4}}]})
        )
        stored.add_group(tx, StoredGroup(uid(1), "t", "u"))
        made = [
            Instance(uid(i), "t", None, uid(1), "h0", {"VCPU": 1}, uid(9), expires) for i in (2, 3)
        ]
        add_placement(tx, StoredPlacement(uid(9), "t", "optimal", 0, 0, 0.0, expires), made)
    return timed


def free(store: Store) -> int:
    fleet = SnapshotCache(store).snapshot().fleet
    return int(fleet.free("VCPU")[fleet.rows["h0"]])


def test_a_claim_that_nobody_confirms_ends_at_once_for_readers_and_is_swept_by_the_next_writer(
    waiting: Store, clock: Clock
) -> None:
    with waiting.read() as session:
        assert len(list_instances(session, "t", Page(), clock.now + 9.9)) == 2
        assert list_instances(session, "t", Page(), clock.now + 10) == []
        assert stored.find_group(session, uid(1), "t", clock.now + 10).members == ()
    clock.now += 10
    shown = SnapshotCache(waiting).snapshot()
    assert shown.has_expired_claims(clock.now)
    assert not shown.has_expired_claims(clock.now - 0.1)
    with pytest.raises(NotStored), waiting.write() as tx:
        confirm_placement(tx, uid(9), "t")
    # What was swept stays swept, though the write that swept it was refused.
    assert free(waiting) == 4
    assert SnapshotCache(waiting).snapshot().instances == {}


def test_a_claim_that_is_confirmed_stays(waiting: Store, clock: Clock) -> None:
    clock.now += 9
    with pytest.raises(NotStored), waiting.write() as tx:
        confirm_placement(tx, uid(9), "other")
    with waiting.write() as tx:
        placement, members = confirm_placement(tx, uid(9), "t")
    assert (placement.expires, [one.expires for one in members]) == (None, [None, None])
    clock.now += 1000
    with waiting.write() as tx:
        tx.note("group", uid(1))
    assert len(SnapshotCache(waiting).snapshot().instances) == 2
    assert not SnapshotCache(waiting).snapshot().has_expired_claims(clock.now)
    with waiting.write() as tx:  # once more does no harm
        confirm_placement(tx, uid(9), "t")


def test_a_write_that_is_undone_leaves_what_a_cache_read_within_it_true(
    waiting: Store, clock: Clock
) -> None:
    snapshot_cache = SnapshotCache(waiting)
    snapshot_cache.snapshot()
    with waiting.write() as tx:
        stored.add_group(tx, StoredGroup(uid(5), "t", "u"))
    clock.now += 10
    shown = []

    def undone() -> None:
        with waiting.write() as tx:
            shown.append(snapshot_cache.snapshot_within(tx.session))
            stored.add_group(tx, StoredGroup(uid(6), "t", "u"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    (within,) = shown
    assert within.instances == {}
    assert within.groups[uid(1)].members == ()
    after = snapshot_cache.snapshot()
    assert (after.groups, after.instances) == (SnapshotCache(waiting).snapshot().groups, {})
    assert uid(6) not in after.groups
