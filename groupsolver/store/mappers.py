"""Rows to values, and values to what rows hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import AnyPolicy
from groupsolver.model.fleet import Host
from groupsolver.store.database.tables import (
    AllocationRow,
    ChildRow,
    GrantRow,
    GroupRow,
    HostRow,
    InstanceRow,
)
from groupsolver.store.entities import Instance, StoredGroup

MAX_IN_VALUES = 500  # values in one IN (...): databases bound their number
_POLICIES: TypeAdapter[tuple[Policy, ...]] = TypeAdapter(tuple[AnyPolicy, ...])
_HOSTS: TypeAdapter[tuple[Host, ...]] = TypeAdapter(tuple[Host, ...])


def split_keys(keys: Iterable[str]) -> Iterator[list[str]]:
    """Split keys into lists that are short enough for one statement."""
    remaining = list(keys)
    for start in range(0, len(remaining), MAX_IN_VALUES):
        yield remaining[start : start + MAX_IN_VALUES]


def host_to_text(host: Host) -> str:
    """Return a host as it is stored: its JSON text without defaults."""
    return host.model_dump_json(exclude_defaults=True)


def hosts_from_rows(rows: Iterable[HostRow]) -> tuple[Host, ...]:
    """Parse hosts, all in one call: faster than one by one."""
    documents = ",".join(row.document for row in rows)
    return _HOSTS.validate_json(f"[{documents}]")


def policies_to_documents(policies: tuple[Policy, ...]) -> list[dict[str, object]]:
    """Return policies as they are stored."""
    return [policy.document() for policy in policies]


def policies_from_documents(documents: list[dict[str, object]]) -> tuple[Policy, ...]:
    """Return policies from what is stored of them."""
    return _POLICIES.validate_python(documents)


@dataclass
class _GroupParts:
    """The parts of groups that other tables hold, by the group's id."""

    children: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    members: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    grants: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def groups_from_rows(session: Session, rows: list[GroupRow], now: float) -> list[StoredGroup]:
    """Read the children, members and grants of groups, and return the groups.

    Parameters
    ----------
    session : Session
    rows : list of GroupRow
    now : float
        Seconds since 1970: members whose claims have ended by then are left out.
    """
    parts = _GroupParts()
    for some in split_keys(row.id for row in rows):
        _read_children(session, some, parts)
        _read_members(session, some, now, parts)
        _read_grants(session, some, parts)
    return [_to_group(row, parts) for row in rows]


def _read_children(session: Session, ids: list[str], parts: _GroupParts) -> None:
    query = (
        select(ChildRow.parent, ChildRow.child)
        .where(ChildRow.parent.in_(ids))
        .order_by(ChildRow.parent, ChildRow.position)
    )
    for parent, child in session.execute(query):
        parts.children[parent].append(child)


def _read_members(session: Session, ids: list[str], now: float, parts: _GroupParts) -> None:
    query = (
        select(InstanceRow.group_id, InstanceRow.id, InstanceRow.tenant_id)
        .where(InstanceRow.group_id.in_(ids), is_alive(now))
        .order_by(InstanceRow.seq)
    )
    for group, member, tenant in session.execute(query):
        parts.members[group or ""][member] = tenant


def _read_grants(session: Session, ids: list[str], parts: _GroupParts) -> None:
    query = (
        select(GrantRow.group_id, GrantRow.tenant_id)
        .where(GrantRow.group_id.in_(ids))
        .order_by(GrantRow.seq)
    )
    for group, tenant in session.execute(query):
        parts.grants[group].append(tenant)


def _to_group(row: GroupRow, parts: _GroupParts) -> StoredGroup:
    members = parts.members.get(row.id, {})
    return StoredGroup(
        id=row.id,
        tenant_id=row.tenant_id,
        user_id=row.user_id,
        name=row.name,
        policies=policies_from_documents(row.policies),
        metadata=row.details,
        groups=tuple(parts.children.get(row.id, ())),
        members=tuple(members),
        origin="nova" if row.origin == "nova" else "v1",
        generation=row.generation,
        grants=tuple(parts.grants.get(row.id, ())),
        foreign=_of_other_projects(members, row.tenant_id),
    )


def _of_other_projects(members: Mapping[str, str], tenant: str) -> dict[str, str]:
    return {member: owner for member, owner in members.items() if owner != tenant}


def is_alive(now: float) -> ColumnElement[bool]:
    """Return the SQL condition that an instance's claim has not ended."""
    return (InstanceRow.expires.is_(None)) | (InstanceRow.expires > now)


def instances_from_rows(session: Session, rows: list[InstanceRow]) -> list[Instance]:
    """Read the amounts that instances take, and return the instances."""
    resources: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    for some in split_keys(resources):
        query = select(AllocationRow).where(AllocationRow.instance_id.in_(some))
        for allocation in session.scalars(query):
            resources[allocation.instance_id][allocation.resource_class] = allocation.amount
    return [_to_instance(row, resources[row.id]) for row in rows]


def _to_instance(row: InstanceRow, resources: dict[str, int]) -> Instance:
    return Instance(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        group=row.group_id,
        host=row.host,
        resources=resources,
        placement=row.placement_id,
        expires=row.expires,
        cell=row.cell,
    )
