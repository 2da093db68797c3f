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
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import cell_rows
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram

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
    posted : list of ((E,) int64, (E,) int64)
        Domains, and the rows of the current restricted master that are theirs.

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
    posted: list[tuple[Ints, Ints]] = field(default_factory=list)

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

    def post(self, core: CoreColumns, program: LinearProgram, wanted: Mask | None = None) -> None:
        """Post the rows that can bind, of all domains or of those wanted, (D,) bool."""
        columns = core.table
        codes = self.codes[columns.row[core.index]]
        weight = self.weights(columns, core.index)
        used = np.flatnonzero((codes >= 0) & (weight > 0))
        load = (weight * columns.max_members[core.index])[used]
        load_of_domain = np.bincount(codes[used], weights=load, minlength=len(self.room))
        # A domain whose room is enough for all columns of the core at once needs no row.
        posted = load_of_domain > self.room
        if wanted is not None:
            posted &= wanted
        used = used[posted[codes[used]]]
        domains, row = np.unique(codes[used], return_inverse=True)
        room = self.room[domains].astype(np.float64)
        row_numbers = program.add_rows(
            used,
            row,
            weight[used],
            len(domains),
            high=room,
            excess_price=self.excess_price,
        )
        self.posted.append((domains, row_numbers))

    def load(self, core: CoreColumns, x: Floats) -> Floats:
        """(D,) float64: what a solution takes of each row.

        Parameters
        ----------
        core : CoreColumns
        x : (C, ...) float64
            Members of each column of the core come first.
        """
        codes = self.codes[core.table.row[core.index]]
        taken = self.weights(core.table, core.index) * x[: len(core.index)]
        inside = codes >= 0
        return np.bincount(codes[inside], taken[inside], minlength=len(self.room)).astype(
            np.float64
        )

    def read_duals(self, dual: Floats) -> None:
        """Set the duals to those of the rows posted, at least 0, at most the price of excess."""
        self.dual[:] = 0
        for domains, row_numbers in self.posted:
            self.dual[domains] = np.clip(-dual[row_numbers], 0, self.excess_price)

    def prices(self, columns: Columns) -> Floats:
        """(N,) float64: what the room that each column takes is worth."""
        codes = self.codes[columns.row]
        return self.weights(columns, slice(None)) * self.dual[np.maximum(codes, 0)]

    def worth(self) -> float:
        """Return what all room is worth."""
        scarce = np.flatnonzero(self.dual)
        return float((self.dual[scarce] * self.room[scarce]).sum())


def sum_of_prices(rows: list[CapacityRows], columns: Columns) -> Floats:
    """(N,) float64: what the room of all rows is worth that each column takes.

    The same as the sum of `CapacityRows.prices`, host by host: many columns have few hosts.
    """
    priced = [one for one in rows if one.dual.any()]
    by_class: dict[int, list[_HostPrices]] = {}
    for one in priced:
        if one.before is None:
            prices = _HostPrices.of(one)
            # Most rows of policies count few classes.
            for class_index in np.flatnonzero(one.size).tolist():
                by_class.setdefault(class_index, []).append(prices)
    total = np.zeros(len(columns))
    for class_index, all_prices in by_class.items():
        part = columns.of(class_index)
        price = np.zeros(len(rows[0].codes))
        for prices in all_prices:
            prices.add(class_index, price)
        total[part] = price[columns.row[part]]
    for one in priced:
        if one.before is not None:
            total += one.prices(columns)
    return total


@dataclass(frozen=True)
class _HostPrices:
    """The hosts whose room has a price in some rows.

    Attributes
    ----------
    size : (member classes,) int64
    hosts : (P,) int64
    dual : (P,) float64
    unit : (P,) int64 or None
    """

    size: Ints
    hosts: Ints
    dual: Floats
    unit: Ints | None

    @classmethod
    def of(cls, rows: CapacityRows) -> _HostPrices:
        """Find the hosts with a price."""
        at = np.maximum(rows.codes, 0)
        hosts = np.flatnonzero((rows.codes >= 0) & (rows.dual[at] > 0))
        domains = rows.codes[hosts]
        unit = None if rows.unit is None else rows.unit[domains]
        return cls(rows.size, hosts, rows.dual[domains], unit)

    def add(self, class_index: int, price: Floats) -> None:
        """Add what a member of a class pays on each host to prices, (H,)."""
        size = int(self.size[class_index])
        if self.unit is None:
            price[self.hosts] += size * self.dual
        else:
            price[self.hosts] += (size // self.unit) * self.dual


def capacity_rows_of(compiled: CompiledProblem) -> list[CapacityRows]:
    """Return the rows: room of hosts, members of a group in a domain."""
    rows = list(_resource_rows(compiled))
    rows += [CapacityRows(codes, size, room) for codes, size, room in cell_rows(compiled)]
    rows += _policy_rows(compiled)
    return rows


def whole_capacity_rows_of(compiled: CompiledProblem) -> list[CapacityRows]:
    """Return the rows whose sizes and room are amounts, or members, and not in rounded units."""
    return [rows for rows in capacity_rows_of(compiled) if rows.unit is None]


def _resource_rows(compiled: CompiledProblem) -> Iterator[CapacityRows]:
    """Yield the room of hosts and pools for each resource class, and the same in whole units."""
    fleet = compiled.fleet
    hosts = fleet.codes(HOST)
    sizes = [dict(member_class.size) for member_class in compiled.member_classes]
    for name in sorted({name for size in sizes for name in size}):
        takes = np.array([size.get(name, 0) for size in sizes], dtype=np.int64)
        pools = fleet.pools.of.get(name)
        of_hosts = hosts if pools is None else np.where(pools < 0, hosts, -1)
        yield from _with_whole_units(of_hosts, takes, fleet.free(name))
        if pools is not None:
            yield from _with_whole_units(pools, takes, fleet.pools.free(name))


def _with_whole_units(codes: Ints, takes: Ints, free: Ints) -> Iterator[CapacityRows]:
    """Yield the room of hosts, or of pools, for one resource class, and in whole units."""
    yield CapacityRows(codes, takes, free)
    for parts in ROUNDED_PARTS:
        yield CapacityRows(codes, takes, free, free // (parts + 1) + 1)


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
