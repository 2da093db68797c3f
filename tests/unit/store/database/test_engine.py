"""The database's address, and the transactions that are opened there."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import event, text

from groupsolver.store.database import engine as engine_module
from groupsolver.store.database.engine import open_engine
from groupsolver.store.state.snapshot_cache import SnapshotCache
from tests.support.drivers.databases import Postgres, opened


@pytest.mark.parametrize(
    ("query", "options", "timeout"),
    [
        ("", "-c lock_timeout=5000 -c statement_timeout=60000", 5),
        (
            "?options=-csearch_path%3Dgs&connect_timeout=30",
            "-csearch_path=gs -c lock_timeout=5000 -c statement_timeout=60000",
            "30",
        ),
    ],
)
def test_what_an_address_of_postgresql_says_is_kept(
    query: str, options: str, timeout: object
) -> None:
    pytest.importorskip("psycopg")
    engine = open_engine(f"postgresql://u@nowhere/x{query}")
    found: dict[str, object] = {}

    def connect(
        dialect: object, record: object, arguments: object, named: dict[str, object]
    ) -> None:
        found.update(named)
        raise ZeroDivisionError

    event.listen(engine, "do_connect", connect)
    with pytest.raises(ZeroDivisionError):
        engine.connect()
    assert (found["options"], found["connect_timeout"]) == (options, timeout)


def test_writers_see_what_came_before_their_turn_whatever_isolation_is_the_databases_own(
    postgres: Postgres,
) -> None:
    address = postgres.new()
    strict = f"{address}&options=-cdefault_transaction_isolation%3Drepeatable%5C%20read"
    with opened(strict) as one, opened(strict) as other:
        with one.engine.connect() as connection:
            assert (
                connection.execute(text("SHOW default_transaction_isolation")).scalar_one()
                == "repeatable read"
            )
        for store in (one, other, one):
            with store.write() as tx:
                assert (
                    tx.session.execute(text("SHOW transaction_isolation")).scalar_one()
                    == "read committed"
                )
                tx.note("group", "a")
        assert SnapshotCache(other).snapshot().revision == 3


def test_a_new_file_that_others_switch_at_this_moment_is_tried_again() -> None:
    said: list[str] = []

    class Cursor:
        def execute(self, statement: str) -> None:
            said.append(statement)
            if len(said) < 3:
                raise sqlite3.OperationalError("database is locked")
            if len(said) > 3:
                raise sqlite3.OperationalError("disk I/O error")

    engine_module._enable_wal(Cursor())
    assert said == ["PRAGMA journal_mode = WAL"] * 3
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        engine_module._enable_wal(Cursor())
    assert len(said) == 4
