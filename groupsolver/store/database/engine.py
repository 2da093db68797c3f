"""The database: how it is opened, and how its failures are told."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnection

from groupsolver.errors import BadInput, Fault
from groupsolver.store.errors import StoreUnavailable

LOCK_WAIT = 5.0  # seconds that a writer waits for another
_WRITE = "groupsolver_write"
_LOCK = 0x67726F7570  # of PostgreSQL's advisory locks, one for the fleet
_log = logging.getLogger("groupsolver.store")


def parse_url(text: str) -> URL:
    """Read the database's address. Raises `BadInput` for anything but a SQLite file or PostgreSQL."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except ArgumentError:
        raise _refuse("expected an address such as sqlite:///groupsolver.db") from None
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _refuse(f"expected sqlite or postgresql, found {backend}")
    if url.database in {None, "", ":memory:"}:
        raise _refuse("expected a file: several threads and processes share the database")
    return url


def open_engine(address: str, *, lock_wait: float = LOCK_WAIT, connections: int = 16) -> Engine:
    """Open a database, without talking to it yet.

    Parameters
    ----------
    address : str
        ``sqlite:///file`` or ``postgresql://...``.
    lock_wait : float, default 5
        Seconds that a writer waits for others.
    connections : int, default 16
        At most so many at once.
    """
    url = parse_url(address)
    pool: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": lock_wait}
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(
                url, connect_args={"timeout": lock_wait, "check_same_thread": False}, **pool
            )
            event.listen(engine, "connect", _sqlite_connect)
            event.listen(engine, "begin", _sqlite_begin)
        else:
            # What the address says, and ours: `connect_args` would replace it.
            options = f"{_one(url, 'options')} -c lock_timeout={int(lock_wait * 1000)} -c statement_timeout=60000"
            arguments = {
                "connect_timeout": _one(url, "connect_timeout") or 5,
                "options": options.strip(),
            }
            engine = create_engine(url, pool_pre_ping=True, connect_args=arguments, **pool)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise _refuse(
            "PostgreSQL needs psycopg: install groupsolver with its extra 'postgresql'"
        ) from None
    return engine


def _one(url: URL, key: str) -> str:
    found = url.query.get(key, "")
    return found if isinstance(found, str) else found[-1]


def _refuse(message: str) -> BadInput:
    return BadInput([Fault("wrong-value", "database", message)])


def _sqlite_connect(connection: Any, _: object) -> None:
    connection.isolation_level = (
        None  # the driver's own BEGIN comes too late: `_sqlite_begin` says it
    )
    cursor = connection.cursor()
    _to_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # a claim that was answered outlives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _to_wal(cursor: Any) -> None:
    """Let readers read while somebody writes. SQLite does not wait where others switch a new file at that moment."""
    end = time.monotonic() + LOCK_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def for_reading(engine: Engine) -> Engine:
    """Give the engine for transactions that see one state throughout."""
    return (
        engine
        if engine.dialect.name == "sqlite"
        else engine.execution_options(isolation_level="REPEATABLE READ")
    )


def for_writing(engine: Engine) -> Engine:
    """Give the engine for transactions that come one at a time, once `take_turn` was called in them."""
    options: dict[str, Any] = {_WRITE: True}
    if engine.dialect.name == "postgresql":
        # Whatever the server's default is: a state that was fixed before the turn came would be an old one.
        options["isolation_level"] = "READ COMMITTED"
    return engine.execution_options(**options)


def take_turn(connection: Connection) -> None:
    """Wait until no other writer is at work."""
    if connection.dialect.name == "postgresql":  # SQLite has waited in BEGIN IMMEDIATE
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


@contextmanager
def told() -> Iterator[None]:
    """Turn the failures of a database into `StoreUnavailable`; faults of our own statements stay what they are."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except NoConnection as error:
        _log.warning("no database connection is free")
        raise StoreUnavailable("no database connection is free") from error
    except DBAPIError as error:
        _log.warning("the database failed: %s", error.orig)
        raise StoreUnavailable("the database does not answer, or is locked") from error
