"""A transaction that writes, and the journal of what it changed."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.store.database.tables import FleetRow, JournalRow

KEPT = 200_000  # rows of the journal: a server that is further behind reads all anew
_TRIM_EVERY = 10_000  # rows


class HistoryPoint(NamedTuple):
    """A point in the database's history.

    Attributes
    ----------
    revision : int
    stamp : str
        Drawn anew with every revision: a history that went back, as by a restored backup, comes to the same
        revisions again, but with other stamps.
    """

    revision: int
    stamp: str


class WriteTransaction:
    """A transaction that writes: it holds the one lock, and notes what it changes.

    Attributes
    ----------
    session : Session
    revision : int
        The revision that it makes, if it changes anything.
    now : float
        Seconds since 1970.
    """

    def __init__(self, session: Session, revision: int, now: float) -> None:
        self.session = session
        self.revision = revision
        self.now = now
        self._noted: dict[tuple[str, str], None] = {}

    def note(self, kind: str, key: str = "") -> None:
        """Say that something was made, changed or removed: ``host``, ``group``, ``instance`` or ``fleet``."""
        self._noted[kind, key] = None

    def close(self) -> None:
        """Write the journal."""
        if not self._noted:
            return
        at = {"revision": self.revision, "stamp": uuid4().hex}
        rows = [{**at, "kind": kind, "key": key} for kind, key in self._noted]
        self.session.execute(insert(JournalRow), rows)
        self.session.execute(update(FleetRow).values(**at))
        last = self.session.scalars(select(func.max(JournalRow.seq))).one() or 0
        if last // _TRIM_EVERY != (last - len(rows)) // _TRIM_EVERY:
            self.session.execute(delete(JournalRow).where(JournalRow.seq <= last - KEPT))


def at_of(session: Session) -> HistoryPoint:
    """Give the point in history that a transaction sees."""
    return HistoryPoint(*session.execute(select(FleetRow.revision, FleetRow.stamp)).one())


def revision_of(session: Session) -> int:
    """Give the revision of the state that a transaction sees."""
    return session.scalars(select(FleetRow.revision)).one()
