"""Domains that a few further losses would empty of what counts in them."""

from __future__ import annotations

from collections.abc import Callable

from groupsolver.constraints.problem.view import View
from groupsolver.model.fleet import Host


def vacated(
    after: View, at: str, level: str, more: int, counts: Callable[[Host], bool]
) -> set[str | None]:
    """Give the domains of `level` that hold all hosts that count of a domain of `at`, where these are few."""
    hosts = after.problem.hosts
    found: set[str | None] = set()
    for name in hosts.domains(at):
        where = {
            hosts.domain(host.name, level) for host in hosts.hosts_in(at, name) if counts(host)
        }
        if len(where) <= more and None not in where:
            found |= where
    return found
