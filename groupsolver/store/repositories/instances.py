"""Instances in the store: where each is, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.store.database.tables import AllocationRow, InstanceRow, PlacementRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Instance
from groupsolver.store.errors import NotStored
from groupsolver.store.mappers import alive, chunks, instances_of
from groupsolver.store.repositories.groups import Page, touch_group


@dataclass(frozen=True)
class StoredPlacement:
    """What is kept of a placement: its value when it was found, and until when it must be confirmed."""

    id: str
    tenant_id: str
    status: str
    objective: int
    bound: int
    gap: float
    expires: float | None = None


def list_instances(session: Session, tenant: str, page: Page, now: float) -> list[Instance]:
    """Give a project's instances, in the order in which they were placed. Raises `NotStored`: the marker."""
    query = (
        select(InstanceRow)
        .where(InstanceRow.tenant_id == tenant, alive(now))
        .order_by(InstanceRow.seq)
    )
    if page.marker is not None:
        query = query.where(InstanceRow.seq > _row(session, page.marker, tenant, now).seq)
    query = query.limit(page.limit).offset(page.offset or None)
    return instances_of(session, list(session.scalars(query)))


def find_instance(session: Session, key: str, tenant: str, now: float) -> Instance:
    """Give one instance of a project. Raises `NotStored`."""
    return instances_of(session, [_row(session, key, tenant, now)])[0]


def _row(session: Session, key: str, tenant: str, now: float) -> InstanceRow:
    query = select(InstanceRow).where(
        InstanceRow.id == key, InstanceRow.tenant_id == tenant, alive(now)
    )
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotStored("instance", key)
    return row


def taken_ids(session: Session, keys: list[str]) -> set[str]:
    """Give those of some ids that instances have, of whichever project."""
    found: set[str] = set()
    for some in chunks(keys):
        found.update(session.scalars(select(InstanceRow.id).where(InstanceRow.id.in_(some))))
    return found


def add_placement(
    tx: WriteTransaction, placement: StoredPlacement, instances: list[Instance]
) -> None:
    """Store a placement and its instances: their membership, and what they take."""
    session = tx.session
    session.execute(
        insert(PlacementRow).values(
            id=placement.id,
            tenant_id=placement.tenant_id,
            status=placement.status,
            objective=placement.objective,
            bound=placement.bound,
            gap=placement.gap,
        )
    )
    if not instances:
        return
    session.execute(
        insert(InstanceRow),
        [
            {
                "id": one.id,
                "tenant_id": one.tenant_id,
                "name": one.name,
                "group_id": one.group,
                "host": one.host,
                "placement_id": placement.id,
                "expires": placement.expires,
                "cell": one.cell,
            }
            for one in instances
        ],
    )
    taken = [
        {"instance_id": one.id, "resource_class": name, "amount": amount}
        for one in instances
        for name, amount in one.resources.items()
    ]
    session.execute(insert(AllocationRow), taken)
    _noted(tx, instances)


def _noted(tx: WriteTransaction, instances: list[Instance]) -> None:
    for one in instances:
        tx.note("instance", one.id)
    for group in {one.group for one in instances if one.group is not None}:
        touch_group(tx, group)


def confirm_placement(
    tx: WriteTransaction, key: str, tenant: str
) -> tuple[StoredPlacement, list[Instance]]:
    """Let the claims of a placement stay. Raises `NotStored` where it has ended."""
    session = tx.session
    row = session.scalars(
        select(PlacementRow).where(PlacementRow.id == key, PlacementRow.tenant_id == tenant)
    ).first()
    if row is None:
        raise NotStored("placement", key)
    here = InstanceRow.placement_id == key
    waiting = list(
        session.scalars(select(InstanceRow.id).where(here, InstanceRow.expires.is_not(None)))
    )
    session.execute(update(InstanceRow).where(here).values(expires=None))
    for one in waiting:
        tx.note("instance", one)
    kept = StoredPlacement(row.id, row.tenant_id, row.status, row.objective, row.bound, row.gap)
    return kept, instances_of(
        session, list(session.scalars(select(InstanceRow).where(here).order_by(InstanceRow.seq)))
    )


def remove_instances(tx: WriteTransaction, instances: list[Instance]) -> None:
    """Take instances out: their membership ends, and what they took is free."""
    session = tx.session
    for some in chunks(one.id for one in instances):
        session.execute(delete(InstanceRow).where(InstanceRow.id.in_(some)))
    for some in chunks({one.placement for one in instances}):
        left = select(InstanceRow.placement_id).where(InstanceRow.placement_id.in_(some))
        session.execute(
            delete(PlacementRow).where(PlacementRow.id.in_(some), PlacementRow.id.not_in(left))
        )
    _noted(tx, instances)


def join_group(tx: WriteTransaction, group: str, instances: list[Instance]) -> None:
    """Make instances that are in no group members of one."""
    for some in chunks(one.id for one in instances):
        tx.session.execute(
            update(InstanceRow).where(InstanceRow.id.in_(some)).values(group_id=group)
        )
    for one in instances:
        tx.note("instance", one.id)
    if instances:
        touch_group(tx, group)


def find_instances(session: Session, keys: list[str], tenant: str, now: float) -> list[Instance]:
    """Give some instances of a project, in the order in which they were placed. Raises `NotStored`."""
    rows: list[InstanceRow] = []
    for some in chunks(keys):
        rows += session.scalars(
            select(InstanceRow).where(InstanceRow.id.in_(some), *_of(tenant, now))
        )
    there = {row.id for row in rows}
    for key in keys:
        if key not in there:
            raise NotStored("instance", key)
    return instances_of(session, sorted(rows, key=lambda row: row.seq))


def _of(tenant: str, now: float) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return InstanceRow.tenant_id == tenant, alive(now)


def sweep(tx: WriteTransaction) -> list[Instance]:
    """Take out the instances whose claims have ended unconfirmed, and give them."""
    rows = list(tx.session.scalars(select(InstanceRow).where(InstanceRow.expires <= tx.now)))
    ended = instances_of(tx.session, rows)
    if ended:
        remove_instances(tx, ended)
    return ended
