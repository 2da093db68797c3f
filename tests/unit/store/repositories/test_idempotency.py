"""Idempotency keys, and claims that end: each answer once, each claim for its time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groupsolver.store.errors import KeyInFlight, KeyReused, QuotaExceeded
from groupsolver.store.repositories import idempotency
from groupsolver.store.repositories.idempotency import Key
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.draws.histories import Clock
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
    clock.now += idempotency.ANSWER_LIFETIME - 1
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
    clock.now += idempotency.ANSWER_LIFETIME
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
    clock.now += idempotency.ANSWER_LIFETIME - 20
    assert begin(timed, Key("t", "m", "body")) is None


def test_keys_are_no_part_of_what_changes(timed: Store) -> None:
    before = SnapshotCache(timed).snapshot().revision
    begin(timed)
    finish(timed)
    assert SnapshotCache(timed).snapshot().revision == before
