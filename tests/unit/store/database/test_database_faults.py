"""A database that is locked, gone, or fails at any step of a claim.

The failure is reported in bounded time, nothing is half written, and the server recovers.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client

from benchmarks.races import ask
from groupsolver.api import Loopback, Settings
from groupsolver.api.app import App
from groupsolver.api.services.service import Service
from groupsolver.store.database.engine import _ADVISORY_LOCK
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.draws.histories import content_of
from tests.support.drivers.databases import Postgres

FLEET = {"hosts": [{"name": f"h{i}", "inventory": {"VCPU": 4}} for i in range(3)]}
PLACEMENT = {"placement": {"instances": [{"resources": {"VCPU": 1}, "count": 2, "name": "a"}]}}
KEY = {"Idempotency-Key": "k"}


class Server:
    """An app over a store that waits for others for half a second, and its client."""

    def __init__(self, database: str, lock_wait: float = 0.5) -> None:
        self.app = App(Service(Settings(), Store(database, lock_wait=lock_wait)), Loopback())
        self.client = Client(self.app)
        assert ask(self.client, "PUT", "/v1.0/fleet", FLEET).status_code == 204
        self.group = ask(self.client, "POST", "/v1.0/t/groups", {"group": {}}).get_json()["group"][
            "id"
        ]

    @property
    def store(self) -> Store:
        return self.app.service.store

    def place(self, key: str | None = None) -> Any:
        one = PLACEMENT["placement"]["instances"][0]
        body = {"placement": {"instances": [{**one, "hints": {"group": self.group}}]}}
        headers = {"Host": "127.0.0.1", **({"Idempotency-Key": key} if key else {})}
        where = {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
        return self.client.post("/v1.0/t/placements", json=body, headers=headers, **where)

    def unavailable(self, key: str | None = None) -> None:
        """Place, and see that it is answered in time that the database is not there."""
        start = time.monotonic()
        answer = self.place(key)
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (
            503,
            "store-unavailable",
        )
        assert int(answer.headers["Retry-After"]) >= 1
        assert time.monotonic() - start < 15  # half a second, and whatever else the machine does
        self.at_rest()

    def at_rest(self) -> None:
        """See that no lock, connection or slot is left behind."""
        assert not self.store._writer_lock.locked()
        assert self.store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert (self.app.service.pool.running, self.app.service.pool.waiting) == (0, 0)

    def written(self) -> dict[str, Any]:
        return content_of(SnapshotCache(self.store).snapshot())


@pytest.fixture
def server(database: str) -> Iterator[Server]:
    made = Server(database)
    yield made
    made.app.close()


@pytest.fixture
def on_sqlite(tmp_path: Path, sqlite_made: Path) -> Iterator[Server]:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "a.db"
    path.write_bytes(sqlite_made.read_bytes())
    made = Server(f"sqlite:///{path}")
    yield made
    made.app.close()


def test_sqlite_locked_by_another_program_is_told_and_passes(on_sqlite: Server) -> None:
    before = on_sqlite.written()
    with closing(
        sqlite3.connect(str(on_sqlite.store.engine.url.database), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        on_sqlite.unavailable()
        assert (
            ask(on_sqlite.client, "GET", "/v1.0/t/groups").status_code == 200
        )  # readers do not wait
        other.execute("ROLLBACK")
    assert on_sqlite.written() == before
    assert on_sqlite.place().status_code == 201


def test_postgresql_locked_by_another_server_is_told_and_passes(postgres: Postgres) -> None:
    import psycopg

    address = postgres.new()
    server = Server(address)
    before = server.written()
    with psycopg.connect(address) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        server.unavailable()
        assert ask(server.client, "GET", "/v1.0/t/groups").status_code == 200
    assert server.written() == before
    assert server.place().status_code == 201
    server.app.close()


def test_a_writer_of_the_same_server_that_takes_too_long_is_told_and_passes(server: Server) -> None:
    with server.store.write():
        answer = server.place()
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (
            503,
            "store-unavailable",
        )
    assert server.place().status_code == 201
    server.at_rest()


def test_postgresql_gone_and_back_is_told_and_needs_no_restart(postgres: Postgres) -> None:
    server = Server(postgres.new(), lock_wait=2.0)
    assert server.place().status_code == 201
    before = server.written()
    postgres.stop()
    try:
        server.unavailable()
        assert ask(server.client, "GET", "/healthz").status_code == 503
    finally:
        postgres.start()
    assert server.written() == before
    assert server.place().status_code == 201
    assert ask(server.client, "GET", "/healthz").status_code == 200
    server.app.close()


def test_connections_that_are_cut_in_the_middle_of_a_claim_leave_nothing(
    postgres: Postgres,
) -> None:
    server = Server(postgres.new())
    before = server.written()
    cut: list[str] = []

    def cutting(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO allocations") and not cut:
            cut.append(statement)
            pid = connection.connection.dbapi_connection.info.backend_pid
            postgres.ask(f"SELECT pg_terminate_backend({pid})")

    event.listen(server.store.engine, "before_cursor_execute", cutting)
    server.unavailable()
    assert cut
    assert server.written() == before
    assert server.place().status_code == 201
    server.app.close()


@pytest.mark.skipif(not hasattr(os, "rename"), reason="needs files that can be moved while open")
def test_a_sqlite_folder_that_goes_is_told_and_one_that_comes_back_is_used(
    on_sqlite: Server,
) -> None:
    path = Path(str(on_sqlite.store.engine.url.database))
    before = on_sqlite.written()
    on_sqlite.app.close()  # connections that are open would not notice
    path.parent.rename(path.parent.with_name("away"))
    on_sqlite.unavailable()
    path.parent.with_name("away").rename(path.parent)
    assert on_sqlite.written() == before
    assert on_sqlite.place().status_code == 201


def test_a_sqlite_file_that_is_no_database_is_told_and_left_as_it_is(on_sqlite: Server) -> None:
    path = Path(str(on_sqlite.store.engine.url.database))
    on_sqlite.app.close()
    whole = path.read_bytes()
    path.write_bytes(b"no database at all, but long enough to be looked at " * 100)
    on_sqlite.unavailable()
    assert path.read_bytes().startswith(b"no database")
    path.write_bytes(whole)
    assert on_sqlite.place().status_code == 201


def test_an_error_at_any_statement_of_a_claim_leaves_nothing_and_holds_nothing(
    server: Server,
) -> None:
    assert server.place("first").status_code == 201
    before = server.written()
    # From here on each placement executes the same statements.
    server.app.service.snapshot_cache.snapshot()
    failed: list[str] = []
    for step in range(100):
        failing = _Failing(step, failed)
        event.listen(server.store.engine, "before_cursor_execute", failing)
        answer = server.place(f"key {step}")
        event.remove(server.store.engine, "before_cursor_execute", failing)
        server.at_rest()
        if len(failed) == step:  # it has no more statements than that
            assert answer.status_code == 201
            break
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (
            503,
            "store-unavailable",
        )
        assert server.written() == before
    # Key, placement, instances, allocations, group, journal, revision, and the key's answer.
    changes = {tuple(one.split()[:3]) for one in failed if one.startswith(("INSERT", "UPDATE"))}
    assert len(changes) >= 8
    # Asked again with a key that failed, it is placed: the key was given back with the rest.
    assert server.place("key 3").status_code == 201
    assert len(server.written()["instances"]) == len(before["instances"]) + 4


class _Failing:
    """Fails at one statement, once, and writes down which."""

    def __init__(self, step: int, failed: list[str]) -> None:
        self._left, self._failed = step, failed

    def __call__(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self._left -= 1
        if self._left == -1:
            self._failed.append(statement)
            raise OperationalError(statement, {}, sqlite3.OperationalError("disk I/O error"))


def test_a_commit_that_fails_leaves_nothing_and_holds_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = server.written()
    dialect = server.store.engine.dialect

    def full(connection: Any) -> None:
        raise dialect.loaded_dbapi.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", full)
        server.unavailable()
    assert server.written() == before
    assert server.place().status_code == 201
