"""The store: transactions that read one state, and transactions that write one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from groupsolver.store.database.engine import (
    LOCK_WAIT,
    acquire_write_lock,
    engine_for_reading,
    engine_for_writing,
    open_engine,
    translate_database_errors,
)
from groupsolver.store.database.retry_turns import RetryTurns
from groupsolver.store.database.transaction import WriteTransaction, revision_of
from groupsolver.store.entities import Instance
from groupsolver.store.errors import StoreUnavailable
from groupsolver.store.repositories.instances import remove_expired_instances

Clock = Callable[[], float]


class Store:
    """A database with this version's tables.

    Parameters
    ----------
    address : str
        ``sqlite:///file`` or ``postgresql://...``. `groupsolver.store.database.migrate` makes its
        tables.
    clock : callable, default `time.time`
        Returns seconds since 1970.
    lock_wait : float, default 5
        Seconds that a writer waits for other writers before it raises `StoreUnavailable`.

    Attributes
    ----------
    on_expired : callable
        Called with the instances whose claims ended unconfirmed, after they were removed.
    retry_turns : RetryTurns
        Queue of the requests whose claims lost against others.
    """

    def __init__(
        self, address: str, *, clock: Clock = time.time, lock_wait: float = LOCK_WAIT
    ) -> None:
        self.engine: Engine = open_engine(address, lock_wait=lock_wait)
        self.clock = clock
        self.on_expired: Callable[[Sequence[Instance]], object] = lambda _: None
        self.retry_turns = RetryTurns(self.engine)
        self._read_engine = engine_for_reading(self.engine)
        self._write_engine = engine_for_writing(self.engine)
        # Threads of this process queue here: SQLite's own waiting is neither fair nor quick.
        self._writer_lock = Lock()
        self._lock_wait = lock_wait

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one state, whatever others write. Raises `StoreUnavailable`."""
        with translate_database_errors(), Session(self._read_engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """Open the only writing transaction; other writers wait.

        Everything is written at the end, or nothing. Raises `StoreUnavailable`.
        """
        if not self._writer_lock.acquire(timeout=self._lock_wait):
            raise StoreUnavailable("other writers hold the database")
        try:
            with (
                translate_database_errors(),
                Session(self._write_engine) as session,
                _rollback_on_error(session),
            ):
                tx = self._begin(session)
                expired = remove_expired_instances(tx)
                if expired:
                    # A transaction of its own: the caller's may be rolled back, and the revision
                    # that it reads must stay.
                    _commit(tx)
                    self.on_expired(expired)
                    tx = self._begin(session)
                yield tx
                _commit(tx)
        finally:
            self._writer_lock.release()

    def _begin(self, session: Session) -> WriteTransaction:
        acquire_write_lock(session.connection())
        return WriteTransaction(session, revision_of(session) + 1, self.clock())

    def ping(self) -> None:
        """Ask the database for anything. Raises `StoreUnavailable`."""
        with self.read() as session:
            revision_of(session)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _commit(tx: WriteTransaction) -> None:
    tx.write_journal()
    tx.session.commit()


@contextmanager
def _rollback_on_error(session: Session) -> Iterator[None]:
    """Roll back what failed, or at least drop its connection.

    Closing a session after a failed COMMIT does neither.
    """
    try:
        yield
    except BaseException:
        try:
            session.rollback()
        except SQLAlchemyError:
            session.invalidate()
        raise
