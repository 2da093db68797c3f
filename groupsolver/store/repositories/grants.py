"""Grants in the store: which other projects may join a group."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from groupsolver.store.database.tables import GrantRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Grant, StoredGroup
from groupsolver.store.errors import NotStored
from groupsolver.store.mappers import chunks
from groupsolver.store.repositories.groups import touch_group


def list_grants(session: Session, group: str) -> list[Grant]:
    """Give a group's grants, the oldest first."""
    rows = session.scalars(
        select(GrantRow).where(GrantRow.group_id == group).order_by(GrantRow.seq)
    )
    return [Grant(row.group_id, row.tenant_id, row.created) for row in rows]


def find_grant(session: Session, group: str, tenant: str) -> Grant:
    """Give one grant. Raises `NotStored`."""
    row = session.scalars(select(GrantRow).where(_is(group, tenant))).one_or_none()
    if row is None:
        raise NotStored("grant", tenant)
    return Grant(row.group_id, row.tenant_id, row.created)


def count_grants(session: Session, group: str) -> int:
    """Count a group's grants."""
    return session.scalars(select(func.count()).where(GrantRow.group_id == group)).one()


def add_grant(tx: WriteTransaction, group: StoredGroup, tenant: str) -> Grant:
    """Let a project join a group, which it may not yet."""
    tx.session.execute(insert(GrantRow).values(group_id=group.id, tenant_id=tenant, created=tx.now))
    touch_group(tx, group.id)
    return Grant(group.id, tenant, tx.now)


def remove_grant(tx: WriteTransaction, group: StoredGroup, tenant: str) -> None:
    """Let a project join no more; its members stay. Raises `NotStored`."""
    find_grant(tx.session, group.id, tenant)
    tx.session.execute(delete(GrantRow).where(_is(group.id, tenant)))
    touch_group(tx, group.id)


def granted_groups(session: Session, tenant: str, groups: Iterable[str]) -> set[str]:
    """Give those of some groups that a project may join by a grant."""
    found: set[str] = set()
    for some in chunks(groups):
        mine = select(GrantRow.group_id).where(
            GrantRow.tenant_id == tenant, GrantRow.group_id.in_(some)
        )
        found.update(session.scalars(mine))
    return found


def _is(group: str, tenant: str) -> ColumnElement[bool]:
    return (GrantRow.group_id == group) & (GrantRow.tenant_id == tenant)
