"""A database whose history went back under a running server, for example a restored backup."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event, Thread

import pytest

from groupsolver.cluster.claim import Contended
from groupsolver.model.fleet import Fleet
from groupsolver.store.database.transaction import history_point_of
from groupsolver.store.entities import StoredGroup
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts
from groupsolver.store.repositories.claims import PlacementClaim, commit
from groupsolver.store.repositories.instances import StoredPlacement, remove_instances
from groupsolver.store.state.project_scope import RequestedInstance, RequestedPlacement
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.store import Store
from tests.support.claims import claim_on
from tests.support.draws.histories import content_of
from tests.support.draws.store_contents import uid
from tests.support.drivers.databases import opened

FLEET = Fleet.model_validate({"hosts": [{"name": "h0", "inventory": {"VCPU": 4}}]})


class Server:
    """A store with its snapshot cache, as in one process."""

    def __init__(self, store: Store) -> None:
        self.store, self.snapshot_cache = store, SnapshotCache(store)

    def claim(self, number: int, on: Snapshot) -> PlacementClaim:
        """All of the one host, as it was placed on some snapshot."""
        requested = RequestedPlacement(
            "t", (RequestedInstance(uid(number), None, None, {"VCPU": 4}),), "pack", {}
        )
        placement = StoredPlacement(uid(number + 1), "t", "optimal", 0, 0, 0.0)
        return claim_on(on, requested, {uid(number): "h0"}, placement)

    def place(self, number: int) -> None:
        commit(self.store, self.snapshot_cache, self.claim(number, self.snapshot_cache.snapshot()))

    def write(self, number: int) -> None:
        with self.store.write() as tx:
            stored.add_group(tx, StoredGroup(uid(number), "t", "u"))


def copied(source: Path, target: Path) -> None:
    """Copy a database into another, which may be open, as SQLite's own backup does."""
    one, other = sqlite3.connect(source), sqlite3.connect(target)
    one.backup(other)
    one.close()
    other.close()


@pytest.mark.parametrize(
    "after", [1, 2, 3, 4, 6], ids=lambda after: f"revision {after + 1} after 4"
)
@pytest.mark.parametrize("looks", [False, True], ids=["claims at once", "looks first"])
def test_a_restored_backup_is_seen_wherever_its_own_history_has_come_to(
    tmp_path: Path, sqlite_made: Path, after: int, looks: bool
) -> None:
    path, backup = tmp_path / "a.db", tmp_path / "backup.db"
    copied(sqlite_made, path)
    with opened(f"sqlite:///{path}") as store, opened(f"sqlite:///{path}") as elsewhere:
        one, other = Server(store), Server(elsewhere)
        with store.write() as tx:
            hosts.load_fleet(tx, FLEET)
        copied(path, backup)
        for number in (1, 2, 3):
            one.write(number)
        before = one.snapshot_cache.snapshot()
        claim = one.claim(50, before)
        copied(backup, path)
        other.place(60)
        for number in range(1, after):
            other.write(10 + number)
        if looks:
            assert content_of(one.snapshot_cache.snapshot()) == content_of(
                SnapshotCache(store).snapshot()
            )
        with pytest.raises(Contended):
            commit(store, one.snapshot_cache, claim)
        assert list(one.snapshot_cache.snapshot().instances) == [uid(60)]
        assert content_of(one.snapshot_cache.snapshot()) == content_of(
            SnapshotCache(store).snapshot()
        )
        with store.write() as tx:
            remove_instances(tx, list(one.snapshot_cache.snapshot().instances.values()))
        one.place(50)
        assert content_of(other.snapshot_cache.snapshot()) == content_of(
            SnapshotCache(store).snapshot()
        )


def test_a_transaction_that_is_older_than_what_others_read_shows_what_they_read(
    store: Store,
) -> None:
    server = Server(store)
    server.write(1)
    server.snapshot_cache.snapshot()
    begun, go_on, shown = Event(), Event(), []
    seen = server.snapshot_cache._current

    def late() -> None:
        known = server.snapshot_cache._history_point.revision
        with store.read() as session:
            history_point_of(session)  # its state is fixed here
            begun.set()
            assert go_on.wait(30)
            shown.append(seen(session, known))

    thread = Thread(target=late)
    thread.start()
    assert begun.wait(30)
    server.write(2)
    now = server.snapshot_cache.snapshot()
    go_on.set()
    thread.join(30)
    assert shown == [now]
    assert server.snapshot_cache.snapshot() is now
