"""The store: transactions that read one state, and those that write one after the other."""

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
    for_reading,
    for_writing,
    open_engine,
    take_turn,
    told,
)
from groupsolver.store.database.retry_turns import RetryTurns
from groupsolver.store.database.transaction import WriteTransaction, revision_of
from groupsolver.store.entities import Instance
from groupsolver.store.errors import StoreUnavailable
from groupsolver.store.repositories.instances import sweep

Clock = Callable[[], float]


class Store:
    """A database with this version's tables.

    Parameters
    ----------
    address : str
        ``sqlite:///file`` or ``postgresql://...``; see `groupsolver.store.database.migrate` for its tables.
    clock : callable, default `time.time`
        Gives seconds since 1970.
    lock_wait : float, default 5
        Seconds that a writer waits for others before it is `StoreUnavailable`.

    Attributes
    ----------
    on_expired : callable
        Told of instances whose claims ended unconfirmed, once they are out.
    """

    def __init__(
        self, address: str, *, clock: Clock = time.time, lock_wait: float = LOCK_WAIT
    ) -> None:
        self.engine: Engine = open_engine(address, lock_wait=lock_wait)
        self.clock = clock
        self.on_expired: Callable[[Sequence[Instance]], object] = lambda _: None
        self.retry_turns = RetryTurns(self.engine)
        self._read = for_reading(self.engine)
        self._write = for_writing(self.engine)
        # Threads of this process queue here: SQLite's own waiting is neither fair nor quick.
        self._turn = Lock()
        self._lock_wait = lock_wait

    @contextmanager
    def read(self) -> Iterator[Session]:
        """See one state, whatever others write meanwhile. Raises `StoreUnavailable`."""
        with told(), Session(self._read) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """Change things, alone: others wait. All is written at the end, or nothing. Raises `StoreUnavailable`."""
        if not self._turn.acquire(timeout=self._lock_wait):
            raise StoreUnavailable("other writers hold the database")
        try:
            with told(), Session(self._write) as session, _undone(session):
                tx = self._begun(session)
                if ended := sweep(tx):
                    # Written for itself: what follows reads a revision that stays, even where it is rolled back.
                    _end(tx)
                    self.on_expired(ended)
                    tx = self._begun(session)
                yield tx
                _end(tx)
        finally:
            self._turn.release()

    def _begun(self, session: Session) -> WriteTransaction:
        take_turn(session.connection())
        return WriteTransaction(session, revision_of(session) + 1, self.clock())

    def ping(self) -> None:
        """Ask the database for anything. Raises `StoreUnavailable`."""
        with self.read() as session:
            revision_of(session)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _end(tx: WriteTransaction) -> None:
    tx.close()
    tx.session.commit()


@contextmanager
def _undone(session: Session) -> Iterator[None]:
    """Roll back whatever failed, and at least end its connection: closing a session after a failed COMMIT does not."""
    try:
        yield
    except BaseException:
        try:
            session.rollback()
        except SQLAlchemyError:
            session.invalidate()
        raise
