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
from groupsolver.store.mappers import (
    groups_from_rows,
    policies_from_documents,
    policies_to_documents,
)


@dataclass(frozen=True)
class Page:
    """The part of a list that is asked for.

    Parameters
    ----------
    limit : int or None
        Maximum length; None for no limit.
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
    """Return groups, the oldest first.

    Parameters
    ----------
    session : Session
    tenant : str or None
        The project whose groups are listed; None for those of all projects.
    page : Page
    now : float
        Seconds since 1970.
    name : str, optional
        Only groups of this name.
    granted : bool, default False
        Instead of the project's own groups, those of others that it may join.

    Raises
    ------
    NotStored
        Where the page's marker is not in the list.
    """
    query = select(GroupRow).order_by(GroupRow.seq)
    if tenant is not None:
        query = query.where(_granted_to(tenant) if granted else GroupRow.tenant_id == tenant)
    if page.marker is not None:
        marker = session.scalars(query.where(GroupRow.id == page.marker)).one_or_none()
        if marker is None:
            raise NotStored("group", page.marker)
        query = query.where(GroupRow.seq > marker.seq)
    if name is not None:
        query = query.where(GroupRow.name == name)
    query = query.limit(page.limit).offset(page.offset or None)
    rows = list(session.scalars(query))
    return groups_from_rows(session, rows, now)


def find_group(session: Session, key: str, tenant: str | None, now: float) -> StoredGroup:
    """Return one group, of a project or of any. Raises `NotStored`."""
    query = select(GroupRow).where(GroupRow.id == key)
    if tenant is not None:
        query = query.where(GroupRow.tenant_id == tenant)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotStored("group", key)
    return groups_from_rows(session, [row], now)[0]


def find_joinable(session: Session, key: str, tenant: str, now: float) -> StoredGroup:
    """Return one group, a project's own or one that it may join. Raises `NotStored`."""
    own = GroupRow.tenant_id == tenant
    query = select(GroupRow).where(GroupRow.id == key, own | _granted_to(tenant))
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotStored("group", key)
    return groups_from_rows(session, [row], now)[0]


def _granted_to(tenant: str) -> ColumnElement[bool]:
    return GroupRow.id.in_(select(GrantRow.group_id).where(GrantRow.tenant_id == tenant))


def find_groups(session: Session, keys: list[str], now: float) -> list[StoredGroup]:
    """Return those of some groups that are stored."""
    rows = list(session.scalars(select(GroupRow).where(GroupRow.id.in_(keys))))
    return groups_from_rows(session, rows, now)


def count_groups(session: Session, tenant: str, origin: str) -> int:
    """Return the number of a project's groups that one API created."""
    query = select(func.count()).where(GroupRow.tenant_id == tenant, GroupRow.origin == origin)
    return session.scalars(query).one()


def add_group(tx: WriteTransaction, group: StoredGroup) -> None:
    """Store a new group, without members. Raises `IdTaken`."""
    session = tx.session
    same_id = select(GroupRow.id).where(GroupRow.id == group.id)
    if session.scalars(same_id).first() is not None:
        raise IdTaken(group.id)
    session.execute(
        insert(GroupRow).values(
            id=group.id,
            tenant_id=group.tenant_id,
            user_id=group.user_id,
            name=group.name,
            policies=policies_to_documents(group.policies),
            details=group.metadata,
            origin=group.origin,
            generation=group.generation,
        )
    )
    _insert_children(session, group.id, group.groups)
    tx.note("group", group.id)


def change_group(tx: WriteTransaction, group: StoredGroup, changes: Mapping[str, Any]) -> None:
    """Change fields of a group.

    Parameters
    ----------
    tx : WriteTransaction
    group : StoredGroup
    changes : mapping
        New values of ``name``, ``metadata``, ``tenant_id``, ``policies``, ``groups``.
    """
    columns: dict[str, Any] = {key: changes[key] for key in ("name", "tenant_id") if key in changes}
    if "metadata" in changes:
        columns["details"] = changes["metadata"]
    if "tenant_id" in changes:  # the new project does not inherit the grants of the old one
        tx.session.execute(delete(GrantRow).where(GrantRow.group_id == group.id))
    if "policies" in changes:
        policies: tuple[Policy, ...] = changes["policies"]
        columns["policies"] = policies_to_documents(policies)
    touch_group(tx, group.id, columns)
    if "groups" in changes:
        tx.session.execute(delete(ChildRow).where(ChildRow.parent == group.id))
        _insert_children(tx.session, group.id, changes["groups"])


def touch_group(tx: WriteTransaction, key: str, columns: Mapping[str, Any] | None = None) -> None:
    """Increase a group's generation, and write the changed columns of its row."""
    values = {**(columns or {}), "generation": GroupRow.generation + 1}
    tx.session.execute(update(GroupRow).where(GroupRow.id == key).values(values))
    tx.note("group", key)


def _insert_children(session: Session, parent: str, children: tuple[str, ...]) -> None:
    if not children:
        return
    rows = [{"parent": parent, "child": child, "position": i} for i, child in enumerate(children)]
    session.execute(insert(ChildRow), rows)


def remove_group(tx: WriteTransaction, group: StoredGroup, *, force: bool = False) -> None:
    """Remove a group; its children stay, and with `force` its members run on, ungrouped.

    Raises
    ------
    InUse
        ``members``, or ``name``: another group names it, in a policy or as a part.
    """
    session = tx.session
    require_unnamed(session, group)
    of_group = InstanceRow.group_id == group.id
    members = list(session.scalars(select(InstanceRow.id).where(of_group)))
    if members and not force:
        raise InUse("members", f"it has {count_of(len(members), 'member')}")
    session.execute(update(InstanceRow).where(of_group).values(group_id=None))
    for member in members:
        tx.note("instance", member)
    session.execute(delete(GroupRow).where(GroupRow.id == group.id))
    tx.note("group", group.id)


def require_unnamed(session: Session, group: StoredGroup) -> None:
    """Make sure that no other group of its project names a group. Raises `InUse`.

    Policies of other projects may name it; they become void.
    """
    parents = select(ChildRow.parent).where(ChildRow.child == group.id)
    if session.scalars(parents).first() is not None:
        raise InUse("name", "it is part of another group")
    same_project = select(GroupRow.id, GroupRow.policies).where(
        GroupRow.tenant_id == group.tenant_id
    )
    for key, documents in session.execute(same_project):
        others = policies_from_documents(documents) if key != group.id else ()
        if any(policy.target == group.id for policy in others):
            raise InUse("name", "a policy of another group names it")
