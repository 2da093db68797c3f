"""The fleet in the store: hosts one by one, or all at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.constraints.problem.validation import levels_named
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST
from groupsolver.store.database.tables import FleetRow, GroupRow, HostRow, InstanceRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.errors import InUse, NotStored
from groupsolver.store.mappers import (
    host_to_text,
    hosts_from_rows,
    policies_from_documents,
    split_keys,
)

_Domain = tuple[str, str]  # a level and a name


def read_fleet(session: Session) -> Fleet:
    """Return the whole fleet as it was loaded, without claims. It may have no host."""
    row = session.scalars(select(FleetRow)).one()
    hosts = hosts_from_rows(session.scalars(select(HostRow).order_by(HostRow.seq)))
    links = tuple(Link.model_validate(link) for link in row.links)
    pools = _pools_from_documents(row.pools)
    return Fleet.model_construct(
        version=1, levels=tuple(row.levels), hosts=hosts, links=links, pools=pools
    )


def _pools_from_documents(documents: list[Any] | None) -> tuple[Pool, ...]:
    return tuple(Pool.model_validate(pool) for pool in documents or ())


def read_levels(session: Session) -> tuple[str, ...]:
    """Return the fleet's levels above ``host``."""
    return tuple(session.scalars(select(FleetRow.levels)).one())


def find_host(session: Session, name: str) -> tuple[Host, int]:
    """Return a host and its generation. Raises `NotStored`."""
    row = session.scalars(select(HostRow).where(HostRow.name == name)).one_or_none()
    if row is None:
        raise NotStored("host", name)
    return hosts_from_rows([row])[0], row.generation


def load_fleet(tx: WriteTransaction, fleet: Fleet) -> None:
    """Replace the whole fleet; hosts that stay keep their members.

    Raises
    ------
    InUse
        Where a host with members would go, or a level at which a policy applies.
    """
    session = tx.session
    removed_levels = set(read_levels(session)) - set(fleet.levels)
    _require_unused_levels(session, removed_levels)
    rows = session.execute(select(HostRow.name, HostRow.document))
    stored = {row.name: row.document for row in rows}
    kept = {host.name for host in fleet.hosts}
    _delete_hosts(session, [name for name in stored if name not in kept])
    _write_hosts(tx, fleet.hosts, stored)
    links = [link.document() for link in fleet.links]
    pools = [pool.document() for pool in fleet.pools] or None
    values = {"levels": list(fleet.levels), "links": links, "pools": pools}
    session.execute(update(FleetRow).values(**values))
    tx.note("fleet")


def _delete_hosts(session: Session, names: list[str]) -> None:
    for some in split_keys(names):
        _require_unused_hosts(session, some)
        session.execute(delete(HostRow).where(HostRow.name.in_(some)))


def _write_hosts(tx: WriteTransaction, hosts: Iterable[Host], stored: dict[str, str]) -> None:
    """Insert hosts that are not stored yet, and update those whose document differs."""
    new: list[dict[str, Any]] = []
    changed: list[dict[str, str]] = []
    for host in hosts:
        text = host_to_text(host)
        if host.name not in stored:
            new.append({"name": host.name, "document": text, "generation": tx.revision})
        elif stored[host.name] != text:
            changed.append({"b_name": host.name, "b_document": text})
    if new:
        tx.session.execute(insert(HostRow), new)
    if changed:
        _update_hosts(tx.session, changed)


def put_host(tx: WriteTransaction, host: Host) -> bool:
    """Add a host, or replace the one of that name.

    Returns
    -------
    bool
        Whether it is new.

    Raises
    ------
    BadInput
        ``unknown-level``, the end of a link that would be known at two levels, or a class that
        the host would have and take from a pool, or from two.
    """
    session = tx.session
    _require_known_levels(session, host)
    _require_single_places(session, host)
    query = select(HostRow.document).where(HostRow.name == host.name)
    document = session.scalars(query).one_or_none()
    before = set() if document is None else _domains_in(host.name, document)
    _require_unambiguous_links(session, host, before)
    text = host_to_text(host)
    if document is None:
        values = {"name": host.name, "document": text, "generation": tx.revision}
        session.execute(insert(HostRow).values(**values))
    else:
        _update_hosts(session, [{"b_name": host.name, "b_document": text}])
    tx.note("host", host.name)
    return document is None


def _require_known_levels(session: Session, host: Host) -> None:
    levels = read_levels(session)
    faults = []
    for level in host.domains:
        if level not in levels:
            message = f"unknown level {level!r}{nearest(level, levels)}"
            faults.append(Fault("unknown-level", f"domains.{level}", message))
    if faults:
        raise BadInput(faults)


def _require_single_places(session: Session, host: Host) -> None:
    """Refuse a host that would have a class of its own and from a pool, or from two pools."""
    pools = PoolIndex(_pools_from_documents(session.scalars(select(FleetRow.pools)).one()))
    faults = [
        Fault("wrong-value", "inventory", f"{name} is in pool {pool!r} and in {other}")
        for name, pool, other in pools.repeated(host)
    ]
    if faults:
        raise BadInput(faults)


def _domains_in(name: str, document: str) -> set[_Domain]:
    """Return the domains of a stored host, itself included."""
    domains: dict[str, str] = json.loads(document).get("domains", {})
    return {(HOST, name), *domains.items()}


def _require_unambiguous_links(session: Session, host: Host, before: set[_Domain]) -> None:
    """Refuse a host with which the end of a link is known at a second level.

    Parameters
    ----------
    session : Session
    host : Host
    before : set of (str, str)
        The domains of the stored host of this name. Only new ones can make an end ambiguous.
    """
    domains = {(HOST, host.name), *host.domains.items()}
    new_names = {name for _, name in domains - before}
    if not new_names:
        return
    links = session.scalars(select(FleetRow.links)).one()
    ends = {end for link in links for end in link["between"]}
    faults = []
    for end in sorted(ends & new_names):
        levels = _levels_of_name(session, end, excluded=host.name)
        levels.update(level for level, name in domains if name == end)
        if len(levels) > 1:
            # The host comes first, then levels by name.
            one, other, *_ = sorted(levels, key=lambda level: (level != HOST, level))
            message = f"{end!r} is known at two levels, {one} and {other}"
            faults.append(Fault("ambiguous-name", "domains", message))
    if faults:
        raise BadInput(faults)


def _levels_of_name(session: Session, name: str, excluded: str) -> set[str]:
    """Return the levels at which all hosts but one know a name."""
    # The database preselects by text, so that few documents are parsed.
    text = json.dumps(name, ensure_ascii=False)
    mentions = HostRow.document.contains(text, autoescape=True)
    query = select(HostRow.name, HostRow.document).where(
        HostRow.name != excluded, (HostRow.name == name) | mentions
    )
    levels: set[str] = set()
    for host, document in session.execute(query):
        levels.update(level for level, known in _domains_in(host, document) if known == name)
    return levels


def remove_host(tx: WriteTransaction, name: str) -> None:
    """Remove a host. Raises `NotStored`, and `InUse` where it has members."""
    find_host(tx.session, name)
    _delete_hosts(tx.session, [name])
    tx.note("host", name)


def _update_hosts(session: Session, changed: list[dict[str, str]]) -> None:
    """Replace documents of stored hosts, in one statement.

    One statement a host would take so long that other writers give up.
    """
    table = cast(Table, HostRow.__table__)
    values = {"document": bindparam("b_document"), "generation": table.c.generation + 1}
    statement = update(table).where(table.c.name == bindparam("b_name")).values(values)
    session.connection().execute(statement, changed)
    session.expire_all()  # the session does not know what its connection did


def _require_unused_hosts(session: Session, names: list[str]) -> None:
    query = (
        select(InstanceRow.host, func.count())
        .where(InstanceRow.host.in_(names))
        .group_by(InstanceRow.host)
        .limit(1)
    )
    used = session.execute(query).one_or_none()
    if used is not None:
        host, count = used
        raise InUse("host", f"host {host!r} has {count_of(count, 'member')}")


def _require_unused_levels(session: Session, levels: set[str]) -> None:
    if not levels:
        return
    for documents in session.scalars(select(GroupRow.policies)):
        for policy in policies_from_documents(documents):
            used = levels_named(policy) & levels
            if used:
                message = f"policies of groups apply at the level {min(used)!r}, which would go"
                raise InUse("level", message)
