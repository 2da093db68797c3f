"""Domains that could take one more member of a group, whatever is placed, over arrays.

A domain counts if it could take one more member after the placement, or holds one. A domain with
room now stops counting only where members of other groups fill it: what the group itself puts there
makes the domain count. So of most domains it is known beforehand: running members are there, no
host has room now, or more hosts have room than there are new members of other groups. For example,
two of these cannot fill three hosts with room for one each: one of the hosts is left alone.

A pool may run out by members anywhere, also of the group itself. Of hosts that take from one which
may run out, nothing is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.capacity.spare_room import sizes_of_members
from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Size
from groupsolver.model.compiled.arrays import Ints, Mask


@dataclass(frozen=True)
class RoomyDomains:
    """The domains of a level that could take one more member of a group.

    Attributes
    ----------
    certain : (D,) bool
        The domains that count whatever is placed.
    undecided : dict of int to list of (int, Size)
        By code of each other domain with room now: its hosts with room for one member of a size.
    """

    certain: Mask
    undecided: dict[int, list[tuple[int, Size]]]

    @property
    def now(self) -> Mask:
        """The domains that count while nothing new is placed, (D,) bool."""
        found = self.certain.copy()
        found[list(self.undecided)] = True
        return found


def roomy_domains(compiled: CompiledProblem, group: str, level: str) -> RoomyDomains:
    """Return the domains that could take one more member of a group, found once."""
    hosts = compiled.fleet.enabled & suited(compiled, group)
    return compiled.once(
        ("roomy domains", group, level), lambda: roomy_among(compiled, group, level, hosts)
    )


def roomy_among(compiled: CompiledProblem, group: str, level: str, hosts: Mask) -> RoomyDomains:
    """Return the domains that could take one more member of a group on some hosts, (H,) bool."""
    fleet = compiled.fleet
    codes = fleet.codes(level)
    certain = compiled.running(group, level) > 0
    others = other_classes(compiled, group)
    strangers = sum(compiled.member_classes[class_index].number for class_index in others)
    candidates: list[tuple[Ints, Size]] = []
    for size in sizes_of_members(compiled.problem, group):
        rows = np.flatnonzero(hosts & (codes >= 0) & (fleet.slots(dict(size), 1) > 0))
        candidates.append((rows, size))
        steady = rows[~_pool_may_run_out(compiled, size, rows)]
        always = steady[_holds_everything(compiled, others, size, steady)]
        certain[codes[always]] = True
        untouched = np.bincount(codes[steady], minlength=len(certain))
        certain |= untouched > strangers
    undecided: dict[int, list[tuple[int, Size]]] = {}
    for rows, size in candidates:
        for row in rows[~certain[codes[rows]]].tolist():
            undecided.setdefault(int(codes[row]), []).append((row, size))
    return RoomyDomains(certain, undecided)


def other_classes(compiled: CompiledProblem, group: str) -> list[int]:
    """Return the indices of the member classes that are not below a group, ascending."""
    own = set(compiled.member_classes_below(group))
    return [index for index in range(len(compiled.member_classes)) if index not in own]


def _pool_may_run_out(compiled: CompiledProblem, size: Size, rows: Ints) -> Mask:
    """(R,) bool: hosts that take some class from a pool that all new members may exhaust."""
    fleet = compiled.fleet
    found = np.zeros(len(rows), dtype=np.bool_)
    for name, amount in size:
        if name not in fleet.pools.of:
            continue
        needed = sum(one.number * dict(one.size).get(name, 0) for one in compiled.member_classes)
        pooled = fleet.pools.of[name][rows] >= 0
        found |= pooled & (fleet.free(name)[rows] - amount < needed)
    return found


def _holds_everything(
    compiled: CompiledProblem, others: Sequence[int], size: Size, rows: Ints
) -> Mask:
    """(R,) bool: the hosts with room for one more even with all members of other groups on them.

    Of hosts with cells nothing is said.
    """
    fleet = compiled.fleet
    found: Mask = ~fleet.cells.within([name for name, _ in size], rows)
    loads: dict[str, int] = {}
    for class_index in others:
        member_class = compiled.member_classes[class_index]
        for name, amount in member_class.size:
            loads[name] = loads.get(name, 0) + member_class.number * amount
    for name, amount in size:
        found &= fleet.free(name)[rows] - amount >= loads.get(name, 0)
    return found
