"""The list of a fleet's pools: how full each is, and what the placement adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.units import amount_text, quantity
from groupsolver.picture.text import count, esc


def pool_list(problem: Problem, placement: Mapping[str, str]) -> str:
    """Return a list with a bar for each class of each pool; nothing where there are no pools."""
    pools = problem.hosts.pools
    added: Counter[tuple[str, str]] = Counter()
    for member in problem.new_members:
        if member.id in placement:
            for share in pools.shares(problem.hosts[placement[member.id]], member.size):
                added[share.pool, share.resource] += share.amount
    items = []
    for pool in pools.pools:
        for resource in pool.inventory:
            capacity = pool.capacity(resource)
            more = added[pool.name, resource]
            items.append(_item(pool.name, resource, pool.used.get(resource, 0), more, capacity))
    if not items:
        return ""
    return (
        f'<details id="pools" open><summary>{count(len(pools.pools), "pool")}</summary>'
        f"<ul>{''.join(items)}</ul></details>"
    )


def _item(name: str, resource: str, before: int, added: int, capacity: int) -> str:
    used = before + added
    share = min(1.0, used / capacity) if capacity else 1.0
    text = f"{quantity(resource, used)} of {amount_text(resource, capacity)} used"
    text += f", {quantity(resource, added)} by new members" if added else ""
    text += ", over capacity" if used > capacity else ""
    return (
        f"<li><bdi>{esc(name)}</bdi> "
        f'<meter min="0" max="1" value="{share:.3f}">{share:.0%}</meter> {esc(text)}</li>'
    )
