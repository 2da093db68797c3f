"""The fleet in the store: hosts one by one, or all at once."""

from __future__ import annotations

import json
from typing import cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from groupsolver.constraints.problem.validation import levels_named
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.units import count_of
from groupsolver.model.value import HOST
from groupsolver.store.database.tables import FleetRow, GroupRow, HostRow, InstanceRow
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.errors import InUse, NotStored
from groupsolver.store.mappers import chunks, host_text, hosts_of, policies_of


def read_fleet(session: Session) -> Fleet:
    """Give the whole fleet, as it was loaded: `used` is what others use. It may have no host."""
    row = session.scalars(select(FleetRow)).one()
    hosts = hosts_of(session.scalars(select(HostRow).order_by(HostRow.seq)))
    links = tuple(Link.model_validate(link) for link in row.links)
    return Fleet.model_construct(version=1, levels=tuple(row.levels), hosts=hosts, links=links)


def read_levels(session: Session) -> tuple[str, ...]:
    """Give the fleet's levels above ``host``."""
    return tuple(session.scalars(select(FleetRow.levels)).one())


def find_host(session: Session, name: str) -> tuple[Host, int]:
    """Give a host and its generation. Raises `NotStored`."""
    row = session.scalars(select(HostRow).where(HostRow.name == name)).one_or_none()
    if row is None:
        raise NotStored("host", name)
    return hosts_of([row])[0], row.generation


def load_fleet(tx: WriteTransaction, fleet: Fleet) -> None:
    """Replace the whole fleet; hosts that stay keep their members.

    Raises
    ------
    InUse
        Where a host with members would go, or a level at which a policy speaks.
    """
    session = tx.session
    gone = set(read_levels(session)) - set(fleet.levels)
    _free_levels(session, gone)
    there = {row.name: row for row in session.execute(select(HostRow.name, HostRow.document))}
    names = {host.name for host in fleet.hosts}
    leaving = [name for name in there if name not in names]
    for some in chunks(leaving):
        _free_hosts(session, some)
        session.execute(HostRow.__table__.delete().where(HostRow.name.in_(some)))  # type: ignore[attr-defined]
    new, changed = [], []
    for host in fleet.hosts:
        text = host_text(host)
        if host.name not in there:
            new.append({"name": host.name, "document": text, "generation": tx.revision})
        elif there[host.name].document != text:
            changed.append({"b_name": host.name, "b_document": text})
    if new:
        session.execute(insert(HostRow), new)
    _rewrite(session, changed)
    links = [link.document() for link in fleet.links]
    session.execute(update(FleetRow).values(levels=list(fleet.levels), links=links))
    tx.note("fleet")


def put_host(tx: WriteTransaction, host: Host) -> bool:
    """Add a host, or replace the one of that name; say whether it is new.

    Raises
    ------
    BadInput
        ``unknown-level``, or a name of a link's end that is known at two levels then.
    """
    session = tx.session
    levels = read_levels(session)
    faults = [
        Fault(
            "unknown-level", f"domains.{level}", f"unknown level {level!r}{nearest(level, levels)}"
        )
        for level in host.domains
        if level not in levels
    ]
    if faults:
        raise BadInput(faults)
    row = session.execute(select(HostRow.document).where(HostRow.name == host.name)).one_or_none()
    _links_hold(session, host, _known_as(host.name, row.document) if row else set())
    text = host_text(host)
    if row is None:
        session.execute(
            insert(HostRow).values(name=host.name, document=text, generation=tx.revision)
        )
    else:
        _rewrite(session, [{"b_name": host.name, "b_document": text}])
    tx.note("host", host.name)
    return row is None


def _known_as(name: str, document: str) -> set[tuple[str, str]]:
    """Give the names that a stored host makes known, each with its level."""
    domains: dict[str, str] = json.loads(document).get("domains", {})
    return {(HOST, name), *domains.items()}


def _links_hold(session: Session, host: Host, before: set[tuple[str, str]]) -> None:
    """Refuse a host that makes a link's end known at a second level; only names that are new with it can."""
    now = {(HOST, host.name), *host.domains.items()}
    if not now - before:
        return
    links = session.scalars(select(FleetRow.links)).one()
    ends = {end for link in links for end in link["between"]}
    faults = []
    for end in sorted(ends.intersection(name for _, name in now - before)):
        levels = _levels_at(session, end, host.name).union(
            level for level, name in now if name == end
        )
        if len(levels) > 1:
            one, other, *_ = sorted(levels, key=lambda level: (level != HOST, level))
            faults.append(
                Fault(
                    "ambiguous-name",
                    "domains",
                    f"{end!r} is known at two levels, {one} and {other}",
                )
            )
    if faults:
        raise BadInput(faults)


def _levels_at(session: Session, end: str, but: str) -> set[str]:
    """Give the levels at which hosts but one make a name known."""
    said = HostRow.document.contains(
        json.dumps(end, ensure_ascii=False), autoescape=True
    )  # reads few of them
    rows = session.execute(
        select(HostRow.name, HostRow.document).where(
            HostRow.name != but, (HostRow.name == end) | said
        )
    )
    return {
        level for row in rows for level, name in _known_as(row.name, row.document) if name == end
    }


def remove_host(tx: WriteTransaction, name: str) -> None:
    """Take a host out. Raises `NotStored`, and `InUse` where it has members."""
    find_host(tx.session, name)
    _free_hosts(tx.session, [name])
    tx.session.execute(HostRow.__table__.delete().where(HostRow.name == name))  # type: ignore[attr-defined]
    tx.note("host", name)


def _rewrite(session: Session, changed: list[dict[str, str]]) -> None:
    """Write documents of hosts that are there, in one statement: each by itself would hold up all others."""
    if changed:
        table = cast(Table, HostRow.__table__)
        values = {"document": bindparam("b_document"), "generation": table.c.generation + 1}
        one = update(table).where(table.c.name == bindparam("b_name")).values(values)
        session.connection().execute(one, changed)
        session.expire_all()  # it knows nothing of what the connection does


def _free_hosts(session: Session, names: list[str]) -> None:
    held = session.execute(
        select(InstanceRow.host, func.count())
        .where(InstanceRow.host.in_(names))
        .group_by(InstanceRow.host)
        .limit(1)
    ).one_or_none()
    if held is not None:
        raise InUse("host", f"host {held[0]!r} has {count_of(held[1], 'member')}")


def _free_levels(session: Session, levels: set[str]) -> None:
    if not levels:
        return
    for (documents,) in session.execute(select(GroupRow.policies)):
        for policy in policies_of(documents):
            named = levels_named(policy) & levels
            if named:
                raise InUse(
                    "level", f"policies of groups speak at the level {min(named)!r}, which would go"
                )
