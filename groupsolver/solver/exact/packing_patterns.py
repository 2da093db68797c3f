"""Patterns: what one host may take, over kinds of hosts and types of members that are alike.

Where new members pay for the hosts that they open, a placement is a number of hosts of each kind
for each pattern. Equal hosts and equal members have no names here, so nothing is tried twice, and
the linear relaxation is nearly exact. For example, hosts of 10 and members of 6, 4 and 3::

    (1, 1, 0), (1, 0, 1), (0, 1, 2), (0, 2, 0) ... members of 6, 4 and 3 on one host

Few patterns matter where little room may be left over: with m hosts that have w more room than
all members take, a pattern that leaves more than w of its host is in no such placement.

Sources: Gilmore & Gomory (1961), doi:10.1287/opre.9.6.849; Falkenauer (1996),
doi:10.1007/BF00226291, for instances on which volume decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.openings import Opening
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows, whole_capacity_rows_of

MAX_KINDS = 60  # kinds of hosts
MAX_TYPES = 200  # types of members
MAX_CELLS = 500_000  # of the table of hosts and types
MAX_PATTERNS = 20_000  # of all kinds together
MAX_BEGUN = 4_000_000  # patterns of one kind times types, while they are made
MAX_AMOUNT = 2**40  # of room and sizes, so that sums stay in 64 bits


@dataclass(frozen=True)
class MemberType:
    """Member classes that are the same to hosts, prices and openings.

    Attributes
    ----------
    classes : list of int
        Member classes.
    number : int
        How many members they have together.
    """

    classes: list[int]
    number: int


@dataclass(frozen=True)
class HostKind:
    """Hosts that are the same to all members.

    Attributes
    ----------
    rows : list of int
        Rows of the fleet.
    room : (C,) int64
        What there is of each capacity.
    most : (T,) int64
        How many members of each type a host may take.
    prices : (T,) int64
        Points of a member of each type.
    points : (O,) int64
        What a host costs for each opening.
    """

    rows: list[int]
    room: Ints
    most: Ints
    prices: Ints
    points: Ints


@dataclass(frozen=True)
class Packing:
    """A problem as types of members, kinds of hosts, and openings of hosts.

    Attributes
    ----------
    types : list of MemberType
    kinds : list of HostKind
    sizes : (T, C) int64
        What a member of each type takes of each capacity.
    openings : list of Opening
        Those of hosts.
    opens : (T, O) bool
        Whether members of a type pay for an opening.
    class_numbers : list of int
        How many members each member class has.
    """

    types: list[MemberType]
    kinds: list[HostKind]
    sizes: Ints
    openings: list[Opening]
    opens: Mask
    class_numbers: list[int]

    @property
    def numbers(self) -> Ints:
        """(T,) int64: how many members each type has."""
        return np.array([one.number for one in self.types], dtype=np.int64)


def packing_of(
    compiled: CompiledProblem, eligibility: Eligibility, candidates: Sequence[Ints]
) -> Packing | None:
    """Return a problem as a packing of hosts; None where it is too large, or pays for no host."""
    openings = [one for one in eligibility.openings if one.level == HOST and one.points.any()]
    rows = np.unique(np.concatenate(candidates)) if candidates else np.zeros(0, dtype=np.int64)
    if not openings or len(rows) * len(candidates) > MAX_CELLS:
        return None
    capacities = [
        one for one in whole_capacity_rows_of(compiled) if _by_host(one.codes[rows], rows)
    ]
    sizes = np.stack([one.size for one in capacities], axis=1) if capacities else None
    if sizes is None or int(sizes.max(initial=0)) > MAX_AMOUNT:
        return None
    room = np.stack([_room_of(one, rows) for one in capacities], axis=1)
    most = np.zeros((len(candidates), len(rows)), dtype=np.int64)
    prices = np.zeros_like(most)
    for class_index, hosts in enumerate(candidates):
        at = np.searchsorted(rows, hosts)
        most[class_index, at] = eligibility.max_members[class_index][hosts]
        prices[class_index, at] = eligibility.prices[class_index][hosts]
    opens = np.array(
        [[index in one.member_classes for one in openings] for index in range(len(candidates))]
    )
    types = _types(compiled, sizes, most, prices, opens)
    points = np.stack([one.points[rows] for one in openings], axis=1)
    first = [one.classes[0] for one in types]
    most_of_type = np.stack([_most_of_type(most, one) for one in types], axis=1)
    kinds = _kinds(rows, room, most_of_type, prices[first].T, points)
    if len(types) > MAX_TYPES or len(kinds) > MAX_KINDS:
        return None
    class_numbers = [one.number for one in compiled.member_classes]
    return Packing(types, kinds, sizes[first], openings, opens[first], class_numbers)


def _by_host(codes: Ints, rows: Ints) -> bool:
    """Whether a capacity is one of single hosts, or of some of them."""
    return bool(((codes == rows) | (codes < 0)).all() and (codes >= 0).any())


def _room_of(capacity: CapacityRows, rows: Ints) -> Ints:
    """(R,) int64: the room of hosts, at most `MAX_AMOUNT`; that much where nothing bounds it."""
    codes = capacity.codes[rows]
    room = np.minimum(capacity.room[np.maximum(codes, 0)], MAX_AMOUNT)
    return np.where(codes < 0, MAX_AMOUNT, room)


def _types(
    compiled: CompiledProblem, sizes: Ints, most: Ints, prices: Ints, opens: Mask
) -> list[MemberType]:
    """Group the member classes that nothing here tells apart, the largest members first."""
    found: dict[tuple[bytes, ...], list[int]] = {}
    for index, member_class in enumerate(compiled.member_classes):
        # A host that takes all members of a class does not bound their number.
        bound = np.where(most[index] >= member_class.number, -1, most[index])
        parts = (sizes[index], bound, np.where(most[index] > 0, prices[index], 0), opens[index])
        found.setdefault(tuple(part.tobytes() for part in parts), []).append(index)
    types = []
    for classes in found.values():
        number = sum(compiled.member_classes[index].number for index in classes)
        types.append(MemberType(classes, number))
    largest = np.maximum(1, sizes.max(axis=0))
    types.sort(key=lambda one: -float((sizes[one.classes[0]] / largest).max()))
    return types


def _most_of_type(most: Ints, one: MemberType) -> Ints:
    """(R,) int64: how many members of a type each host may take."""
    total: Ints = most[one.classes].sum(axis=0)
    return total


def _kinds(rows: Ints, room: Ints, most: Ints, prices: Ints, points: Ints) -> list[HostKind]:
    """Group the hosts that are the same to all members."""
    priced = np.where(most > 0, prices, 0)
    table = np.concatenate([room, most, priced, points], axis=1)
    _, first, kind = np.unique(table, axis=0, return_index=True, return_inverse=True)
    kind = kind.reshape(-1)
    return [
        HostKind(rows[kind == number].tolist(), room[at], most[at], priced[at], points[at])
        for number, at in enumerate(first.tolist())
    ]


@dataclass(frozen=True)
class LeftOver:
    """How much of a capacity the hosts in use may leave over in a better placement.

    Attributes
    ----------
    size : (T,) int64
        What a member of each type counts.
    room : (K,) int64
        What a host of each kind holds.
    most : int
        What all hosts in use leave over together, at most. Below 0: no placement is better.
    """

    size: Ints
    room: Ints
    most: int


def left_over(packing: Packing, opening: int, capacity: int, most_points: int) -> LeftOver:
    """Bound what is left over of one capacity where openings cost at most so many points.

    Hosts that cost nothing count as in use. With m hosts opened, the roomiest ones::

        left over <= room of hosts that cost nothing + room of the m roomiest - what members take
    """
    size = np.where(packing.opens[:, opening], packing.sizes[:, capacity], 0)
    needed = sum(
        int(one) * number for one, number in zip(size, packing.numbers.tolist(), strict=True)
    )
    # More room than all members take is of no use.
    room = np.array([min(int(kind.room[capacity]), needed) for kind in packing.kinds])
    free = 0
    priced: list[tuple[int, int, int]] = []
    for kind, holds in zip(packing.kinds, room.tolist(), strict=True):
        points = int(kind.points[opening])
        if not size[kind.most > 0].any():
            continue
        if points:
            priced.append((points, holds, len(kind.rows)))
        else:
            free += holds * len(kind.rows)
    opened = 0
    for points, _, number in sorted(priced):
        some = min(number, max(0, most_points) // points)
        opened += some
        most_points -= some * points
    total = free
    for _, holds, number in sorted(priced, key=lambda one: -one[1]):
        some = min(number, opened)
        opened -= some
        total += some * holds
    return LeftOver(size, room, total - needed)


def patterns_of(
    packing: Packing, number: int, limits: Sequence[LeftOver], most: int
) -> Ints | None:
    """Return the patterns of one kind of host that are in some better placement, (P, T) int64.

    None where there are more than `most`, or too many while they are made.
    """
    kind = packing.kinds[number]
    types = len(packing.types)
    begun = np.zeros((1, types), dtype=np.int64)
    left = kind.room[None, :].copy()
    highest = np.minimum(kind.most, packing.numbers)
    for one in range(types):
        if not highest[one]:
            continue
        takes = packing.sizes[one]
        used = np.flatnonzero(takes)
        fits = np.full(len(begun), highest[one])
        for capacity in used.tolist():
            fits = np.minimum(fits, left[:, capacity] // takes[capacity])
        if (int(fits.sum()) + len(begun)) * types > MAX_BEGUN:
            return None
        parent = np.repeat(np.arange(len(begun)), fits + 1)
        starts = np.cumsum(fits + 1) - (fits + 1)
        counts = np.arange(len(parent)) - np.repeat(starts, fits + 1)
        begun = begun[parent]
        begun[:, one] = counts
        left = left[parent] - counts[:, None] * takes
        kept = _may_fill(limits, number, begun, highest, one + 1)
        begun = begun[kept]
        left = left[kept]
    begun = begun[begun.any(axis=1)]
    return begun if len(begun) <= most else None


def _may_fill(
    limits: Sequence[LeftOver], number: int, begun: Ints, highest: Ints, done: int
) -> Mask:
    """(P,) bool: whether patterns whose first types are decided may leave over little enough.

    A host without any member that is counted is not in use.
    """
    kept = np.ones(len(begun), dtype=np.bool_)
    for limit in limits:
        load = begun @ limit.size
        further = int((limit.size[done:] * highest[done:]).sum())
        kept &= (load == 0) | (load + further >= limit.room[number] - limit.most)
    return kept
