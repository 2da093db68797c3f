"""Fleets whose hosts have in use what their running members take."""

from __future__ import annotations

from typing import Any

from tests.support.oracle import pools

Doc = dict[str, Any]


def cover(fleet: Doc, app: Doc) -> None:
    """Raise what hosts, cells and pools of a fleet have in use to what members of an app take.

    Members that have no size of their own are not counted.
    """
    hosts = {host["name"]: host for host in fleet["hosts"]}
    taken: dict[str, list[tuple[Doc, str | None]]] = {}
    for there in app.get("existing", ()):
        size = there.get("resources")
        if there.get("flavor") is not None:
            size = app["flavors"][there["flavor"]]["resources"]
        if size and there["host"] in hosts:
            taken.setdefault(there["host"], []).append((size, there.get("cell")))
    for name, members in taken.items():
        _cover_host(hosts[name], members)
    sized = [(hosts[name], size) for name, members in taken.items() for size, _ in members]
    from_pools: dict[str, dict[str, int]] = {}
    for (pool_name, resource), amount in pools.taken(fleet, sized).items():
        from_pools.setdefault(pool_name, {})[resource] = amount
    for pool in fleet.get("pools", []):
        _raise(pool, from_pools.get(pool["name"], {}))


def _cover_host(host: Doc, members: list[tuple[Doc, str | None]]) -> None:
    cells = host.get("cells", [])
    names = [cell.get("name") or str(i) for i, cell in enumerate(cells)]
    inside = {resource for cell in cells for resource in cell.get("inventory", {})}
    everywhere: dict[str, int] = {}
    for size, _ in members:
        _add(everywhere, size)
    for name, cell in zip(names, cells, strict=True):
        here: dict[str, int] = {}
        for size, of_member in members:
            if of_member == name:
                _add(here, {one: amount for one, amount in size.items() if one in inside})
        _raise(cell, here)
    used = host.get("used", {})
    for resource, amount in everywhere.items():
        in_cells = sum(cell.get("used", {}).get(resource, 0) for cell in cells)
        if amount > used.get(resource, 0) + in_cells:
            _raise(host, {resource: amount - in_cells})


def _add(total: dict[str, int], size: Doc) -> None:
    for resource, amount in size.items():
        total[resource] = total.get(resource, 0) + amount


def _raise(holder: Doc, least: dict[str, int]) -> None:
    """Raise what a host or a cell has in use; the dictionary is replaced: others may share it."""
    used = dict(holder.get("used", {}))
    for resource, amount in least.items():
        used[resource] = max(used.get(resource, 0), amount)
    if used:
        holder["used"] = used
