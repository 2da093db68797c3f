"""Room that a placement leaves for one more member of a group, for the checker.

Plain Python, without arrays or ortools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from groupsolver.constraints.capacity.host_capacity import lacks_where
from groupsolver.constraints.problem.problem import Problem, Size, size_of
from groupsolver.constraints.problem.view import View
from groupsolver.model.fleet import Host

Landed = dict[str, list[tuple[str, Size]]]  # id and size of each new member, by host


def sizes_of_members(problem: Problem, group: str) -> tuple[Size, ...]:
    """Return the sizes that members of a group have, new and running.

    Members that take nothing, or whose size is not known, say nothing about room. Where there are
    no others, the one size is that of nothing.
    """

    def make() -> tuple[Size, ...]:
        by_group = problem.once("sizes by group", lambda: _new_sizes(problem))
        sizes: set[Size] = set()
        for inner in problem.below[group]:
            sizes |= by_group.get(inner, set())
        sizes |= {size_of(there.resources) for there in problem.running(group)}
        return tuple(sorted(sizes - {()})) or ((),)

    return problem.once(("sizes of members", group), make)


def _new_sizes(problem: Problem) -> dict[str, set[Size]]:
    """Return the sizes of the new members that are right in each group."""
    found: dict[str, set[Size]] = {}
    for member in problem.new_members:
        found.setdefault(member.group, set()).add(member.size)
    return found


def could_take_one_more(view: View, host: Host, sizes: Sequence[Size]) -> bool:
    """Return whether a host has room for its new members and one more, of any of some sizes.

    Its new members may go into any of its cells. What the one more takes of pools is beside what
    the new members of all hosts take of them.
    """
    landed = view.once("landed", lambda: _landed(view))
    here = landed.get(host.name, [])
    for size in sizes:
        if not here and not size:
            return host.enabled
        together = {host.name: [*here, ("", size)]}
        if any(lacks_where(view.problem.hosts, together, None)):
            continue
        if _pools_have(view, landed, host, size):
            return True
    return False


def _pools_have(view: View, landed: Landed, host: Host, size: Size) -> bool:
    """Return whether pools have what one member more on a host takes of them."""
    hosts = view.problem.hosts
    if not hosts.pools:
        return True
    taken = view.once("taken of pools", lambda: _taken_of_pools(view, landed))
    return all(
        taken[share.pool, share.resource] + share.amount
        <= hosts.pools[share.pool].free(share.resource)
        for share in hosts.pools.shares(host, size)
    )


def _taken_of_pools(view: View, landed: Landed) -> Counter[tuple[str, str]]:
    """Return what all new members take, by pool and resource class."""
    hosts = view.problem.hosts
    taken: Counter[tuple[str, str]] = Counter()
    for name, members in landed.items():
        for _, size in members:
            for share in hosts.pools.shares(hosts[name], size):
                taken[share.pool, share.resource] += share.amount
    return taken


def _landed(view: View) -> Landed:
    size_by_id = {member.id: member.size for member in view.problem.new_members}
    found: Landed = {}
    for member in view.everyone:
        if member.new:
            found.setdefault(member.host, []).append((member.id, size_by_id[member.id]))
    return found
