"""Pools in plain documents: who takes what from which of them, and whether all fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.support.oracle import cells

Doc = dict[str, Any]
Size = dict[str, int]


def pool_of(fleet: Doc, host: Doc, resource: str) -> Doc | None:
    """The pool that a host takes a class from; none where it has it itself, or in its cells."""
    if resource in host.get("inventory", {}) or resource in cells.in_cells(host):
        return None
    for pool in fleet.get("pools", []):
        if resource in pool.get("inventory", {}) and _names(pool, host):
            found: Doc = pool
            return found
    return None


def _names(pool: Doc, host: Doc) -> bool:
    if host["name"] in pool.get("hosts", []):
        return True
    domains = host.get("domains", {})
    return any(domains.get(level) in names for level, names in pool.get("domains", {}).items())


def taken(fleet: Doc, landed: Iterable[tuple[Doc, Size]]) -> Counter[tuple[str, str]]:
    """What members on hosts take from pools, by pool and class."""
    found: Counter[tuple[str, str]] = Counter()
    for host, size in landed:
        for resource, amount in size.items():
            pool = pool_of(fleet, host, resource) if amount else None
            if pool is not None:
                found[pool["name"], resource] += amount
    return found


def free(pool: Doc, resource: str) -> int:
    """What new members may take of a pool."""
    there = cells.amount(pool["inventory"][resource])
    used: int = pool.get("used", {}).get(resource, 0)
    return max(0, there - used)


def fit(fleet: Doc, landed: Iterable[tuple[Doc, Size]]) -> bool:
    """Whether the pools have what new members on hosts take from them, all together."""
    pools = {pool["name"]: pool for pool in fleet.get("pools", [])}
    return all(
        amount <= free(pools[name], resource)
        for (name, resource), amount in taken(fleet, landed).items()
    )


def have_besides(fleet: Doc, landed: list[tuple[Doc, Size]], host: Doc, one: Size) -> bool:
    """Whether the pools have what one more takes on a host, besides what has landed."""
    more = taken(fleet, [(host, one)])
    before = taken(fleet, landed)
    pools = {pool["name"]: pool for pool in fleet.get("pools", [])}
    return all(
        before[name, resource] + amount <= free(pools[name], resource)
        for (name, resource), amount in more.items()
    )
