"""The stored state in memory: the compiled fleet with all claims on it, groups and instances.

The journal keeps it up to date, so that a placement reads only what changed since the last one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from groupsolver.cluster.state.cluster_state import StateSnapshot
from groupsolver.store.database.tables import GroupRow, HostRow, InstanceRow, JournalRow
from groupsolver.store.database.transaction import HistoryPoint, history_point_of
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.mappers import (
    groups_from_rows,
    hosts_from_rows,
    instances_from_rows,
    split_keys,
)
from groupsolver.store.repositories.hosts import read_fleet
from groupsolver.store.state.stored_state import StoredState
from groupsolver.store.store import Store

_MAX_JOURNAL_ROWS = 20_000  # above that, reading everything again is faster
_INSTANCES_PER_READ = 5000
# A snapshot shows members whose claims have ended until they are removed: nothing is left out.
_ALL_TIMES = 0.0


@dataclass(frozen=True)
class Snapshot(StateSnapshot[StoredGroup, Instance]):
    """The stored state at one revision. It is never changed.

    Attributes
    ----------
    history_point : HistoryPoint
        The revision, and its stamp.
    first_expiry : float
        When the first unconfirmed claim ends, in seconds since 1970; infinity where there is none.
    """

    history_point: HistoryPoint
    first_expiry: float = math.inf

    @property
    def revision(self) -> int:
        """The revision."""
        return self.history_point.revision

    def has_expired_claims(self, now: float) -> bool:
        """Return whether some claim has ended unconfirmed and is still included."""
        return self.first_expiry <= now


class SnapshotCache:
    """The last snapshot, brought up to date from the journal; safe between threads.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._state: StoredState | None = None
        self._history_point = HistoryPoint(-1, "")  # of the state
        self._snapshot: Snapshot | None = None  # of the state

    def snapshot(self) -> Snapshot:
        """Return what is stored now. Raises `StoreUnavailable`."""
        with self._lock:
            known = self._history_point.revision
        # The transaction begins after `known` was read: see `_current`.
        with self._store.read() as session, self._lock:
            return self._current(session, known)

    def snapshot_within(self, session: Session) -> Snapshot:
        """Return the state that a writing transaction sees, without its own changes.

        Nothing can be newer.
        """
        with self._lock:
            return self._current(session, self._history_point.revision)

    def _current(self, session: Session, known: int) -> Snapshot:
        """Return the state that a transaction sees, or a newer one.

        Parameters
        ----------
        session : Session
        known : int
            The revision of this cache before the transaction began.
        """
        point = history_point_of(session)
        if self._snapshot is not None:
            cached = self._snapshot.history_point
            if cached == point:
                return self._snapshot
            # Another thread's transaction began later and was read first: this one sees an older
            # state than the cache has. Below `known`, however, the history itself went back (a
            # restored backup, for example), and what the transaction sees is the truth.
            if known <= point.revision < cached.revision:
                return self._snapshot
        self._refresh(session, point)
        assert self._state is not None  # noqa: S101 - `_refresh` has set it
        self._snapshot = snapshot_of(self._state, point)
        return self._snapshot

    def _refresh(self, session: Session, point: HistoryPoint) -> None:
        changes = self._changes(session)
        if self._state is None or changes is None:
            self._state = _read_everything(session)
        else:
            # The last snapshot may still be read: the changes go to a copy.
            state = self._state.copy()
            _apply_changes(state, session, changes)
            self._state = state
        self._history_point = point

    def _changes(self, session: Session) -> dict[str, list[str]] | None:
        """Return the changed keys by kind since the last refresh; None to read everything again."""
        if self._state is None:
            return None
        revision, stamp = self._history_point
        # Rows are trimmed oldest first: where one of our own revision is left, all later ones are.
        # Where none is left with its stamp, the journal was trimmed, or this is another history.
        ours = (JournalRow.revision == revision) & (JournalRow.stamp == stamp)
        if session.scalars(select(JournalRow.seq).where(ours).limit(1)).first() is None:
            return None
        query = (
            select(JournalRow.kind, JournalRow.key)
            .where(JournalRow.revision > revision)
            .order_by(JournalRow.seq)
            .limit(_MAX_JOURNAL_ROWS + 1)
        )
        rows = session.execute(query).all()
        if len(rows) > _MAX_JOURNAL_ROWS:
            return None
        changes: dict[str, dict[str, None]] = {}
        for kind, key in rows:
            changes.setdefault(kind, {})[key] = None
        if "fleet" in changes:
            return None
        return {kind: list(keys) for kind, keys in changes.items()}


def snapshot_of(state: StoredState, point: HistoryPoint) -> Snapshot:
    """Return a state as a snapshot shows it. The state must not change any more."""
    state.complete()
    return Snapshot(state.fleet, state.groups, state.instances, point, state.first_expiry())


def _apply_changes(state: StoredState, session: Session, changes: dict[str, list[str]]) -> None:
    for some in split_keys(changes.get("host", ())):
        hosts = list(session.scalars(select(HostRow).where(HostRow.name.in_(some))))
        state.put_hosts(some, hosts_from_rows(hosts))
    for some in split_keys(changes.get("group", ())):
        groups = list(session.scalars(select(GroupRow).where(GroupRow.id.in_(some))))
        state.put_groups(some, groups_from_rows(session, groups, _ALL_TIMES))
    for some in split_keys(changes.get("instance", ())):
        instances = list(session.scalars(select(InstanceRow).where(InstanceRow.id.in_(some))))
        state.put_instances(some, instances_from_rows(session, instances))


def _read_everything(session: Session) -> StoredState:
    state = StoredState(read_fleet(session))
    groups = list(session.scalars(select(GroupRow).order_by(GroupRow.seq)))
    state.put_groups([], groups_from_rows(session, groups, _ALL_TIMES))
    instances = list(session.scalars(select(InstanceRow).order_by(InstanceRow.seq)))
    for rows in _in_parts(instances):
        state.put_instances([], instances_from_rows(session, rows))
    return state


def _in_parts(rows: list[InstanceRow]) -> Iterator[list[InstanceRow]]:
    for start in range(0, len(rows), _INSTANCES_PER_READ):
        yield rows[start : start + _INSTANCES_PER_READ]
