"""Members into cells: whether it can be done, and how. Exact, in plain Python, for the members of one host.

First the largest, each into the fullest cell that takes it; where that fails, depth first over
all ways but those that differ in equal cells or equal members, and none is tried twice from the
same state. What is refuted by counting alone, in whole units of the sizes as well, is not tried
(dual feasible functions, Fekete & Schepers 2001, doi:10.1007/s101070100243).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from groupsolver.model.numa_cell import CellCapacity

STEPS = 50_000  # members put down, in all ways together: a second or two
Free = tuple[int, ...]  # of one cell: what is left, by class


class Undecided(Exception):
    """Neither found nor refuted within `STEPS`: tens of members of many sizes that fill the cells to the brim."""


def pack(
    rooms: Sequence[CellCapacity], sizes: Sequence[Mapping[str, int]], counts: Sequence[int]
) -> list[list[int]] | None:
    """Put so many members of each size into cells.

    Parameters
    ----------
    rooms : sequence of Room
        The cells, K of them.
    sizes : sequence of mapping of str to int
        What a member of each size takes of its cell, amounts above 0, S of them.
    counts : sequence of int
        How many of each.

    Returns
    -------
    list of list of int or None
        S x K: how many of each size in each cell, always the same; None where there is no way.

    Raises
    ------
    Undecided
    """
    packing = _Packing(rooms, sizes, counts)
    found = packing.at_once()
    return packing.searched() if found is None else found


class _Packing:
    def __init__(
        self,
        rooms: Sequence[CellCapacity],
        sizes: Sequence[Mapping[str, int]],
        counts: Sequence[int],
    ) -> None:
        self.names = sorted({name for size in sizes for name in size})
        self.free: list[Free] = [
            tuple(room.free.get(name, 0) for name in self.names) for room in rooms
        ]
        self.most: Free = (
            tuple(max(1, *column) for column in zip(*self.free, strict=True)) if rooms else ()
        )
        self.amounts = [tuple(size.get(name, 0) for name in self.names) for size in sizes]
        self.counts = list(counts)
        # Cells whose units forbid the same sizes, and that have the same left, are the same.
        self.allowed = [tuple(room.takes(size) for size in sizes) for room in rooms]
        shares = [
            max((a / m for a, m in zip(size, self.most, strict=False)), default=0.0)
            for size in self.amounts
        ]
        self.order = sorted(
            (i for i, n in enumerate(counts) if n), key=lambda i: (-shares[i], self.amounts[i], i)
        )
        units = [
            sorted({1, *(size[c] for size in self.amounts if size[c])})
            for c in range(len(self.names))
        ]
        self.units = [(c, unit) for c, found in enumerate(units) for unit in found]

    def holds(self, free: Free, size: int) -> int:
        """How many of a size what is left of a cell holds."""
        return min(
            (have // a for have, a in zip(free, self.amounts[size], strict=True) if a),
            default=self.counts[size],
        )

    def less(self, free: Free, size: int, number: int) -> Free:
        return tuple(have - number * a for have, a in zip(free, self.amounts[size], strict=True))

    def tightest(self, free: Sequence[Free], size: int) -> list[int]:
        """Give the cells that take a member of a size, the fullest first, and one of those that are the same."""
        seen, found = set(), []
        for cell, left in enumerate(free):
            same = left, self.allowed[cell]
            if self.allowed[cell][size] and same not in seen and self.holds(left, size):
                seen.add(same)
                found.append(
                    (sum(have / most for have, most in zip(left, self.most, strict=True)), cell)
                )
        return [cell for _, cell in sorted(found)]

    def at_once(self) -> list[list[int]] | None:
        """Put as many of a size as go into the fullest cell, and on: mostly the answer."""
        free, counts = list(self.free), [[0] * len(self.free) for _ in self.counts]
        for size in self.order:
            left = self.counts[size]
            while left:
                cells = self.tightest(free, size)
                if not cells:
                    return None
                number = min(left, self.holds(free[cells[0]], size))
                free[cells[0]] = self.less(free[cells[0]], size, number)
                counts[size][cells[0]] += number
                left -= number
        return counts

    def hopeless(self, free: Sequence[Free], left: Sequence[int]) -> bool:
        """Whether counting refutes that so many of each size still go in."""
        for size in self.order:
            if left[size]:
                room = sum(
                    self.holds(f, size)
                    for f, may in zip(free, self.allowed, strict=True)
                    if may[size]
                )
                if room < left[size]:
                    return True
        return any(
            sum(n * (self.amounts[size][c] // unit) for size, n in enumerate(left) if n)
            > sum(f[c] // unit for f in free)
            for c, unit in self.units
        )

    def searched(self) -> list[list[int]] | None:
        """Try all ways. Raises `Undecided`."""
        members = [size for size in self.order for _ in range(self.counts[size])]
        left, free, path = list(self.counts), list(self.free), list[tuple[int, Free]]()
        dead: set[tuple[int, tuple[tuple[Free, tuple[bool, ...]], ...]]] = set()
        ways: list[Iterator[int]] = [
            iter(()) if self.hopeless(free, left) else iter(self.tightest(free, members[0]))
        ]
        steps = 0
        while ways:
            cell = next(ways[-1], None)
            if cell is None:
                ways.pop()
                if path:
                    taken, before = path.pop()
                    free[taken] = before
                    left[members[len(path)]] += 1
                continue
            steps += 1
            if steps > STEPS:
                raise Undecided
            size = members[len(path)]
            path.append((cell, free[cell]))
            free[cell] = self.less(free[cell], size, 1)
            left[size] -= 1
            if len(path) == len(members):
                return self._counted(members, path)
            state = len(path), tuple(sorted(zip(free, self.allowed, strict=True)))
            if state in dead or self.hopeless(free, left):
                ways.append(iter(()))
            else:
                ways.append(iter(self.tightest(free, members[len(path)])))
            dead.add(state)
        return None

    def _counted(self, members: list[int], path: list[tuple[int, Free]]) -> list[list[int]]:
        counts = [[0] * len(self.free) for _ in self.counts]
        for size, (cell, _) in zip(members, path, strict=True):
            counts[size][cell] += 1
        return counts
