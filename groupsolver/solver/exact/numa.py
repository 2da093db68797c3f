"""NUMA cells in the solver: rows stay hosts, and who goes into which cell is kept beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from groupsolver.constraints.capacity.host_capacity import from_cell
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.numa_packing import Undecided, pack
from groupsolver.model.result import Cells, Placement
from groupsolver.model.value import INT64_MAX

Inside = dict[
    tuple[int, int], list[int]
]  # (member class, row of the fleet): how many of the member class in each cell there
UNBOUNDED_MEMBERS = 2**40  # members, more than any batch has
MAX_HOST_KINDS_EXACT = 100  # sorts of hosts that are decided exactly for one share


def inside_of(
    compiled: CompiledProblem,
    stands: Iterable[tuple[int, int]],
    known: Mapping[tuple[int, int], list[int]],
) -> Inside:
    """Put the members that stand on each host into its cells, as `known` tells or as it can be done.

    What cannot be put into cells, or not in time, is left out.
    """
    fleet = compiled.fleet
    there: dict[int, dict[int, int]] = {}
    if fleet.cells.width:
        needy = [
            fleet.cells.within(name for name, _ in member_class.size)
            for member_class in compiled.member_classes
        ]
        for member_class, row in stands:
            if needy[member_class][row]:
                member_classes = there.setdefault(row, {})
                member_classes[member_class] = member_classes.get(member_class, 0) + 1
    found: Inside = {}
    for row, member_classes in there.items():
        told = [known.get((member_class, row)) for member_class in member_classes]
        if None not in told:
            found |= {
                (member_class, row): list(counts or ())
                for member_class, counts in zip(member_classes, told, strict=True)
            }
            continue
        host = fleet.index[fleet.names[row]]
        sizes = [
            dict(from_cell(host, compiled.member_classes[member_class].size))
            for member_class in member_classes
        ]
        try:
            packed = pack(host.cell_capacities(), sizes, list(member_classes.values()))
        except Undecided:
            packed = None
        found |= {
            (member_class, row): counts
            for member_class, counts in zip(member_classes, packed or (), strict=False)
        }
    return found


def cells_of(compiled: CompiledProblem, placement: Placement, inside: Inside) -> Cells:
    """Deal cells out to the members of each member class on a host, in the order of the file."""
    if not inside:
        return {}
    fleet = compiled.fleet
    places = {
        at: iter(
            [
                fleet.index[fleet.names[at[1]]].cell_names()[k]
                for k, n in enumerate(counts)
                for _ in range(n)
            ]
        )
        for at, counts in inside.items()
    }
    cells: Cells = {}
    for number, member_class in enumerate(compiled.member_classes):
        for id_ in member_class.ids:
            place = places.get((number, fleet.rows[placement[id_]]))
            if place is not None:
                cells[id_] = next(place)
    return {
        member.id: cells[member.id] for member in compiled.problem.new_members if member.id in cells
    }


def sure_and_possible(
    compiled: CompiledProblem, share: Mapping[int, int], fits: Mask
) -> tuple[Mask, Mask]:
    """Where the cells take a whole share, and where they might.

    Parameters
    ----------
    share : mapping of int to int
        How many of each member class.
    fits : (H,) bool
        Hosts that take each member class of it alone, and all of it by sums over cells.

    Returns
    -------
    sure, possible : (H,) bool
        The same but for hosts that are hard to decide: these are possible alone.
    """
    table = compiled.fleet.cells
    needs = [
        (dict(compiled.member_classes[member_class].size), number)
        for member_class, number in share.items()
        if number
    ]
    if not table.width or len(needs) < 2:
        return fits, fits  # of one member class alone, hosts know exactly how many they take
    rows = np.flatnonzero(fits & table.within({name for size, _ in needs for name in size}))
    unsure = rows
    for i in range(len(needs)):
        unsure = unsure[~_at_once(compiled, needs[i:] + needs[:i], unsure)]
    if not len(unsure):
        return fits, fits
    sure, possible = fits.copy(), fits.copy()
    refuted = _refuted(compiled, needs, unsure)
    sure[unsure] = possible[unsure[refuted]] = False
    left = unsure[~refuted]
    if not len(left):
        return sure, possible
    known: dict[bytes, bool | None] = {}
    names = sorted({name for size, _ in needs for name in size} & table.inside.keys())
    state = np.concatenate(
        [table.free[n][left] for n in names] + [table.unit[n][left] for n in names], axis=1
    )
    for row, key in zip(left.tolist(), map(bytes, state), strict=True):
        if key not in known:
            known[key] = _holds(compiled, needs, row) if len(known) < MAX_HOST_KINDS_EXACT else None
        sure[row], possible[row] = known[key] is True, known[key] is not False
    return sure, possible


def _at_once(
    compiled: CompiledProblem, needs: Sequence[tuple[dict[str, int], int]], rows: Ints
) -> Mask:
    """(R,) bool: where one after the other, each into the first cell that takes it, is a way."""
    table = compiled.fleet.cells
    inside = {name: column[rows] for name, column in table.inside.items()}
    free = {name: table.free[name][rows] for name in inside}
    good = np.ones(len(rows), dtype=np.bool_)
    for size, number in needs:
        need = [(name, amount) for name, amount in size.items() if name in inside]
        left = np.where(table.within(size, rows), number, 0)
        for cell in range(table.width):
            count = left
            for name, amount in need:
                here = np.where(
                    table.unit[name][rows, cell] >= amount, free[name][:, cell] // amount, 0
                )
                count = np.minimum(count, np.where(inside[name], here, count))
            for name, amount in need:
                free[name][:, cell] -= np.where(inside[name], amount * count, 0)
            left = left - count
        good &= left == 0
    return good


def _refuted(
    compiled: CompiledProblem, needs: list[tuple[dict[str, int], int]], rows: Ints
) -> Mask:
    """(R,) bool: where counting in whole units of the sizes refutes all ways.

    See `groupsolver.model.compiled.numa_packing`.
    """
    table = compiled.fleet.cells
    least = {name: min(size.get(name, 0) for size, _ in needs) for name in table.inside}
    number = sum(number for _, number in needs)
    everywhere = table.within((name for name, amount in least.items() if amount), rows)
    bad: Mask = everywhere & (
        table.each(least, rows, number).sum(axis=1) < number
    )  # were each as small as can be
    for name, inside in table.inside.items():
        free = table.free[name][rows]
        for unit in {size[name] for size, _ in needs if size.get(name)}:
            load = sum(number * (size.get(name, 0) // unit) for size, number in needs)
            bad |= inside[rows] & ((free // unit).sum(axis=1) < load)
    return bad


def _holds(
    compiled: CompiledProblem, needs: list[tuple[dict[str, int], int]], row: int
) -> bool | None:
    host = compiled.fleet.index[compiled.fleet.names[row]]
    sizes = [dict(from_cell(host, tuple(size.items()))) for size, _ in needs]
    try:
        return pack(host.cell_capacities(), sizes, [number for _, number in needs]) is not None
    except Undecided:
        return None


def whole_sizes(compiled: CompiledProblem) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Give rows of a relaxation: counted in whole members of one size, cells hold no more than of that size alone.

    A member that takes at least so many times another's size, of each class, counts as so many; what is left
    over of a cell serves nobody (Chvatal 1973, doi:10.1016/0012-365X(73)90167-2). For the largest sizes.

    Returns
    -------
    codes : (H,) int64
        The host, -1 where members of that size take nothing from a cell.
    weight : (member classes,) int64
    room : (H,) int64
    """
    fleet, every = (
        compiled.fleet,
        [dict(member_class.size) for member_class in compiled.member_classes],
    )
    for size in sorted(
        {
            member_class.size
            for member_class in compiled.member_classes
            if fleet.cells.inside.keys() & dict(member_class.size).keys()
        }
    ):
        need = {name: amount for name, amount in size if name in fleet.cells.inside}
        rows = np.flatnonzero(fleet.cells.within(need))
        codes, room = np.full(len(fleet), -1, dtype=np.int64), np.zeros(len(fleet), dtype=np.int64)
        codes[rows] = rows
        room[rows] = fleet.cells.each(need, rows, UNBOUNDED_MEMBERS).sum(axis=1)
        weight = [
            min(other.get(name, 0) // amount for name, amount in need.items()) for other in every
        ]
        yield codes, np.array(weight, dtype=np.int64), room


class CellRoom:
    """What is left of the cells of hosts on which members were put down.

    Parameters
    ----------
    compiled problem : CompiledProblem
    rows : (U,) int64
        The fleet's rows that may be used.

    Attributes
    ----------
    holds : (member classes, U) int64
        How many of each member class alone the cells of a row take; without bound where none was put down yet.
    """

    def __init__(self, compiled: CompiledProblem, rows: Ints) -> None:
        table = compiled.fleet.cells
        self._table, self._rows = table, rows
        self._names = sorted(
            {name for member_class in compiled.member_classes for name, _ in member_class.size}
            & table.inside.keys()
        )
        self.any = bool(self._names) and bool(table.within(self._names, rows).any())
        self.holds = np.full(
            (len(compiled.member_classes), len(rows)) if self.any else (0, 0),
            INT64_MAX,
            dtype=np.int64,
        )
        sizes = [
            [dict(member_class.size).get(name, 0) for name in self._names]
            for member_class in compiled.member_classes
        ]
        self._sizes = np.array(sizes, dtype=np.int64).reshape(len(sizes), len(self._names))
        self._left: dict[
            int, tuple[Ints, Ints, Mask]
        ] = {}  # by place: (K, C) free, (L, C) needs, (L, K) allowed
        self._into: dict[tuple[int, int], list[int]] = {}

    def _at(self, at: int) -> tuple[Ints, Ints, Mask]:
        if at not in self._left:
            row, table = self._rows[at], self._table
            free = np.stack([table.free[name][row] for name in self._names], axis=1)
            unit = np.stack([table.unit[name][row] for name in self._names], axis=1)
            needs = self._sizes * np.array([table.inside[name][row] for name in self._names])
            self._left[at] = free, needs, (needs[:, None, :] <= unit[None]).all(axis=2)
        return self._left[at]

    def put(self, member_class: int, at: int) -> None:
        """Put a member into the fullest cell that takes it."""
        free, needs, allowed = self._at(at)
        if needs[member_class].any():
            can = allowed[member_class] & (free >= needs[member_class]).all(axis=1)
            fullness = (free / np.maximum(1, free.max(axis=0))).sum(axis=1)
            cell = int(np.argmin(np.where(can, fullness, np.inf)))
            free[cell] -= needs[member_class]
            self._into.setdefault((member_class, at), []).append(cell)
            self._count(at)

    def take(self, member_class: int, at: int) -> None:
        """Take a member up again."""
        free, needs, _ = self._at(at)
        if needs[member_class].any():
            free[self._into[member_class, at].pop()] += needs[member_class]
            self._count(at)

    def _count(self, at: int) -> None:
        free, needs, allowed = self._left[at]
        # (L, K, C): how many of each member class each class of each cell takes.
        each = np.where(
            needs[:, None, :] > 0, free[None] // np.maximum(1, needs[:, None, :]), INT64_MAX
        )
        cells = np.where(allowed, np.minimum(each.min(axis=2), 2**40), 0).sum(axis=1)
        self.holds[:, at] = np.where(needs.any(axis=1), cells, INT64_MAX)
