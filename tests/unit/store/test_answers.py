"""Idempotency keys, and claims that end: each answer once, each claim for its time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import KeyInFlight, KeyReused, NotStored, QuotaExceeded
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts, idempotency
from groupsolver.store.repositories.groups import Page
from groupsolver.store.repositories.idempotency import Key
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

KEY = Key("t", "k", "one body")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(database: str, clock: Clock) -> Iterator[Store]:
    with opened(database, clock) as made:
        yield made


def begin(store: Store, key: Key = KEY, patience: float = 60.0) -> tuple[int, object] | None:
    with store.write() as tx:
        return idempotency.begin(tx, key, patience)


def finish(store: Store, key: Key = KEY) -> None:
    with store.write() as tx:
        idempotency.finish(tx, key, 201, {"a": [1, None]})


def test_the_same_body_gets_the_same_answer_for_a_day(timed: Store, clock: Clock) -> None:
    assert begin(timed) is None
    finish(timed)
    clock.now += idempotency.KEPT - 1
    assert begin(timed) == (201, {"a": [1, None]})
    clock.now += 1
    assert begin(timed) is None


def test_another_body_is_refused_and_another_project_has_keys_of_its_own(timed: Store) -> None:
    begin(timed)
    with pytest.raises(KeyReused):
        begin(timed, Key("t", "k", "another body"))
    assert begin(timed, Key("other", "k", "another body")) is None
    finish(timed)
    with pytest.raises(KeyReused):
        begin(timed, Key("t", "k", "another body"))


def test_a_key_in_flight_is_refused_until_it_is_given_back_or_its_server_has_surely_died(
    timed: Store, clock: Clock
) -> None:
    begin(timed)
    with pytest.raises(KeyInFlight):
        begin(timed)
    with timed.write() as tx:
        idempotency.abandon(tx, KEY)
    assert begin(timed) is None
    clock.now += 59
    with pytest.raises(KeyInFlight):
        begin(timed)
    clock.now += 1
    assert begin(timed) is None


def test_of_two_that_hold_one_key_only_one_is_answered(timed: Store, clock: Clock) -> None:
    begin(timed)
    clock.now += 60
    begin(timed)  # the first was taken for dead
    finish(timed)
    with pytest.raises(KeyInFlight):
        finish(timed)
    with timed.write() as tx:
        idempotency.abandon(tx, KEY)  # an answer that is given is not given back
    assert begin(timed) == (201, {"a": [1, None]})


def test_a_project_keeps_so_many_keys_and_no_more_until_the_first_are_a_day_old(
    timed: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 2)
    for name in ("k", "l"):
        begin(timed, Key("t", name, "body"))
        finish(timed, Key("t", name, "body"))
    with pytest.raises(QuotaExceeded, match="at most 2 idempotency keys"):
        begin(timed, Key("t", "m", "body"))
    assert begin(timed, Key("t", "l", "body")) == (201, {"a": [1, None]})
    assert begin(timed, Key("other", "m", "body")) is None
    clock.now += idempotency.KEPT
    assert begin(timed, Key("t", "m", "body")) is None


def test_answers_of_a_project_are_bounded_together_until_the_first_are_a_day_old(
    timed: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # {"a": [1, null]} has 16 characters.
    monkeypatch.setattr(idempotency, "MAX_TEXT", 32)
    for name in ("k", "l"):
        assert begin(timed, Key("t", name, "body")) is None
        finish(timed, Key("t", name, "body"))
        clock.now += 10
    with pytest.raises(QuotaExceeded, match="have 32 characters"):
        begin(timed, Key("t", "m", "body"))
    assert begin(timed, Key("t", "l", "body")) == (201, {"a": [1, None]})
    assert begin(timed, Key("other", "m", "body")) is None
    clock.now += idempotency.KEPT - 20
    assert begin(timed, Key("t", "m", "body")) is None


def test_keys_are_no_part_of_what_changes(timed: Store) -> None:
    before = SnapshotCache(timed).snapshot().revision
    begin(timed)
    finish(timed)
    assert SnapshotCache(timed).snapshot().revision == before


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


def test_a_write_that_is_undone_leaves_what_a_mirror_read_within_it_true(
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
