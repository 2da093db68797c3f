"""A snapshot cache that follows the journal shows what a new one reads; old snapshots stay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from groupsolver.store.database import transaction as journal
from groupsolver.store.database.tables import JournalRow
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state import snapshot_cache as snapshot_cache_module
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.state.stored_state import StoredState
from groupsolver.store.store import Store
from tests.support.draws.histories import Clock, History, content_of
from tests.support.drivers.databases import opened

SEEDS = st.integers(0, 2**40)
_QUIET = [*settings.get_profile("ci").suppress_health_check, HealthCheck.function_scoped_fixture]
STEPS = 30


def new(store: Store) -> dict[str, Any]:
    return content_of(SnapshotCache(store).snapshot())


@pytest.mark.parametrize("trimmed", [False, True], ids=["whole journal", "trimmed journal"])
@settings(max_examples=10, suppress_health_check=_QUIET)
@given(seed=SEEDS)
def test_a_snapshot_cache_that_reads_on_shows_what_a_new_one_reads(
    new_database: Callable[[], str], trimmed: bool, seed: int
) -> None:
    rnd, clock = Random(f"mirror {seed}"), Clock()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        if trimmed:
            patch.setattr(journal, "MAX_JOURNAL_ROWS", 3)
            patch.setattr(journal, "_TRIM_INTERVAL", 2)
        store = stack.enter_context(opened(new_database(), clock))
        history = History(store, clock, rnd)
        snapshot_cache, seldom = SnapshotCache(store), SnapshotCache(store)
        shown = []
        for _ in range(STEPS):
            history.step(snapshot_cache)
            if rnd.randint(1, 2) == 1:
                now = snapshot_cache.snapshot()
                assert content_of(now) == new(store)
                shown.append((now, content_of(now)))
            if rnd.randint(1, 8) == 1:
                assert content_of(seldom.snapshot()) == new(store)
        assert content_of(snapshot_cache.snapshot()) == new(store)
        for snapshot, then in shown:  # snapshots never change
            assert content_of(snapshot) == then


def test_a_snapshot_cache_reads_on_and_reads_anew_only_where_the_journal_does_not_reach(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_JOURNAL_ROWS", 3)
    monkeypatch.setattr(journal, "_TRIM_INTERVAL", 1)
    snapshot_cache = SnapshotCache(store)
    with store.write() as tx:
        tx.note("group", "first")
    snapshot_cache.snapshot()
    read: list[str] = []
    read_everything = snapshot_cache_module._read_everything

    def anew(session: Session) -> StoredState:
        read.append("anew")
        return read_everything(session)

    monkeypatch.setattr(snapshot_cache_module, "_read_everything", anew)

    def write(times: int) -> None:
        for i in range(times):
            with store.write() as tx:
                tx.note("group", f"{i}")

    write(2)
    assert snapshot_cache.snapshot().revision == 3
    assert read == []
    write(3)  # the journal has the last three
    assert snapshot_cache.snapshot().revision == 6
    assert read == ["anew"]


def test_the_journal_is_trimmed_by_rows_and_a_cache_gives_up_on_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_JOURNAL_ROWS", 20)
    monkeypatch.setattr(journal, "_TRIM_INTERVAL", 5)
    monkeypatch.setattr("groupsolver.store.state.snapshot_cache._MAX_JOURNAL_ROWS", 10)
    snapshot_cache = SnapshotCache(store)
    read: list[str] = []
    put = StoredState.put_groups

    def noted(state: StoredState, keys: list[str], found: list[StoredGroup]) -> None:
        read.extend(keys)
        put(state, keys, found)

    monkeypatch.setattr(StoredState, "put_groups", noted)
    for times in (3, 7, 11, 30):
        with store.write() as tx:
            for i in range(times):
                tx.note("group", f"{i}")
        assert snapshot_cache.snapshot().revision == tx.revision
        # The first has nothing to read on from; those after it do, as long as they are few.
        assert len(read) == (7 if times == 7 else 0)
        read.clear()
        with store.read() as session:
            assert len(session.scalars(select(JournalRow.seq)).all()) <= 25


def test_a_snapshot_cache_that_fails_at_reading_shows_the_truth_the_next_time(store: Store) -> None:
    history = History(store, Clock(), Random("fails"))
    snapshot_cache = SnapshotCache(store)
    snapshot_cache.snapshot()
    for _ in range(40):
        history.step()
    for name in ("instances_from_rows", "groups_from_rows"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"groupsolver.store.state.snapshot_cache.{name}", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                snapshot_cache.snapshot()
    assert content_of(snapshot_cache.snapshot()) == new(store)


def test_readers_see_whole_revisions_while_a_writer_writes(store: Store) -> None:
    history = History(store, Clock(), Random("threads"))
    snapshot_cache = SnapshotCache(store)
    wrong: list[str] = []
    seen: set[int] = set()

    def write() -> None:
        for _ in range(60):
            history.step(snapshot_cache)

    writing = Thread(target=write)

    def read() -> None:
        last = -1
        while writing.is_alive():
            now = snapshot_cache.snapshot()
            seen.add(now.revision)
            members = {member for group in now.groups.values() for member in group.members}
            grouped = {one.id for one in now.instances.values() if one.group is not None}
            if members != grouped or now.revision < last:
                wrong.append(f"{now.revision} after {last}: {members ^ grouped}")
            last = now.revision

    readers = [Thread(target=read) for _ in range(3)]
    for thread in (writing, *readers):
        thread.start()
    for thread in (writing, *readers):
        thread.join(timeout=60)
    assert wrong == []
    assert len(seen) > 3
    assert content_of(snapshot_cache.snapshot()) == new(store)
