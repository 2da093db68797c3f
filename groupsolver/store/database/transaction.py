"""A transaction that writes, and the journal of what it changed."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.store.database.tables import FleetRow, JournalRow

MAX_JOURNAL_ROWS = 200_000  # kept rows: a server that is further behind reads everything again
_TRIM_INTERVAL = 10_000  # rows that are written between two trims


class HistoryPoint(NamedTuple):
    """A point in the database's history.

    Attributes
    ----------
    revision : int
    stamp : str
        Random, new with every revision. A history that went back, as after a restored backup,
        reaches the same revisions again, but with other stamps.
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
        self._noted: dict[tuple[str, str], None] = {}  # an ordered set

    def note(self, kind: str, key: str = "") -> None:
        """Note that something was created, changed or removed.

        Parameters
        ----------
        kind : {"host", "group", "instance", "fleet"}
        key : str
            Its name or id; "" for the fleet.
        """
        self._noted[kind, key] = None

    def write_journal(self) -> None:
        """Write the journal of what was noted."""
        if not self._noted:
            return
        point = {"revision": self.revision, "stamp": uuid4().hex}
        rows = [{**point, "kind": kind, "key": key} for kind, key in self._noted]
        self.session.execute(insert(JournalRow), rows)
        self.session.execute(update(FleetRow).values(**point))
        self._trim_journal(len(rows))

    def _trim_journal(self, written: int) -> None:
        last = self.session.scalars(select(func.max(JournalRow.seq))).one() or 0
        before = last - written
        if last // _TRIM_INTERVAL != before // _TRIM_INTERVAL:
            old = JournalRow.seq <= last - MAX_JOURNAL_ROWS
            self.session.execute(delete(JournalRow).where(old))


def history_point_of(session: Session) -> HistoryPoint:
    """Return the point in history that a transaction sees."""
    return HistoryPoint(*session.execute(select(FleetRow.revision, FleetRow.stamp)).one())


def revision_of(session: Session) -> int:
    """Return the revision of the state that a transaction sees."""
    return session.scalars(select(FleetRow.revision)).one()
