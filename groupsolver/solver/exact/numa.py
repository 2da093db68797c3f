"""NUMA cells in the solver: rows stay hosts, and the cells of members are kept beside them.

A member takes its cell resources from a single cell of its host. Two cells of 7 VCPU hold
3 + 2 + 2 each, but no member of 8, and of members of 4 only one each::

    capacity of the host, 4 VCPU a member: 14 // 4 = 3
    capacity of its cells:                 7 // 4 + 7 // 4 = 2
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from groupsolver.constraints.capacity.host_capacity import from_cell, packed, scarce_cells
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.numa_packing import Undecided, pack
from groupsolver.model.result import Cells, Placement
from groupsolver.model.value import INT64_MAX

# (member class, row of the fleet): how many of the member class are in each cell there.
CellCounts = dict[tuple[int, int], list[int]]
UNBOUNDED_MEMBERS = 2**40  # members, more than any application has
MAX_HOST_KINDS_EXACT = 100  # kinds of hosts that are decided exactly for one share


# Which members of a placement are in which cell.


def count_by_cell(
    compiled: CompiledProblem,
    assignment: Iterable[tuple[int, int]],
    known: Mapping[tuple[int, int], list[int]],
) -> CellCounts:
    """Distribute the members on each host over its cells.

    Parameters
    ----------
    compiled : CompiledProblem
    assignment : iterable of (int, int)
        ``(member class, row)`` of each member.
    known : mapping of (int, int) to list of int
        Counts that are decided already; kept for hosts where they are complete.

    Returns
    -------
    dict of (int, int) to list of int
        By member class and row. A host whose members cannot be put into its cells, or not in time,
        is left out.
    """
    found: CellCounts = {}
    for row, numbers in _members_in_cells(compiled, assignment).items():
        given = [known.get((class_index, row)) for class_index in numbers]
        counts: Sequence[list[int]] = ()
        # A model does not know which cell of a host is the better one.
        if None in given or scarce_cells(compiled.fleet.index[compiled.fleet.names[row]]):
            counts = _pack_host(compiled, row, numbers)
        if not counts and None not in given:
            counts = [list(count or ()) for count in given]
        for class_index, count in zip(numbers, counts, strict=False):
            found[class_index, row] = count
    return found


def _members_in_cells(
    compiled: CompiledProblem, assignment: Iterable[tuple[int, int]]
) -> dict[int, dict[int, int]]:
    """Return, by row and member class, the number of members that take anything from a cell."""
    cells = compiled.fleet.cells
    found: dict[int, dict[int, int]] = {}
    if not cells.width:
        return found
    uses_cells = [
        cells.within(name for name, _ in member_class.size)
        for member_class in compiled.member_classes
    ]
    for class_index, row in assignment:
        if uses_cells[class_index][row]:
            numbers = found.setdefault(row, {})
            numbers[class_index] = numbers.get(class_index, 0) + 1
    return found


def _pack_host(
    compiled: CompiledProblem, row: int, numbers: Mapping[int, int]
) -> Sequence[list[int]]:
    """Return how many of each member class go into each cell of a host; empty if none is found."""
    host = compiled.fleet.index[compiled.fleet.names[row]]
    sizes = [
        dict(from_cell(host, compiled.member_classes[class_index].size)) for class_index in numbers
    ]
    try:
        return packed(host, sizes, list(numbers.values())) or ()
    except Undecided:
        return ()


def name_cells(compiled: CompiledProblem, placement: Placement, counts: CellCounts) -> Cells:
    """Return the name of each member's cell, given how many of its class are in each.

    The members of a class on one host fill its cells in the order of the file.
    """
    if not counts:
        return {}
    fleet = compiled.fleet
    names = {key: _cell_names(compiled, key[1], count) for key, count in counts.items()}
    cells: Cells = {}
    for class_index, member_class in enumerate(compiled.member_classes):
        for id_ in member_class.ids:
            following = names.get((class_index, fleet.rows[placement[id_]]))
            if following is not None:
                cells[id_] = next(following)
    order = [member.id for member in compiled.problem.new_members]
    return {id_: cells[id_] for id_ in order if id_ in cells}


def _cell_names(compiled: CompiledProblem, row: int, counts: list[int]) -> Iterator[str]:
    """Yield the name of each cell of a host as many times as it has members."""
    host = compiled.fleet.index[compiled.fleet.names[row]]
    for name, number in zip(host.cell_names(), counts, strict=False):
        for _ in range(number):
            yield name


# Which hosts take some members of several classes at once.


class _Need(NamedTuple):
    """Members of one class that have to fit together with others.

    Attributes
    ----------
    size : dict of str to int
    number : int
    """

    size: dict[str, int]
    number: int


def sure_and_possible(
    compiled: CompiledProblem, share: Mapping[int, int], fits: Mask
) -> tuple[Mask, Mask]:
    """Find the hosts whose cells take a whole share, and those whose cells might.

    Parameters
    ----------
    share : mapping of int to int
        How many members of each class.
    fits : (H,) bool
        Hosts that take each member class of it alone, and all of it by sums over cells.

    Returns
    -------
    sure, possible : (H,) bool
        They differ on hosts that are hard to decide: those are possible and not sure.
    """
    table = compiled.fleet.cells
    needs = [
        _Need(dict(compiled.member_classes[class_index].size), number)
        for class_index, number in share.items()
        if number
    ]
    # Of one member class alone, `fits` is already exactly what the cells take.
    if not table.width or len(needs) < 2:
        return fits, fits
    names = {name for need in needs for name in need.size}
    undecided = np.flatnonzero(fits & table.within(names))
    for start in range(len(needs)):
        rotated = needs[start:] + needs[:start]
        undecided = undecided[~_first_fit(compiled, rotated, undecided)]
    if not len(undecided):
        return fits, fits
    sure = fits.copy()
    possible = fits.copy()
    refuted = _refuted_by_counting(compiled, needs, undecided)
    sure[undecided] = False
    possible[undecided[refuted]] = False
    _decide_exactly(compiled, needs, undecided[~refuted], sure, possible)
    return sure, possible


def _first_fit(compiled: CompiledProblem, needs: Sequence[_Need], rows: Ints) -> Mask:
    """(R,) bool: whether the classes fit one after the other, each into the first cells.

    All hosts at once: for each class and cell, as many members as the cell takes, at most those
    that are left.
    """
    table = compiled.fleet.cells
    inside = {name: column[rows] for name, column in table.inside.items()}
    free = {name: table.free[name][rows] for name in inside}
    fits = np.ones(len(rows), dtype=np.bool_)
    for size, number in needs:
        in_cells = [(name, amount) for name, amount in size.items() if name in inside]
        left = np.where(table.within(size, rows), number, 0)
        for cell in range(table.width):
            taken = left
            for name, amount in in_cells:
                allowed = table.admits(name, amount, rows)[:, cell]
                holds = np.where(allowed, free[name][:, cell] // amount, 0)
                taken = np.minimum(taken, np.where(inside[name], holds, taken))
            for name, amount in in_cells:
                free[name][:, cell] -= np.where(inside[name], amount * taken, 0)
            left = left - taken
        fits &= left == 0
    return fits


def _refuted_by_counting(compiled: CompiledProblem, needs: Sequence[_Need], rows: Ints) -> Mask:
    """(R,) bool: whether counting in whole units of the sizes refutes all ways.

    Of a resource class and a unit ``u``: ``sum(number * (size // u))`` members have to be at most
    ``sum(free // u)`` over the cells. Source: see `groupsolver.model.compiled.numa_packing`. For
    two cells of 7 VCPU and members of 5, 5 and 4::

        unit 5: 1 + 1 + 0 <= 7 // 5 + 7 // 5 = 2
        unit 4: 1 + 1 + 1 >  7 // 4 + 7 // 4 = 2, refuted
    """
    table = compiled.fleet.cells
    least = {name: min(size.get(name, 0) for size, _ in needs) for name in table.inside}
    members = sum(number for _, number in needs)
    # As many members, each as small as the smallest in every class. The bound holds on hosts where
    # they take something from cells.
    counted = table.within((name for name, amount in least.items() if amount), rows)
    holds = table.each(least, rows, members, smaller=True).sum(axis=1)
    refuted: Mask = counted & (holds < members)
    for name, inside in table.inside.items():
        free = table.free[name][rows]
        units = {size[name] for size, _ in needs if size.get(name)}
        for unit in units:
            load = sum(number * (size.get(name, 0) // unit) for size, number in needs)
            refuted |= inside[rows] & ((free // unit).sum(axis=1) < load)
    return refuted


def _decide_exactly(
    compiled: CompiledProblem, needs: Sequence[_Need], rows: Ints, sure: Mask, possible: Mask
) -> None:
    """Pack one host of each kind, and write what is found into `sure` and `possible`.

    Hosts are of one kind if their cells have the same left. Beyond `MAX_HOST_KINDS_EXACT` kinds
    hosts stay possible and not sure.
    """
    if not len(rows):
        return
    table = compiled.fleet.cells
    names = sorted({name for size, _ in needs for name in size} & table.inside.keys())
    free = [table.free[name][rows] for name in names]
    limits = [
        limit[name][rows] for limit in (table.unit, table.least, table.step) for name in names
    ]
    kinds = map(bytes, np.concatenate(free + limits, axis=1))
    known: dict[bytes, bool | None] = {}
    for row, kind in zip(rows.tolist(), kinds, strict=True):
        if kind not in known:
            decide = len(known) < MAX_HOST_KINDS_EXACT
            known[kind] = _can_pack(compiled, needs, row) if decide else None
        sure[row] = known[kind] is True
        possible[row] = known[kind] is not False


def _can_pack(compiled: CompiledProblem, needs: Sequence[_Need], row: int) -> bool | None:
    """Return whether the cells of a host take the members, None if that is not found in time."""
    host = compiled.fleet.index[compiled.fleet.names[row]]
    sizes = [dict(from_cell(host, tuple(size.items()))) for size, _ in needs]
    numbers = [number for _, number in needs]
    try:
        return pack(host.cell_capacities(), sizes, numbers) is not None
    except Undecided:
        return None


# Rows of the linear relaxation.


def cell_rows(compiled: CompiledProblem) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield rows of a relaxation that count members in whole members of one size.

    A member that takes at least ``k`` times another's size, of each class, counts as ``k``. The
    cells of a host hold no more, so counted, than they hold of that size alone; what is left over
    of a cell serves nobody (Chvatal 1973, doi:10.1016/0012-365X(73)90167-2). For two cells of 7
    VCPU::

        size 3: 7 // 3 + 7 // 3 = 4
        a member of 3 counts 1, one of 6 counts 2, one of 2 counts 0
        placed[3] + 2 * placed[6] <= 4

    Yields
    ------
    codes : (H,) int64
        The host, -1 where members of that size take nothing from a cell.
    weight : (member classes,) int64
        What a member of each class counts.
    room : (H,) int64
        What each host holds.
    """
    fleet = compiled.fleet
    sizes = [dict(member_class.size) for member_class in compiled.member_classes]
    distinct = {member_class.size for member_class in compiled.member_classes}
    for size in sorted(distinct):
        need = {name: amount for name, amount in size if name in fleet.cells.inside}
        if not need:
            continue
        rows = np.flatnonzero(fleet.cells.within(need))
        codes = np.full(fleet.row_count, -1, dtype=np.int64)
        room = np.zeros(fleet.row_count, dtype=np.int64)
        codes[rows] = rows
        room[rows] = fleet.cells.each(need, rows, UNBOUNDED_MEMBERS, smaller=True).sum(axis=1)
        weight = [_whole_times(other, need) for other in sizes]
        yield codes, np.array(weight, dtype=np.int64), room


def _whole_times(size: Mapping[str, int], need: Mapping[str, int]) -> int:
    """Return how many whole times a size covers a need, in every resource class."""
    return min(size.get(name, 0) // amount for name, amount in need.items())


# Cells while a heuristic puts members down and takes them up again.


class CellUsage:
    """What is left of the cells of hosts on which members were put down.

    Parameters
    ----------
    compiled : CompiledProblem
    rows : (U,) int64
        The fleet's rows that may be used. Their positions are the `at` of the methods.

    Attributes
    ----------
    any : bool
        Whether cells limit anything on these rows.
    holds : (member classes, U) int64
        How many of each member class alone the cells of a row take; unbounded (`INT64_MAX`) where
        no member was put down yet.
    """

    def __init__(self, compiled: CompiledProblem, rows: Ints) -> None:
        table = compiled.fleet.cells
        classes = compiled.member_classes
        self._table = table
        self._rows = rows
        taken = {name for member_class in classes for name, _ in member_class.size}
        self._names = sorted(taken & table.inside.keys())
        self.any = bool(self._names) and bool(table.within(self._names, rows).any())
        shape = (len(classes), len(rows)) if self.any else (0, 0)
        self.holds = np.full(shape, INT64_MAX, dtype=np.int64)
        sizes = [dict(member_class.size) for member_class in classes]
        amounts = [[size.get(name, 0) for name in self._names] for size in sizes]
        # (L, C): what each member class takes of each resource class that cells have.
        self._amounts = np.array(amounts, dtype=np.int64).reshape(len(classes), len(self._names))
        self._state: dict[int, _HostCells] = {}
        self._cells_of: dict[tuple[int, int], list[int]] = {}  # of members, in order

    def put(self, class_index: int, at: int) -> None:
        """Put a member into the fullest cell that takes it."""
        state = self._state_at(at)
        need = state.needs[class_index]
        if not need.any():
            return
        takes = state.allowed[class_index] & (state.free >= need).all(axis=1)
        left = (state.free / np.maximum(1, state.free.max(axis=0))).sum(axis=1)
        cell = int(np.argmin(np.where(takes, left, np.inf)))
        state.free[cell] -= need
        self._cells_of.setdefault((class_index, at), []).append(cell)
        self.holds[:, at] = state.holds()

    def take(self, class_index: int, at: int) -> None:
        """Take the member of a class up again that was put down last."""
        state = self._state_at(at)
        need = state.needs[class_index]
        if not need.any():
            return
        cell = self._cells_of[class_index, at].pop()
        state.free[cell] += need
        self.holds[:, at] = state.holds()

    def _state_at(self, at: int) -> _HostCells:
        if at not in self._state:
            row = self._rows[at]
            table = self._table
            free = np.stack([table.free[name][row] for name in self._names], axis=1)
            unit, least, step = (
                np.stack([limit[name][row] for name in self._names], axis=1)
                for limit in (table.unit, table.least, table.step)
            )
            inside = np.array([table.inside[name][row] for name in self._names])
            needs = self._amounts * inside
            need = needs[:, None, :]
            allowed = (need <= unit) & (need % np.maximum(1, step) == 0)
            allowed &= (need >= least) | (need == 0)
            allowed = allowed.all(axis=2)
            self._state[at] = _HostCells(free, needs, allowed)
        return self._state[at]


class _HostCells(NamedTuple):
    """The cells of one host: L member classes, K cells, C resource classes.

    Attributes
    ----------
    free : (K, C) int64
        What is left; changes as members come and go.
    needs : (L, C) int64
        What a member of each class takes of its cell.
    allowed : (L, K) bool
        Whether one member may take so much of a cell.
    """

    free: Ints
    needs: Ints
    allowed: Mask

    def holds(self) -> Ints:
        """(L,) int64: how many members of each class alone the cells take."""
        needs = self.needs[:, None, :]
        # (L, K, C): how many members each resource class of each cell takes.
        by_resource = np.where(needs > 0, self.free[None] // np.maximum(1, needs), INT64_MAX)
        # Bounded before the sum, which would leave 64 bits otherwise.
        by_cell = np.minimum(by_resource.min(axis=2), UNBOUNDED_MEMBERS)
        total = np.where(self.allowed, by_cell, 0).sum(axis=1)
        return np.where(self.needs.any(axis=1), total, INT64_MAX)
