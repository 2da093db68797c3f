"""What if there were more hosts: ``--add-hosts``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import HostsAdded, emptied
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif.application_changes import whole
from groupsolver.cli.whatif.policy_selector import fault, led_by, unknown
from groupsolver.errors import quoted
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST

MAX_ADDED_HOSTS = 10_000  # hosts that are added at once


def added(
    text: str, gone: Iterable[DomainRemoved], old: CompiledFleet, fleet: CompiledFleet
) -> Change:
    """Read ``HOST[:N][@LEVEL=DOMAIN,...]``: so many hosts like one, empty, in its place or another.

    Where a domain is given, hosts that stand in it say which other domains go with it.

    Parameters
    ----------
    gone : iterable of DomainRemoved
        Domains where nothing can stand.
    old, fleet : CompiledFleet
        As it is, which has the host; and with the changes so far. Raises `BadInput`.
    """
    option = "--add-hosts"
    name = led_by(text, old.index.names(), ":@")
    if name is None:
        head = re.split("[:@]", text, maxsplit=1)[0]
        raise unknown("unknown-host", "host", head, old.index.names(), option)
    number, at, places = text[len(name) :].partition("@")
    count = whole(number[1:]) if number else 1
    if count is None or not 1 <= count <= MAX_ADDED_HOSTS:
        raise fault(
            "out-of-range",
            f"expected a number of hosts from 1 to {MAX_ADDED_HOSTS}, found {quoted(number[1:])}",
            option,
        )
    host = emptied(old.index[name])
    told = _places(places, fleet, option) if at else {}
    domains = _together(told, host, fleet.index, option)
    for lost in gone:
        if domains.get(lost.level) == lost.name:
            where = f"{lost.level} {quoted(lost.name)}"
            message = (
                f"expected a place for them, such as {name}@{lost.level}=NAME: {where} is removed"
            )
            raise fault("wrong-value", message, option)
    opened = tuple(
        level
        for level in fleet.levels
        if level in told and told[level] not in fleet.index.domains(level)
    )
    names = _fresh(name, count, fleet)
    hosts = tuple(host.model_copy(update={"name": one, "domains": domains}) for one in names)
    return HostsAdded(name, hosts, opened)


def _places(text: str, fleet: CompiledFleet, option: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for part in text.split(","):
        level, equals, domain = part.partition("=")
        if not (equals and domain) or not domain.isprintable() or len(domain) > 255:
            message = (
                f"expected LEVEL=DOMAIN,... behind @, such as @rack=NAME, found {quoted(part)}"
            )
            raise fault("wrong-value", message, option)
        if level not in fleet.levels:
            raise unknown("unknown-level", "level", level, fleet.levels, option)
        if level in told:
            raise fault("duplicate-key", f"{level} is given twice", option)
        told[level] = domain
    return told


def _together(told: dict[str, str], host: Host, index: HostIndex, option: str) -> dict[str, str]:
    """Give all domains of a new host: those that were told, and of those around them what goes with them."""
    known = [{one.name for one in index.hosts_in(level, name)} for level, name in told.items()]
    there = [index[name] for name in set.intersection(*known)] if known and all(known) else []
    domains: dict[str, str] = {}
    for level in index.levels:
        own = host.domains.get(level)
        around = {one.domains.get(level) for one in there}
        if level in told:
            chosen: str | None = told[level]
        elif len(around) == 1:
            (chosen,) = around
        elif not around or own in around:
            chosen = own
        else:
            where = ", ".join(f"{one} {quoted(name)}" for one, name in told.items())
            message = f"expected {level}=NAME beside {where}: {host.name}'s own {level} does not go with it"
            raise fault("missing-key", message, option)
        if chosen is not None:
            domains[level] = chosen
    return domains


def _fresh(like: str, count: int, fleet: CompiledFleet) -> list[str]:
    """Give names that nothing has yet: no host, no domain, and no end of a link."""
    taken = {name for level in (HOST, *fleet.levels) for name in fleet.index.domains(level)}
    taken |= {end for link in fleet.links for end in link.between}
    names: list[str] = []
    number = 0
    while len(names) < count:
        number += 1
        if (name := f"{like[:240]}-new-{number}") not in taken:
            names.append(name)
    return names
