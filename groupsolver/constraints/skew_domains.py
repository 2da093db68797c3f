"""The domains over which a skew is taken: by eligibility, or by room for one more member.

By eligibility a domain counts that has an eligible host, or running members of the group. By room
one counts that holds a member, or has an eligible host that could take one more after the
placement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupsolver.constraints.capacity.spare_room import could_take_one_more, sizes_of_members
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.room_left import domains_that_count
from groupsolver.constraints.eligibility import eligible, occupiable_domains, open_domains, suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.spare_room import roomy_domains
from groupsolver.model.compiled.arrays import Ints, Mask

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


def counted_domains(view: View, group: str, level: str, by_room: bool) -> list[str]:
    """Return the names of the domains that count in a placement, in the fleet's order."""
    problem = view.problem
    names = problem.hosts.domains(level)
    if by_room:
        holds = view.counts(group, level)
        return [name for name in names if holds[name] or _takes_one_more(view, group, level, name)]
    running = {problem.hosts.domain(there.host, level) for there in problem.running(group)}
    occupiable = running | open_domains(problem, group, level)
    return [name for name in names if name in occupiable]


def _takes_one_more(view: View, group: str, level: str, name: str) -> bool:
    """Return whether a domain could take one more member of a group."""
    sizes = sizes_of_members(view.problem, group)
    return any(
        eligible(view.problem, group, host) and could_take_one_more(view, host, sizes)
        for host in view.problem.hosts.hosts_in(level, name)
    )


def counted_before(compiled: CompiledProblem, group: str, level: str, by_room: bool) -> Mask:
    """Return the domains that count while nothing new is placed, (D,) bool."""
    if by_room:
        return roomy_domains(compiled, group, level).now
    return occupiable_domains(compiled, group, level)


def counted_so_far(partial: Partial, group: str, level: str, by_room: bool) -> Mask:
    """Return the domains that count in a placement under construction, (D,) bool.

    By room: while no member is put down, those that are certain to count in the end. Then those
    that have room at the start, too, since few of them fill up.
    """
    compiled = partial.compiled
    if not by_room:
        return occupiable_domains(compiled, group, level)
    roomy = roomy_domains(compiled, group, level)
    new = sum(
        compiled.member_classes[class_index].number
        for class_index in compiled.member_classes_below(group)
    )
    begun = partial.left(group) < new
    counted = roomy.now if begun else roomy.certain
    return counted | (partial.counts(group, level) > 0)


def counted_in_model(
    builder: ModelBuilder, group: str, level: str, by_room: bool
) -> list[tuple[int, Linear | None]]:
    """Return the domains that may count in a model.

    Each code, and 0 or 1, whether it counts; None: it does.
    """
    if by_room:
        return domains_that_count(builder, group, level)
    compiled = builder.compiled
    codes = np.flatnonzero(occupiable_domains(compiled, group, level)).tolist()
    runs = compiled.running(group, level)
    hosts = compiled.fleet.enabled & suited(compiled, group)
    present = builder.present(level, hosts, codes)
    return [
        (code, None if runs[code] else there) for code, there in zip(codes, present, strict=True)
    ]


def evens_out(counts: Ints, left: int, skew: int) -> Mask:
    """Return by count n whether a domain of n may take one more of the `left` members.

    Every other domain must then come to the largest count less the skew, by the left - 1 others:
    ``sum(max(0, floor - count)) <= left - 1``, the domain itself aside. With counts 0, 2 and 2,
    skew 1 and two left: one more in a domain of 2 makes the floor 2, which the empty one misses by
    2.
    """
    fits = np.zeros(int(counts.max()) + 1, dtype=np.bool_)
    largest = len(fits) - 1
    for n in np.unique(counts).tolist():
        floor = max(n + 1, largest) - skew
        own = int(n < floor)  # its new member is one of those that fill it up
        fits[n] = np.maximum(0, floor - counts).sum() - own <= left - 1
    return fits
