"""The database connection: how it is opened, and how its failures are reported."""

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
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from groupsolver.errors import BadInput, Fault
from groupsolver.store.errors import StoreUnavailable

LOCK_WAIT = 5.0  # seconds that a writer waits for another
_WRITE_OPTION = "groupsolver_write"  # execution option of writing transactions
_ADVISORY_LOCK = 0x67726F7570  # PostgreSQL's number for the one lock of all writers
_STATEMENT_TIMEOUT = 60_000  # milliseconds
_CONNECT_TIMEOUT = 5  # seconds
_WAL_RETRY = 0.02  # seconds between two tries to switch a new file to WAL
_log = logging.getLogger("groupsolver.store")


def parse_url(text: str) -> URL:
    """Parse the database's address. Raises `BadInput` unless a SQLite file or PostgreSQL."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except ArgumentError:
        raise _bad_address("expected an address such as sqlite:///groupsolver.db") from None
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _bad_address(f"expected sqlite or postgresql, found {backend}")
    if url.database in {None, "", ":memory:"}:
        raise _bad_address("expected a file: several threads and processes share the database")
    return url


def open_engine(address: str, *, lock_wait: float = LOCK_WAIT, connections: int = 16) -> Engine:
    """Open a database, without connecting to it yet.

    Parameters
    ----------
    address : str
        ``sqlite:///file`` or ``postgresql://...``.
    lock_wait : float, default 5
        Seconds that a writer waits for others.
    connections : int, default 16
        Maximum number of connections at once.

    Raises
    ------
    BadInput
        For an address that is neither, or where the PostgreSQL driver is not installed.
    """
    url = parse_url(address)
    pool: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": lock_wait}
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url, lock_wait, pool)
        return _postgresql_engine(url, lock_wait, pool)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise _bad_address(
            "PostgreSQL needs psycopg: install groupsolver with its extra 'postgresql'"
        ) from None


def _sqlite_engine(url: URL, lock_wait: float, pool: dict[str, Any]) -> Engine:
    arguments = {"timeout": lock_wait, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, **pool)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(url: URL, lock_wait: float, pool: dict[str, Any]) -> Engine:
    # The address's own options come first, then ours: `connect_args` replaces what the address has.
    options = " ".join(
        [
            _last_value(url, "options"),
            f"-c lock_timeout={int(lock_wait * 1000)}",
            f"-c statement_timeout={_STATEMENT_TIMEOUT}",
        ]
    )
    arguments = {
        "connect_timeout": _last_value(url, "connect_timeout") or _CONNECT_TIMEOUT,
        "options": options.strip(),
    }
    return create_engine(url, pool_pre_ping=True, connect_args=arguments, **pool)


def _last_value(url: URL, key: str) -> str:
    """Return the last value of a query parameter of an address, "" where there is none."""
    found = url.query.get(key, "")
    return found if isinstance(found, str) else found[-1]


def _bad_address(message: str) -> BadInput:
    return BadInput([Fault("wrong-value", "database", message)])


def _configure_sqlite(connection: Any, _: object) -> None:
    # The driver's own BEGIN comes too late: `_begin_sqlite` sends it.
    connection.isolation_level = None
    cursor = connection.cursor()
    _enable_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # a claim that was answered survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _enable_wal(cursor: Any) -> None:
    """Switch a file to write-ahead logging, with which readers read while another writes.

    SQLite does not wait where others switch a new file at the same moment, so this retries.
    """
    end = time.monotonic() + LOCK_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(_WAL_RETRY)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE_OPTION)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def engine_for_reading(engine: Engine) -> Engine:
    """Return the engine for transactions that see one state throughout."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def engine_for_writing(engine: Engine) -> Engine:
    """Return the engine for transactions that run one at a time.

    Each has to call `acquire_write_lock` first.
    """
    options: dict[str, Any] = {_WRITE_OPTION: True}
    if engine.dialect.name == "postgresql":
        # Whatever the server's default is: a snapshot that was taken before the lock was acquired
        # would show an old state.
        options["isolation_level"] = "READ COMMITTED"
    return engine.execution_options(**options)


def acquire_write_lock(connection: Connection) -> None:
    """Wait until no other transaction writes."""
    if connection.dialect.name == "postgresql":  # SQLite has waited in BEGIN IMMEDIATE
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Turn failures of the database into `StoreUnavailable`.

    Errors in the statements themselves stay what they are.
    """
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except PoolTimeoutError as error:
        _log.warning("no database connection is free")
        raise StoreUnavailable("no database connection is free") from error
    except DBAPIError as error:
        _log.warning("the database failed: %s", error.orig)
        raise StoreUnavailable("the database does not answer, or is locked") from error
