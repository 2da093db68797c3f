"""The what-if question about more hosts: ``--add-hosts``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import HostsAdded, emptied
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif.application_changes import natural_number
from groupsolver.cli.whatif.policy_selector import longest_prefix, option_error, unknown_name
from groupsolver.errors import quoted
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST

OPTION = "--add-hosts"
MAX_ADDED_HOSTS = 10_000
MAX_NAME_LENGTH = 255


def parse_add_hosts(
    text: str, removed: Iterable[DomainRemoved], original: CompiledFleet, fleet: CompiledFleet
) -> Change:
    """Read ``HOST[:N][@LEVEL=DOMAIN,...]``: N empty hosts like one, in its domains or in others.

    Where a domain is given, the hosts in it determine the domains of other levels.

    Parameters
    ----------
    removed : iterable of DomainRemoved
        Domains that no host can be added to.
    original : CompiledFleet
        Without changes; it has the host.
    fleet : CompiledFleet
        With the changes so far.

    Raises
    ------
    BadInput
    """
    names = original.index.names()
    name = longest_prefix(text, names, ":@")
    if name is None:
        head = re.split("[:@]", text, maxsplit=1)[0]
        raise unknown_name("unknown-host", "host", head, names, OPTION)
    number, at, places = text[len(name) :].partition("@")
    count = _count(number)
    host = emptied(original.index[name])
    given = _parse_places(places, fleet) if at else {}
    domains = _all_domains(given, host, fleet.index)
    _check_not_removed(domains, name, removed)
    new_levels = tuple(
        level
        for level in fleet.levels
        if level in given and given[level] not in fleet.index.domains(level)
    )
    hosts = tuple(
        host.model_copy(update={"name": new_name, "domains": domains})
        for new_name in _unused_names(name, count, fleet)
    )
    for resource, pool, other in fleet.index.pools.repeated(hosts[0]):
        message = f"a host like {name} would have {resource} from pool {pool!r} and in {other}"
        raise option_error("wrong-value", message, OPTION)
    return HostsAdded(name, hosts, new_levels)


def _count(number: str) -> int:
    """Read ``:N``, or nothing for 1."""
    count = natural_number(number[1:]) if number else 1
    if count is None or not 1 <= count <= MAX_ADDED_HOSTS:
        expected = f"expected a number of hosts from 1 to {MAX_ADDED_HOSTS}"
        raise option_error("out-of-range", f"{expected}, found {quoted(number[1:])}", OPTION)
    return count


def _parse_places(text: str, fleet: CompiledFleet) -> dict[str, str]:
    """Read ``LEVEL=DOMAIN,...``."""
    given: dict[str, str] = {}
    for part in text.split(","):
        level, equals, domain = part.partition("=")
        is_name = bool(domain) and domain.isprintable() and len(domain) <= MAX_NAME_LENGTH
        if not equals or not is_name:
            expected = "expected LEVEL=DOMAIN,... behind @, such as @rack=NAME"
            raise option_error("wrong-value", f"{expected}, found {quoted(part)}", OPTION)
        if level not in fleet.levels:
            raise unknown_name("unknown-level", "level", level, fleet.levels, OPTION)
        if level in given:
            raise option_error("duplicate-key", f"{level} is given twice", OPTION)
        given[level] = domain
    return given


def _all_domains(given: dict[str, str], host: Host, index: HostIndex) -> dict[str, str]:
    """Return all domains of a new host.

    These are the given ones, and at every other level the domain that all hosts there share. Where
    no host is there, or not all share one, it is the domain of the host that is copied.
    """
    neighbours = _hosts_in_all(given, index)
    domains: dict[str, str] = {}
    for level in index.levels:
        own = host.domains.get(level)
        around = {neighbour.domains.get(level) for neighbour in neighbours}
        chosen: str | None
        if level in given:
            chosen = given[level]
        elif len(around) == 1:
            (chosen,) = around
        elif not around or own in around:
            chosen = own
        else:
            places = ", ".join(f"{one} {quoted(name)}" for one, name in given.items())
            expected = f"expected {level}=NAME beside {places}"
            message = f"{expected}: {host.name}'s own {level} does not go with it"
            raise option_error("missing-key", message, OPTION)
        if chosen is not None:
            domains[level] = chosen
    return domains


def _hosts_in_all(given: dict[str, str], index: HostIndex) -> list[Host]:
    """Return the hosts in all of the given domains, as far as the domains exist."""
    members = [{host.name for host in index.hosts_in(*domain)} for domain in given.items()]
    if not members or not all(members):
        return []
    return [index[name] for name in set.intersection(*members)]


def _check_not_removed(
    domains: dict[str, str], name: str, removed: Iterable[DomainRemoved]
) -> None:
    for change in removed:
        if domains.get(change.level) == change.name:
            place = f"{change.level} {quoted(change.name)}"
            expected = f"expected a place for them, such as {name}@{change.level}=NAME"
            raise option_error("wrong-value", f"{expected}: {place} is removed", OPTION)


def _unused_names(like: str, count: int, fleet: CompiledFleet) -> list[str]:
    """Return names that no host, no domain and no end of a link has yet."""
    taken: set[str] = set()
    for level in (HOST, *fleet.levels):
        taken.update(fleet.index.domains(level))
    for link in fleet.links:
        taken.update(link.between)
    names: list[str] = []
    number = 0
    while len(names) < count:
        number += 1
        name = f"{like[:240]}-new-{number}"
        if name not in taken:
            names.append(name)
    return names
