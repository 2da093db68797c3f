"""Idempotency keys: what a request with a key was answered, so that asking again does nothing again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from groupsolver.store.database.tables import AnswerRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.errors import KeyInFlight, KeyReused, QuotaExceeded

KEPT = 24 * 3600.0  # seconds that an answer is kept
MAX_KEYS = 10_000  # keys of one project that are kept
MAX_TEXT = 256 * 2**20  # characters of their answers


@dataclass(frozen=True)
class Key:
    """A request's key.

    Parameters
    ----------
    tenant_id, key : str
    fingerprint : str
        Of the body, and whatever else makes the request what it is.
    """

    tenant_id: str
    key: str
    fingerprint: str


def begin(tx: WriteTransaction, key: Key, patience: float) -> tuple[int, Any] | None:
    """Take a key, or give the status and body of its answer.

    Parameters
    ----------
    patience : float
        Seconds after which a request that never ended has surely died with its server.

    Raises
    ------
    KeyInFlight, KeyReused, QuotaExceeded
    """
    session = tx.session
    session.execute(delete(AnswerRow).where(AnswerRow.until <= tx.now))
    row = session.scalars(
        select(AnswerRow).where(AnswerRow.tenant_id == key.tenant_id, AnswerRow.key == key.key)
    ).one_or_none()
    if row is None:
        mine = select(func.count(), func.sum(AnswerRow.size)).where(
            AnswerRow.tenant_id == key.tenant_id
        )
        count, size = session.execute(mine).one()
        if count >= MAX_KEYS:
            raise QuotaExceeded(
                f"a project may use at most {MAX_KEYS} idempotency keys in 24 hours"
            )
        if (size or 0) >= MAX_TEXT:
            raise QuotaExceeded(
                f"the answers that a project's idempotency keys keep have {MAX_TEXT} characters"
            )
        until = tx.now + patience
        values = {
            "tenant_id": key.tenant_id,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "until": until,
        }
        session.execute(insert(AnswerRow).values(**values))
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused("the idempotency key was used with another request")
    if row.status is None:
        raise KeyInFlight("the request with this idempotency key is under way")
    return row.status, row.body


def finish(tx: WriteTransaction, key: Key, status: int, body: Any) -> None:
    """Keep an answer, in the transaction that makes it true. Raises `KeyInFlight` where the key was lost to another."""
    values = {"status": status, "body": body, "size": len(json.dumps(body)), "until": tx.now + KEPT}
    mine = (
        update(AnswerRow)
        .where(*_is(key), AnswerRow.status.is_(None))
        .values(**values)
        .returning(AnswerRow.id)
    )
    if tx.session.execute(mine).first() is None:
        raise KeyInFlight("another request took this idempotency key over")


def abandon(tx: WriteTransaction, key: Key) -> None:
    """Give a key back: the request came to nothing, and may be tried again."""
    tx.session.execute(delete(AnswerRow).where(*_is(key), AnswerRow.status.is_(None)))


def _is(key: Key) -> tuple[Any, ...]:
    return (
        AnswerRow.tenant_id == key.tenant_id,
        AnswerRow.key == key.key,
        AnswerRow.fingerprint == key.fingerprint,
    )
