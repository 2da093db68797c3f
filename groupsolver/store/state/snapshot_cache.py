"""What is stored, in memory: the compiled fleet with all claims on it, the groups, the instances.

Kept in step by the journal, so that a placement reads what changed since the last and no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.store.database.tables import GroupRow, HostRow, InstanceRow, JournalRow
from groupsolver.store.database.transaction import HistoryPoint, at_of
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.mappers import chunks, groups_of, hosts_of, instances_of
from groupsolver.store.repositories.hosts import read_fleet
from groupsolver.store.state.memory_state import MemoryState
from groupsolver.store.store import Store

_MAX_JOURNAL_ROWS = 20_000  # rows of the journal: beyond, reading all anew is quicker


@dataclass(frozen=True)
class Snapshot:
    """What was stored at one revision. Nobody changes it any more.

    Attributes
    ----------
    history_point : HistoryPoint
        The revision, and its stamp.
    fleet : CompiledFleet
        Its hosts' ``used`` is what others use, and all claims.
    groups : dict of str to StoredGroup
    instances : dict of str to Instance
    first_expiry : float
        When the first claim that nobody confirmed ends, in seconds since 1970; infinity where there is none.
    """

    history_point: HistoryPoint
    fleet: CompiledFleet
    groups: dict[str, StoredGroup]
    instances: dict[str, Instance]
    first_expiry: float = math.inf

    @property
    def revision(self) -> int:
        """The revision."""
        return self.history_point.revision

    def has_expired_claims(self, now: float) -> bool:
        """Whether some claim has ended unconfirmed, and stands here nevertheless."""
        return self.first_expiry <= now


class SnapshotCache:
    """Reads the journal on; safe between threads.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._image: MemoryState | None = None
        self._at = HistoryPoint(-1, "")  # of the image
        self._given: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Give what is stored now. Raises `StoreUnavailable`."""
        with self._lock:
            known = self._at.revision
        with (
            self._store.read() as session,
            self._lock,
        ):  # the transaction begins after what was known then
            return self._seen(session, known)

    def snapshot_within(self, session: Session) -> Snapshot:
        """Give what a transaction that writes sees, without its own changes: nothing can be newer."""
        with self._lock:
            return self._seen(session, self._at.revision)

    def _seen(self, session: Session, known: int) -> Snapshot:
        at = at_of(session)
        if self._given is not None:
            if self._given.history_point == at:
                return self._given
            if known <= at.revision < self._given.revision:
                # This transaction began before another thread's: what it sees is older than what we know.
                # Below what was known before it began, the history went back: it is the truth.
                return self._given
        self._read_on(session, at)
        assert self._image is not None  # noqa: S101 - just made
        self._given = Snapshot(at, *self._image.shown())
        return self._given

    def _read_on(self, session: Session, at: HistoryPoint) -> None:
        changed = self._changes(session)
        if self._image is None or changed is None:
            self._image = self._whole(session)
        else:
            memory_state = self._image.copy()  # whoever has the last snapshot goes on reading it
            for some in chunks(changed.get("host", ())):
                found = list(session.scalars(select(HostRow).where(HostRow.name.in_(some))))
                memory_state.put_hosts(some, hosts_of(found))
            for some in chunks(changed.get("group", ())):
                rows = list(session.scalars(select(GroupRow).where(GroupRow.id.in_(some))))
                memory_state.put_groups(some, groups_of(session, rows, 0.0))
            for some in chunks(changed.get("instance", ())):
                held = list(session.scalars(select(InstanceRow).where(InstanceRow.id.in_(some))))
                memory_state.put_instances(some, instances_of(session, held))
            self._image = memory_state
        self._at = at

    def _changes(self, session: Session) -> dict[str, list[str]] | None:
        """Give what changed since the last time, by kind; None where all must be read."""
        if self._image is None:
            return None
        # Rows go oldest first: where one of our own revision is there, so are all after it. Where none is with
        # its stamp, the journal was trimmed, or it is another history than that which we know.
        ours = (JournalRow.revision == self._at.revision) & (JournalRow.stamp == self._at.stamp)
        if session.scalars(select(JournalRow.seq).where(ours).limit(1)).first() is None:
            return None
        changes: dict[str, dict[str, None]] = {}
        rows = select(JournalRow.kind, JournalRow.key).where(
            JournalRow.revision > self._at.revision
        )
        found = session.execute(rows.order_by(JournalRow.seq).limit(_MAX_JOURNAL_ROWS + 1)).all()
        if len(found) > _MAX_JOURNAL_ROWS:
            return None
        for kind, key in found:
            changes.setdefault(kind, {})[key] = None
        return None if "fleet" in changes else {kind: list(keys) for kind, keys in changes.items()}

    def _whole(self, session: Session) -> MemoryState:
        memory_state = MemoryState(read_fleet(session))
        groups = list(session.scalars(select(GroupRow).order_by(GroupRow.seq)))
        memory_state.put_groups([], groups_of(session, groups, 0.0))
        for rows in _some(list(session.scalars(select(InstanceRow).order_by(InstanceRow.seq)))):
            memory_state.put_instances([], instances_of(session, rows))
        return memory_state


def _some(rows: list[InstanceRow]) -> Iterator[list[InstanceRow]]:
    return (rows[i : i + 5000] for i in range(0, len(rows), 5000))
