"""A queue of requests whose claims lost against others.

Where all of them solve again at once, most of them solve for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_ADVISORY_LOCK = 0x67726F7571  # PostgreSQL's number for it; the writers' lock has another
_POLL_INTERVAL = 0.02  # seconds between two tries to take the lock


class RetryTurns:
    """A lock for retries: in this process, and on PostgreSQL among all processes of the database.

    Nothing relies on it for correctness. A request that waits too long goes on without its turn,
    and the lock is released when its holder's connection ends, however it ends.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._process_lock = Lock()

    @contextmanager
    def take(self, seconds: float) -> Iterator[bool]:
        """Wait at most `seconds` for a turn, and hold it; yield whether it was obtained."""
        end = time.monotonic() + seconds
        if not self._process_lock.acquire(timeout=max(0.0, seconds)):
            yield False
            return
        try:
            if self._engine.dialect.name == "postgresql":
                with self._among_processes(end) as obtained:
                    yield obtained
            else:
                yield True
        finally:
            self._process_lock.release()

    @contextmanager
    def _among_processes(self, end: float) -> Iterator[bool]:
        connection = self._lock_database(end)
        try:
            yield connection is not None
        finally:
            if connection is not None:
                _unlock_database(connection)

    def _lock_database(self, end: float) -> Connection | None:
        """Take PostgreSQL's lock, on a connection without a transaction; None where it fails."""
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except SQLAlchemyError:  # the solve that follows will report it
            return None
        try:
            while not _try_lock(connection):
                if time.monotonic() >= end:
                    connection.close()
                    return None
                time.sleep(_POLL_INTERVAL)
        except SQLAlchemyError:
            _drop(connection)
            return None
        return connection


def _try_lock(connection: Connection) -> bool:
    taken = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ADVISORY_LOCK})")
    return bool(taken.scalar_one())


def _unlock_database(connection: Connection) -> None:
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
        connection.close()
    except SQLAlchemyError:
        _drop(connection)


def _drop(connection: Connection) -> None:
    """Close a connection for good: its locks end with it."""
    connection.invalidate()
    connection.close()
