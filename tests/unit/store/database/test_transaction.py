"""The journal of a transaction: one revision for everything it noted, with a stamp of its own."""

from __future__ import annotations

from sqlalchemy import select

from groupsolver.store.database.tables import JournalRow
from groupsolver.store.database.transaction import HistoryPoint, history_point_of
from groupsolver.store.store import Store


def point(store: Store) -> HistoryPoint:
    with store.read() as session:
        return history_point_of(session)


def test_a_transaction_that_notes_nothing_makes_no_revision(store: Store) -> None:
    before = point(store)
    with store.write():
        pass
    assert point(store) == before


def test_what_was_noted_is_in_the_journal_once_and_in_order(store: Store) -> None:
    with store.write() as tx:
        tx.note("group", "b")
        tx.note("host", "a")
        tx.note("group", "b")
    after = point(store)
    assert after.revision == tx.revision
    with store.read() as session:
        rows = session.execute(
            select(JournalRow.kind, JournalRow.key, JournalRow.revision, JournalRow.stamp).order_by(
                JournalRow.seq
            )
        ).all()
    assert [tuple(row) for row in rows] == [("group", "b", *after), ("host", "a", *after)]


def test_each_revision_has_a_stamp_of_its_own(store: Store) -> None:
    points = []
    for _ in range(3):
        with store.write() as tx:
            tx.note("group", "a")
        points.append(point(store))
    assert [one.revision for one in points] == [1, 2, 3]
    assert len({one.stamp for one in points}) == 3
