"""Groups in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.constraints.policy import Policy
from groupsolver.model.units import count_of
from groupsolver.store.database.tables import ChildRow, GrantRow, GroupRow, InstanceRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import IdTaken, InUse, NotStored
from groupsolver.store.mappers import groups_of, policies_of, policy_documents


@dataclass(frozen=True)
class Page:
    """Which of a list is wanted.

    Parameters
    ----------
    limit : int or None
    marker : str or None
        The id after which the page begins.
    offset : int, default 0
    """

    limit: int | None = None
    marker: str | None = None
    offset: int = 0


def list_groups(
    session: Session,
    tenant: str | None,
    page: Page,
    now: float,
    *,
    name: str | None = None,
    granted: bool = False,
) -> list[StoredGroup]:
    """Give a project's groups, or those of others that it may join, or all projects', the oldest first.

    Raises `NotStored`: the marker.
    """
    query = select(GroupRow).order_by(GroupRow.seq)
    if tenant is not None:
        query = query.where(_joinable(tenant) if granted else GroupRow.tenant_id == tenant)
    if page.marker is not None:
        marker = session.scalars(query.where(GroupRow.id == page.marker)).one_or_none()
        if marker is None:
            raise NotStored("group", page.marker)
        query = query.where(GroupRow.seq > marker.seq)
    if name is not None:
        query = query.where(GroupRow.name == name)
    query = query.limit(page.limit).offset(page.offset or None)
    return groups_of(session, list(session.scalars(query)), now)


def find_group(session: Session, key: str, tenant: str | None, now: float) -> StoredGroup:
    """Give one group, of a project or of any. Raises `NotStored`."""
    return groups_of(session, [_row(session, key, tenant)], now)[0]


def find_joinable(session: Session, key: str, tenant: str, now: float) -> StoredGroup:
    """Give one group, a project's own or one that it may join. Raises `NotStored`."""
    own = GroupRow.tenant_id == tenant
    row = session.scalars(
        select(GroupRow).where(GroupRow.id == key, own | _joinable(tenant))
    ).one_or_none()
    if row is None:
        raise NotStored("group", key)
    return groups_of(session, [row], now)[0]


def _joinable(tenant: str) -> ColumnElement[bool]:
    return GroupRow.id.in_(select(GrantRow.group_id).where(GrantRow.tenant_id == tenant))


def find_groups(session: Session, keys: list[str], now: float) -> list[StoredGroup]:
    """Give those of some groups that are there."""
    return groups_of(
        session, list(session.scalars(select(GroupRow).where(GroupRow.id.in_(keys)))), now
    )


def _row(session: Session, key: str, tenant: str | None) -> GroupRow:
    query = select(GroupRow).where(GroupRow.id == key)
    row = session.scalars(
        query if tenant is None else query.where(GroupRow.tenant_id == tenant)
    ).one_or_none()
    if row is None:
        raise NotStored("group", key)
    return row


def count_groups(session: Session, tenant: str, origin: str) -> int:
    """Count a project's groups of one family of paths."""
    query = select(func.count()).where(GroupRow.tenant_id == tenant, GroupRow.origin == origin)
    return session.scalars(query).one()


def add_group(tx: WriteTransaction, group: StoredGroup) -> None:
    """Store a new group, without members. Raises `IdTaken`."""
    session = tx.session
    if session.scalars(select(GroupRow.id).where(GroupRow.id == group.id)).first() is not None:
        raise IdTaken(group.id)
    session.execute(
        insert(GroupRow).values(
            id=group.id,
            tenant_id=group.tenant_id,
            user_id=group.user_id,
            name=group.name,
            policies=policy_documents(group.policies),
            details=group.metadata,
            origin=group.origin,
            generation=group.generation,
        )
    )
    _put_children(session, group.id, group.groups)
    tx.note("group", group.id)


def change_group(tx: WriteTransaction, group: StoredGroup, changes: Mapping[str, Any]) -> None:
    """Change fields of a group: ``name``, ``metadata``, ``tenant_id``, ``policies``, ``groups``."""
    columns: dict[str, Any] = {key: changes[key] for key in ("name", "tenant_id") if key in changes}
    if "metadata" in changes:
        columns["details"] = changes["metadata"]
    if "tenant_id" in changes:  # whom its old project let in is no business of the new one's
        tx.session.execute(delete(GrantRow).where(GrantRow.group_id == group.id))
    if "policies" in changes:
        policies: tuple[Policy, ...] = changes["policies"]
        columns["policies"] = policy_documents(policies)
    touch_group(tx, group.id, columns)
    if "groups" in changes:
        tx.session.execute(delete(ChildRow).where(ChildRow.parent == group.id))
        _put_children(tx.session, group.id, changes["groups"])


def touch_group(tx: WriteTransaction, key: str, columns: Mapping[str, Any] | None = None) -> None:
    """Count a change of a group, and write what changed of its own row."""
    values = {**(columns or {}), "generation": GroupRow.generation + 1}
    tx.session.execute(update(GroupRow).where(GroupRow.id == key).values(values))
    tx.note("group", key)


def _put_children(session: Session, parent: str, children: tuple[str, ...]) -> None:
    if children:
        rows = [
            {"parent": parent, "child": child, "position": i} for i, child in enumerate(children)
        ]
        session.execute(insert(ChildRow), rows)


def remove_group(tx: WriteTransaction, group: StoredGroup, *, force: bool = False) -> None:
    """Take a group out; its children stay, and with `force` its members run on, ungrouped.

    Raises
    ------
    InUse
        ``members``, or ``name``: another group names it, in a policy or as a part.
    """
    session = tx.session
    unnamed(session, group)
    members = list(session.scalars(select(InstanceRow.id).where(InstanceRow.group_id == group.id)))
    if members and not force:
        raise InUse("members", f"it has {count_of(len(members), 'member')}")
    session.execute(
        update(InstanceRow).where(InstanceRow.group_id == group.id).values(group_id=None)
    )
    for member in members:
        tx.note("instance", member)
    session.execute(delete(GroupRow).where(GroupRow.id == group.id))
    tx.note("group", group.id)


def unnamed(session: Session, group: StoredGroup) -> None:
    """Make sure that no other group of its project names this one; what others say of it is void. Raises `InUse`."""
    if (
        session.scalars(select(ChildRow.parent).where(ChildRow.child == group.id)).first()
        is not None
    ):
        raise InUse("name", "it is part of another group")
    namers = session.execute(
        select(GroupRow.id, GroupRow.policies).where(GroupRow.tenant_id == group.tenant_id)
    )
    for key, documents in namers:
        others = policies_of(documents) if key != group.id else ()
        if any(policy.target == group.id for policy in others):
            raise InUse("name", "a policy of another group names it")
