"""Rows of the relaxation for what is scarce: the room of hosts, and of domains for one group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import cell_rows
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.rising_prices import RisingPrice

MIN_STEPS = 8  # of a price that rises, at least
MAX_STEP_ROWS = 20_000  # of all its domains
ROUNDED_PARTS = (1, 2)  # a host's room also in units of just above a half and a third of it


@dataclass
class CapacityRows:
    """Rows of one kind, one a domain: ``sum(size * members placed in d) <= room[d]``.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where no row counts its members.
    size : (member classes,) int64
        What a member takes.
    room : (D,) int64
    unit : (D,) int64, optional
        Sizes and room are counted in whole units of this, rounded down (Chvatal 1973,
        doi:10.1016/0012-365X(73)90167-2): the rest of a host's room serves nobody.
    before : (member classes,) int64, optional
        Only the first members of a class on a host count: as many as the room is, less these.
    excess_price : float
        What a unit beyond the room costs, where that is allowed; infinite where it is not.
    dual : (D,) float64
        What one unit of room is worth in the last restricted master, at least 0.

    Examples
    --------
    A host has room 8 and members take 5. Without rounding 1.6 of them fit. In units of
    ``8 // 2 + 1 == 5`` the room is 1 and a member takes 1, so at most one fits.
    """

    codes: Ints
    size: Ints
    room: Ints
    unit: Ints | None = None
    before: Ints | None = None
    excess_price: float = np.inf
    dual: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.dual = np.zeros(len(self.room))
        if self.unit is not None:
            self.room = self.room // self.unit

    def weights(self, columns: Columns, index: Ints | slice) -> Floats:
        """Return what a member of each of some columns takes of the row of its domain."""
        codes = self.codes[columns.row[index]]
        sizes = self.size[columns.member_class[index]]
        if self.unit is not None:
            sizes = sizes // self.unit[np.maximum(codes, 0)]
        counted = codes >= 0
        if self.before is not None:
            rank = columns.rank[index] + self.before[columns.member_class[index]]
            counted = counted & (rank <= self.room[np.maximum(codes, 0)])
        return np.where(counted, sizes, 0).astype(np.float64)

    def prices(self, columns: Columns) -> Floats:
        """(N,) float64: what the room that each column takes is worth."""
        codes = self.codes[columns.row]
        return self.weights(columns, slice(None)) * self.dual[np.maximum(codes, 0)]

    def worth(self) -> float:
        """Return what all room is worth."""
        scarce = np.flatnonzero(self.dual)
        return float((self.dual[scarce] * self.room[scarce]).sum())


def capacity_rows_of(compiled: CompiledProblem) -> list[CapacityRows]:
    """Return the rows: room of hosts, members of a group in a domain."""
    rows = list(_resource_rows(compiled))
    rows += [CapacityRows(codes, size, room) for codes, size, room in cell_rows(compiled)]
    rows += _policy_rows(compiled)
    return rows


def rising_rows_of(compiled: CompiledProblem, columns: Columns) -> list[list[CapacityRows]]:
    """Return rows for prices that rise from member to member: one list for each, step by step.

    Each row has the room up to one step, and what is above it pays that step::

        cost = step * sum(max(0, members - room[j]) for each row j), room[j] = max(0, free + j)

    A column of a host has the price of its class's further members already, so each row counts
    only those members that do not pay its step. With two classes a and b of two members each on a
    host, one of them free, a and b pay one step each for their second member::

        row 0, room 1: counts the first of each, 1 above
        row 1, room 2: counts all four, 2 above
        row 2, room 3: counts all four, 1 above
        2 + 1 + 2 + 1 = 0 + 1 + 2 + 3
    """
    return [_steps(compiled, columns, one) for one in columns.rising]


def _steps(compiled: CompiledProblem, columns: Columns, rising: RisingPrice) -> list[CapacityRows]:
    """Return one row for each step that some domain can reach."""
    codes = rising.codes[columns.row]
    counted = (codes >= 0) & rising.counted[columns.member_class]
    load = np.zeros(len(rising.free), dtype=np.int64)
    numbers = np.array([one.number for one in compiled.member_classes], dtype=np.int64)
    for class_index in np.flatnonzero(rising.counted).tolist():
        part = columns.of(class_index)
        inside = counted[part]
        most = np.bincount(
            codes[part][inside], columns.max_members[part][inside], minlength=len(load)
        )
        load += np.minimum(most, numbers[class_index]).astype(np.int64)
    reach = load - np.maximum(0, rising.free)
    number = int(reach.max(initial=0))
    touched = int(np.count_nonzero(reach > 0))
    number = min(number + int(max(0, -rising.free.min(initial=0))), _max_steps(touched))
    size = rising.counted.astype(np.int64)
    before = rising.before if rising.by_host else None
    return [
        CapacityRows(
            rising.codes,
            size,
            np.maximum(0, rising.free + j),
            before=before,
            excess_price=float(rising.step),
        )
        for j in range(number)
    ]


def _max_steps(domains: int) -> int:
    """Return how many steps have rows: fewer with many domains, of which each has few members."""
    return max(MIN_STEPS, MAX_STEP_ROWS // max(1, domains))


def _resource_rows(compiled: CompiledProblem) -> Iterator[CapacityRows]:
    """Yield the room of hosts for each resource class, and the same in whole units."""
    fleet = compiled.fleet
    hosts = fleet.codes(HOST)
    sizes = [dict(member_class.size) for member_class in compiled.member_classes]
    for name in sorted({name for size in sizes for name in size}):
        takes = np.array([size.get(name, 0) for size in sizes], dtype=np.int64)
        free = fleet.free(name)
        yield CapacityRows(hosts, takes, free)
        for parts in ROUNDED_PARTS:
            yield CapacityRows(hosts, takes, free, free // (parts + 1) + 1)


def _policy_rows(compiled: CompiledProblem) -> Iterator[CapacityRows]:
    """Yield how many members of a group each domain may take, where a hard policy bounds it."""
    empty = Partial(compiled, compiled.fleet.codes(HOST))
    for rule in rules_of(compiled.problem).hard:
        room = members_per_host(rule.policy, rule.group, empty)
        below = compiled.member_classes_below(rule.group)
        if room is None or not below:
            continue
        # A bound by host on a single class is in that class's `max_members` already.
        if level_on(rule.policy, compiled.fleet) != HOST or len(below) > 1:
            yield _rows_by_domain(compiled, rule, below, room)


def _rows_by_domain(
    compiled: CompiledProblem, rule: Rule, below: list[int], room: Ints
) -> CapacityRows:
    level = str(level_on(rule.policy, compiled.fleet))
    codes = compiled.fleet.codes(level)
    room_of_domain = np.zeros(max(1, compiled.fleet.domains(level)), dtype=np.int64)
    room_of_domain[codes[codes >= 0]] = room[codes >= 0]
    counts = np.zeros(len(compiled.member_classes), dtype=np.int64)
    counts[below] = 1
    return CapacityRows(codes, counts, room_of_domain)
