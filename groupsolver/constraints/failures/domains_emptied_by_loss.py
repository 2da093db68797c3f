"""Domains that a few further losses would empty of what counts in them."""

from __future__ import annotations

from collections.abc import Callable

from groupsolver.constraints.problem.view import View
from groupsolver.model.fleet import Host


def emptied_domains(
    after: View, at: str, level: str, more: int, counts: Callable[[Host], bool]
) -> set[str | None]:
    """Return the domains of `level` that a few losses would take and thereby empty one of `at`.

    Of each domain of `at`: the domains of `level` with its hosts that count, where these are at
    most `more`. Losing these `more` domains, or fewer, empties the domain of `at`. A rack whose
    two eligible hosts are on power feeds p1 and p2 is emptied by the loss of both, where `more` is
    at least 2.
    """
    hosts = after.problem.hosts
    found: set[str | None] = set()
    for name in hosts.domains(at):
        where = {
            hosts.domain(host.name, level) for host in hosts.hosts_in(at, name) if counts(host)
        }
        if len(where) <= more and None not in where:
            found |= where
    return found
