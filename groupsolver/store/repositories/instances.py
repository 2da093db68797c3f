"""Instances in the store: the host of each, and the resources that it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.model.result import Result
from groupsolver.store.database.tables import AllocationRow, InstanceRow, PlacementRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Instance
from groupsolver.store.errors import NotStored
from groupsolver.store.mappers import instances_from_rows, is_alive, split_keys
from groupsolver.store.repositories.groups import Page, touch_group


@dataclass(frozen=True)
class StoredPlacement:
    """The part of a placement that is kept: its value, and until when it must be confirmed."""

    id: str
    tenant_id: str
    status: str
    objective: int
    bound: int
    gap: float
    expires: float | None = None

    def with_value(self, result: Result) -> StoredPlacement:
        """Return this placement with the status, objective, bound and gap of a result."""
        if result.objective is None or result.bound is None:
            return self
        return replace(
            self,
            status=result.status,
            objective=result.objective,
            bound=result.bound,
            gap=result.gap or 0.0,
        )


def list_instances(session: Session, tenant: str, page: Page, now: float) -> list[Instance]:
    """Return a project's instances, in the order in which they were placed.

    Raises
    ------
    NotStored
        Where the page's marker is not one of them.
    """
    query = select(InstanceRow).where(_is_visible(tenant, now)).order_by(InstanceRow.seq)
    if page.marker is not None:
        marker = _find_row(session, page.marker, tenant, now)
        query = query.where(InstanceRow.seq > marker.seq)
    query = query.limit(page.limit).offset(page.offset or None)
    return instances_from_rows(session, list(session.scalars(query)))


def find_instance(session: Session, key: str, tenant: str, now: float) -> Instance:
    """Return one instance of a project. Raises `NotStored`."""
    row = _find_row(session, key, tenant, now)
    return instances_from_rows(session, [row])[0]


def find_instances(session: Session, keys: list[str], tenant: str, now: float) -> list[Instance]:
    """Return some instances of a project, in the order in which they were placed.

    Raises
    ------
    NotStored
        For the first that is not there.
    """
    rows: list[InstanceRow] = []
    for some in split_keys(keys):
        query = select(InstanceRow).where(InstanceRow.id.in_(some), _is_visible(tenant, now))
        rows += session.scalars(query)
    found = {row.id for row in rows}
    for key in keys:
        if key not in found:
            raise NotStored("instance", key)
    rows.sort(key=lambda row: row.seq)
    return instances_from_rows(session, rows)


def _find_row(session: Session, key: str, tenant: str, now: float) -> InstanceRow:
    query = select(InstanceRow).where(InstanceRow.id == key, _is_visible(tenant, now))
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotStored("instance", key)
    return row


def _is_visible(tenant: str, now: float) -> ColumnElement[bool]:
    return (InstanceRow.tenant_id == tenant) & is_alive(now)


def taken_ids(session: Session, keys: list[str]) -> set[str]:
    """Return those of some ids that instances have, of any project."""
    found: set[str] = set()
    for some in split_keys(keys):
        found.update(session.scalars(select(InstanceRow.id).where(InstanceRow.id.in_(some))))
    return found


def add_placement(
    tx: WriteTransaction, placement: StoredPlacement, instances: list[Instance]
) -> None:
    """Store a placement and its instances: their membership, and the resources that they take."""
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
    rows = [_columns(instance, placement) for instance in instances]
    session.execute(insert(InstanceRow), rows)
    allocations = [
        {"instance_id": instance.id, "resource_class": resource, "amount": amount}
        for instance in instances
        for resource, amount in instance.resources.items()
    ]
    session.execute(insert(AllocationRow), allocations)
    _note_members(tx, instances)


def _columns(instance: Instance, placement: StoredPlacement) -> dict[str, Any]:
    return {
        "id": instance.id,
        "tenant_id": instance.tenant_id,
        "name": instance.name,
        "group_id": instance.group,
        "host": instance.host,
        "placement_id": placement.id,
        "expires": placement.expires,
        "cell": instance.cell,
    }


def _note_members(tx: WriteTransaction, instances: list[Instance]) -> None:
    """Note that instances were added or removed, and touch their groups."""
    for instance in instances:
        tx.note("instance", instance.id)
    groups = {instance.group for instance in instances if instance.group is not None}
    for group in groups:
        touch_group(tx, group)


def confirm_placement(
    tx: WriteTransaction, key: str, tenant: str
) -> tuple[StoredPlacement, list[Instance]]:
    """Confirm a placement, so that its claims do not end.

    Returns
    -------
    (StoredPlacement, list of Instance)

    Raises
    ------
    NotStored
        Where it has ended.
    """
    session = tx.session
    query = select(PlacementRow).where(PlacementRow.id == key, PlacementRow.tenant_id == tenant)
    row = session.scalars(query).first()
    if row is None:
        raise NotStored("placement", key)
    of_placement = InstanceRow.placement_id == key
    unconfirmed = select(InstanceRow.id).where(of_placement, InstanceRow.expires.is_not(None))
    for instance in list(session.scalars(unconfirmed)):
        tx.note("instance", instance)
    session.execute(update(InstanceRow).where(of_placement).values(expires=None))
    placement = StoredPlacement(
        row.id, row.tenant_id, row.status, row.objective, row.bound, row.gap
    )
    members = select(InstanceRow).where(of_placement).order_by(InstanceRow.seq)
    return placement, instances_from_rows(session, list(session.scalars(members)))


def remove_instances(tx: WriteTransaction, instances: list[Instance]) -> None:
    """Remove instances: their membership ends, and what they took is free."""
    session = tx.session
    for some in split_keys(instance.id for instance in instances):
        session.execute(delete(InstanceRow).where(InstanceRow.id.in_(some)))
    placements = {instance.placement for instance in instances}
    for some in split_keys(placements):
        # A placement goes with the last of its instances.
        remaining = select(InstanceRow.placement_id).where(InstanceRow.placement_id.in_(some))
        empty = PlacementRow.id.in_(some) & PlacementRow.id.not_in(remaining)
        session.execute(delete(PlacementRow).where(empty))
    _note_members(tx, instances)


def join_group(tx: WriteTransaction, group: str, instances: list[Instance]) -> None:
    """Make instances that are in no group members of a group."""
    for some in split_keys(instance.id for instance in instances):
        of_these = InstanceRow.id.in_(some)
        tx.session.execute(update(InstanceRow).where(of_these).values(group_id=group))
    for instance in instances:
        tx.note("instance", instance.id)
    if instances:
        touch_group(tx, group)


def leave_group(tx: WriteTransaction, group: str, instances: list[Instance]) -> None:
    """End the membership of a group's members: they keep their resources, and are in no group."""
    for some in split_keys(instance.id for instance in instances):
        of_these = InstanceRow.id.in_(some) & (InstanceRow.group_id == group)
        tx.session.execute(update(InstanceRow).where(of_these).values(group_id=None))
    for instance in instances:
        tx.note("instance", instance.id)
    if instances:
        touch_group(tx, group)


def remove_expired_instances(tx: WriteTransaction) -> list[Instance]:
    """Remove the instances whose claims have ended unconfirmed, and return them."""
    query = select(InstanceRow).where(InstanceRow.expires <= tx.now)
    expired = instances_from_rows(tx.session, list(tx.session.scalars(query)))
    if expired:
        remove_instances(tx, expired)
    return expired
