"""Turns of those whom others overtook: where all try at once, most of them solve for nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_TURN = 0x67726F7571  # of PostgreSQL's advisory locks, beside that of the writers
_STEP = 0.02  # seconds between two looks at whether the turn is free


class RetryTurns:
    """One at a time: in this process, and on PostgreSQL in all processes of the database.

    A turn is a courtesy, not a lock that anything rests on: who waits too long goes on without,
    and it is given back when its holder's connection ends, however that may be.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._here = Lock()

    @contextmanager
    def take(self, seconds: float) -> Iterator[bool]:
        """Wait for a turn, at most so long, and hold it; yields whether it was had."""
        end = time.monotonic() + seconds
        if not self._here.acquire(timeout=max(0.0, seconds)):
            yield False
            return
        try:
            if self._engine.dialect.name != "postgresql":
                yield True
                return
            connection = self._everywhere(end)
            try:
                yield connection is not None
            finally:
                if connection is not None:
                    _give_back(connection)
        finally:
            self._here.release()

    def _everywhere(self, end: float) -> Connection | None:
        """Take the turn among all processes, on a connection that is in no transaction."""
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except SQLAlchemyError:  # whoever solves next will hear of it
            return None
        try:
            while not connection.exec_driver_sql(
                f"SELECT pg_try_advisory_lock({_TURN})"
            ).scalar_one():
                if time.monotonic() >= end:
                    connection.close()
                    return None
                time.sleep(_STEP)
        except SQLAlchemyError:
            _drop(connection)
            return None
        return connection


def _give_back(connection: Connection) -> None:
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_TURN})")
        connection.close()
    except SQLAlchemyError:
        _drop(connection)


def _drop(connection: Connection) -> None:
    """End a connection for good: its locks end with it."""
    connection.invalidate()
    connection.close()
