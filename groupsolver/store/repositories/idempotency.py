"""Idempotency keys: the answer to a request with a key, so that repeating it does nothing again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.store.database.tables import AnswerRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.errors import KeyInFlight, KeyReused, QuotaExceeded

ANSWER_LIFETIME = 24 * 3600.0  # seconds that an answer is kept
MAX_KEYS = 10_000  # keys of one project that are kept
MAX_TEXT = 256 * 2**20  # characters of their answers


@dataclass(frozen=True)
class Key:
    """A request's idempotency key.

    Parameters
    ----------
    tenant_id, key : str
    fingerprint : str
        Of the body, and of everything else that distinguishes the request.
    """

    tenant_id: str
    key: str
    fingerprint: str


def begin(tx: WriteTransaction, key: Key, patience: float) -> tuple[int, Any] | None:
    """Reserve a key, or return the answer that is kept for it.

    Parameters
    ----------
    tx : WriteTransaction
    key : Key
    patience : float
        Seconds after which a request that never ended must have died with its server.

    Returns
    -------
    (int, JSON data) or None
        Status and body of the answer; None where the key is reserved now.

    Raises
    ------
    KeyInFlight, KeyReused, QuotaExceeded
    """
    session = tx.session
    session.execute(delete(AnswerRow).where(AnswerRow.until <= tx.now))
    same_key = (AnswerRow.tenant_id == key.tenant_id) & (AnswerRow.key == key.key)
    row = session.scalars(select(AnswerRow).where(same_key)).one_or_none()
    if row is None:
        _require_quota(session, key.tenant_id)
        values = {
            "tenant_id": key.tenant_id,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "until": tx.now + patience,
        }
        session.execute(insert(AnswerRow).values(**values))
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused("the idempotency key was used with another request")
    if row.status is None:
        raise KeyInFlight("the request with this idempotency key is under way")
    return row.status, row.body


def _require_quota(session: Session, tenant: str) -> None:
    query = select(func.count(), func.sum(AnswerRow.size)).where(AnswerRow.tenant_id == tenant)
    count, size = session.execute(query).one()
    if count >= MAX_KEYS:
        raise QuotaExceeded(f"a project may use at most {MAX_KEYS} idempotency keys in 24 hours")
    if (size or 0) >= MAX_TEXT:
        raise QuotaExceeded(
            f"the answers kept for a project's idempotency keys have {MAX_TEXT} characters"
        )


def finish(tx: WriteTransaction, key: Key, status: int, body: Any) -> None:
    """Keep an answer, in the transaction that makes it true.

    Raises
    ------
    KeyInFlight
        Where another request took the key over.
    """
    values = {
        "status": status,
        "body": body,
        "size": len(json.dumps(body)),
        "until": tx.now + ANSWER_LIFETIME,
    }
    statement = update(AnswerRow).where(_is_open(key)).values(**values).returning(AnswerRow.id)
    if tx.session.execute(statement).first() is None:
        raise KeyInFlight("another request took this idempotency key over")


def abandon(tx: WriteTransaction, key: Key) -> None:
    """Release a key whose request failed: it may be tried again."""
    tx.session.execute(delete(AnswerRow).where(_is_open(key)))


def _is_open(key: Key) -> ColumnElement[bool]:
    """Return the SQL condition for the row of a key that has no answer yet."""
    return (
        (AnswerRow.tenant_id == key.tenant_id)
        & (AnswerRow.key == key.key)
        & (AnswerRow.fingerprint == key.fingerprint)
        & AnswerRow.status.is_(None)
    )
