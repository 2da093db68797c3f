"""Rows to values and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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

_POLICIES: TypeAdapter[tuple[Policy, ...]] = TypeAdapter(tuple[AnyPolicy, ...])
_HOSTS: TypeAdapter[tuple[Host, ...]] = TypeAdapter(tuple[Host, ...])
MAX_IN_VALUES = 500  # values in one IN (...): databases bound their number


def chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    """Cut keys into lists that fit one statement."""
    whole = list(keys)
    return (whole[i : i + MAX_IN_VALUES] for i in range(0, len(whole), MAX_IN_VALUES))


def host_text(host: Host) -> str:
    """Give a host as it is stored: its JSON text, as short as it can be said."""
    return host.model_dump_json(exclude_defaults=True)


def hosts_of(rows: Iterable[HostRow]) -> tuple[Host, ...]:
    """Read hosts, many at once: quicker than one by one."""
    return _HOSTS.validate_json(f"[{','.join(row.document for row in rows)}]")


def policy_documents(policies: tuple[Policy, ...]) -> list[dict[str, object]]:
    """Give policies as they are stored."""
    return [policy.document() for policy in policies]


def policies_of(documents: list[dict[str, object]]) -> tuple[Policy, ...]:
    """Return policies from what is stored of them."""
    return _POLICIES.validate_python(documents)


def groups_of(session: Session, rows: list[GroupRow], now: float) -> list[StoredGroup]:
    """Read groups, with the children, members and grants of each."""
    ids = [row.id for row in rows]
    children: dict[str, list[str]] = {}
    members: dict[str, dict[str, str]] = {}
    grants: dict[str, list[str]] = {}
    for some in chunks(ids):
        below = select(ChildRow.parent, ChildRow.child).where(ChildRow.parent.in_(some))
        for parent, child in session.execute(below.order_by(ChildRow.parent, ChildRow.position)):
            children.setdefault(parent, []).append(child)
        inside = select(InstanceRow.group_id, InstanceRow.id, InstanceRow.tenant_id)
        inside = inside.where(InstanceRow.group_id.in_(some), alive(now))
        for group, member, tenant in session.execute(inside.order_by(InstanceRow.seq)):
            members.setdefault(group or "", {})[member] = tenant
        given = select(GrantRow.group_id, GrantRow.tenant_id).where(GrantRow.group_id.in_(some))
        for group, tenant in session.execute(given.order_by(GrantRow.seq)):
            grants.setdefault(group, []).append(tenant)
    return [
        _group(row, children.get(row.id, ()), members.get(row.id, {}), grants.get(row.id, ()))
        for row in rows
    ]


def _group(
    row: GroupRow, children: Iterable[str], members: Mapping[str, str], grants: Iterable[str]
) -> StoredGroup:
    return StoredGroup(
        id=row.id,
        tenant_id=row.tenant_id,
        user_id=row.user_id,
        name=row.name,
        policies=policies_of(row.policies),
        metadata=row.details,
        groups=tuple(children),
        members=tuple(members),
        origin="nova" if row.origin == "nova" else "v1",
        generation=row.generation,
        grants=tuple(grants),
        foreign={one: tenant for one, tenant in members.items() if tenant != row.tenant_id},
    )


def alive(now: float) -> ColumnElement[bool]:
    """Give the condition that an instance's claim has not ended."""
    return (InstanceRow.expires.is_(None)) | (InstanceRow.expires > now)


def instances_of(session: Session, rows: list[InstanceRow]) -> list[Instance]:
    """Read instances, with what each takes."""
    taken: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    for some in chunks(taken):
        for allocation in session.scalars(
            select(AllocationRow).where(AllocationRow.instance_id.in_(some))
        ):
            taken[allocation.instance_id][allocation.resource_class] = allocation.amount
    return [
        Instance(
            id=row.id,
            tenant_id=row.tenant_id,
            name=row.name,
            group=row.group_id,
            host=row.host,
            resources=taken[row.id],
            placement=row.placement_id,
            expires=row.expires,
            cell=row.cell,
        )
        for row in rows
    ]
