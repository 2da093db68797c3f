"""In a model: whether a domain could take one more member of a group, or holds one.

With ``counts[d]`` 0 or 1, for each host h of domain d that has room for a member of size s now::

    counts[d] + sum over resource classes r of short[h, s, r] >= 1
    short[h, s, r] = 1 only where load[h, r] > free[h, r] - s[r]

and ``counts[d] >= members of the group are there``. The load is that of other groups alone: where
there are members of the group, the domain counts anyway. So ``counts[d]`` is 0 only where each of
the hosts is short of something. It may be 1 elsewhere: a skew over more domains is no smaller, so
that nothing is gained by that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from groupsolver.constraints.capacity.host_capacity import from_cell
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.problem.problem import Size
from groupsolver.constraints.spare_room import (
    RoomyDomains,
    other_classes,
    roomy_among,
    roomy_domains,
)
from groupsolver.model.compiled.numa_packing import Undecided, pack
from groupsolver.model.fleet import Host

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder

MAX_COMBINATIONS = 2_000  # of members of several sizes in the cells of a host, the last size aside
MAX_ROOM = 2**60  # a coefficient of a model: sums must stay within 64 bits


def domains_that_count(
    builder: ModelBuilder, group: str, level: str
) -> list[tuple[int, Linear | None]]:
    """Return the domains that may count: each code, and 0 or 1, whether it does; None: it does.

    Hosts that are there, or have what is free, only where they are opened
    (`ModelBuilder.openings`) make no domain count by their room: such a model is a relaxation.
    """
    roomy = _roomy(builder, group, level)
    uses = builder.uses(group, level)
    others = frozenset(other_classes(builder.compiled, group))
    found: list[tuple[int, Linear | None]] = []
    for code in range(len(roomy.certain)):
        here = roomy.undecided.get(code, [])
        if roomy.certain[code]:
            found.append((code, None))
        elif here or code in uses:
            found.append((code, _counts(builder, others, here, uses.get(code, Linear()))))
    return found


def _roomy(builder: ModelBuilder, group: str, level: str) -> RoomyDomains:
    compiled = builder.compiled
    if not builder.openings:
        return roomy_domains(compiled, group, level)
    hosts = compiled.fleet.enabled & suited(compiled, group)
    hosts[np.array(list(builder.openings), dtype=np.int64)] = False
    return roomy_among(compiled, group, level, hosts)


def _counts(
    builder: ModelBuilder,
    others: Collection[int],
    with_room: Sequence[tuple[int, Size]],
    used: Linear,
) -> Linear | None:
    """Return whether a domain counts, 0 or 1, by its use and its hosts with room; None: it does."""
    if any(not _may_be_full(builder, others, row, size) for row, size in with_room):
        return None
    counts = Linear([builder.number(1)], [1])
    builder.at_most(used.plus(counts, -1), 0)
    for row, size in with_room:
        reasons = builder.total(_reasons(builder, others, row, size))
        builder.at_most(reasons.plus(counts).times(-1), -1)
    return counts


def _loads(builder: ModelBuilder, others: Collection[int], row: int) -> dict[str, Linear]:
    """Return what new members of other groups consume on a host, by resource class.

    Of a class that the host takes from a pool: what all new members consume of the pool, anywhere.
    """
    loads: dict[str, Linear] = {}
    for class_index, position in builder.at.get(row, ()):
        if class_index not in others:
            continue
        for name, amount in builder.compiled.member_classes[class_index].size:
            load = loads.setdefault(name, Linear())
            load.vars.append(builder.placed[class_index][position])
            load.coefs.append(amount)
    for name, numbers in builder.compiled.fleet.pools.of.items():
        if numbers[row] >= 0:
            loads[name] = _pool_load(builder, name, int(numbers[row]))
    return loads


def _pool_load(builder: ModelBuilder, name: str, pool: int) -> Linear:
    """Return what new members consume of a class of a pool."""
    load = Linear()
    numbers = builder.compiled.fleet.pools.of[name]
    for class_index, rows in enumerate(builder.rows):
        amount = dict(builder.compiled.member_classes[class_index].size).get(name, 0)
        if not amount:
            continue
        for position in np.flatnonzero(numbers[rows] == pool).tolist():
            load.vars.append(builder.placed[class_index][position])
            load.coefs.append(amount)
    return load


def _may_be_full(builder: ModelBuilder, others: Collection[int], row: int, size: Size) -> bool:
    """Return whether members of other groups could leave no room on a host for one more."""
    fleet = builder.compiled.fleet
    loads = _loads(builder, others, row)
    in_cells = fleet.cells.within([name for name, _ in size], np.array([row]))[0]
    return bool(in_cells) or any(
        builder.high(loads.get(name, Linear())) > int(fleet.free(name)[row]) - amount
        for name, amount in size
    )


def _reasons(
    builder: ModelBuilder, others: Collection[int], row: int, size: Size
) -> Iterator[Linear]:
    """Yield what is 1 only where a host has no room for one more: 0 or 1 each."""
    fleet = builder.compiled.fleet
    host = fleet.index[fleet.names[row]]
    inside = from_cell(host, size)
    loads = _loads(builder, others, row)
    for name, amount in size:
        if (name, amount) not in inside:
            spare = int(fleet.free(name)[row]) - amount
            yield from _short(builder, loads.get(name, Linear()), spare)
    if not inside:
        return
    counts = _counts_by_cell_size(builder, others, row, host)
    vectors = least_full(host, [*counts], [builder.high(one) for one in counts.values()], inside)
    if vectors is None:
        for name, amount in inside:
            free = sum(cell.free.get(name, 0) for cell in host.cell_capacities())
            yield from _short(builder, loads.get(name, Linear()), free - amount)
        return
    for numbers in vectors:
        full = Linear([builder.number(1)], [1])
        for count, number in zip(counts.values(), numbers, strict=True):
            builder.at_most(full.times(number).plus(count, -1), 0)
        yield full


def _short(builder: ModelBuilder, load: Linear, spare: int) -> Iterator[Linear]:
    """Yield what is 1 only where a load exceeds what may be taken; nothing where none does."""
    if spare < builder.high(load) and spare < MAX_ROOM:
        short = Linear([builder.number(1)], [1])
        builder.at_most(short.times(spare + 1).plus(load, -1), 0)
        yield short


def _counts_by_cell_size(
    builder: ModelBuilder, others: Collection[int], row: int, host: Host
) -> dict[Size, Linear]:
    """Count the new members of other groups on a host that take the same of a cell."""
    counts: dict[Size, Linear] = {}
    for class_index, position in builder.at.get(row, ()):
        inside = from_cell(host, builder.compiled.member_classes[class_index].size)
        if inside and class_index in others:
            count = counts.setdefault(inside, Linear())
            count.vars.append(builder.placed[class_index][position])
            count.coefs.append(1)
    return counts


def least_full(
    host: Host, sizes: Sequence[Size], most: Sequence[int], one_more: Size
) -> list[tuple[int, ...]] | None:
    """Return the smallest numbers of members with which the cells of a host take no one more.

    Parameters
    ----------
    host : Host
    sizes : sequence of Size
        What members take of a cell.
    most : sequence of int
        How many of each size there may be.
    one_more : Size
        What the one more member takes of a cell.

    Returns
    -------
    list of tuple of int, or None
        Cells with such a number of each size, or more, are full. None: too many to try.

    Example: cells with 2 and 2 VCPU free, members of 1, one more of 2. With three members no cell
    has 2 left: ``[(3,)]``.
    """
    if not sizes:
        return []
    if prod(number + 1 for number in most[:-1]) > MAX_COMBINATIONS:
        return None
    cells = host.cell_capacities()
    needs = [dict(size) for size in (*sizes, one_more)]

    def takes_one_more(numbers: Sequence[int]) -> bool:
        try:
            return pack(cells, needs, [*numbers, 1]) is not None
        except Undecided:
            return True

    found: list[tuple[int, ...]] = []
    for first in product(*(range(number + 1) for number in most[:-1])):
        low, high = 0, most[-1] + 1
        while low < high:  # the least number of the last size with which no more is taken
            middle = (low + high) // 2
            if takes_one_more((*first, middle)):
                low = middle + 1
            else:
                high = middle
        numbers = (*first, low)
        if low <= most[-1] and not any(_below(other, numbers) for other in found):
            found.append(numbers)
    return found


def _below(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))
