"""Packing of members into the NUMA cells of one host: whether it can be done, and how. Exact.

First the largest members, each into the fullest cell that takes it. Where that fails, a depth-first
search over all ways except those that differ only in equal cells or equal members; no state is
tried twice. A state is dropped where counting refutes it, in whole units of the sizes as well (dual
feasible functions, Fekete & Schepers 2001, doi:10.1007/s101070100243).

Where cells have prices for members, the cheapest cell comes first, then the fullest, and among the
ways that a short search finds the cheapest is taken.

Example: cells with 8 and 4 VCPU free, members that take 5, 3 and 4. The 5 goes into the first cell,
the 4 into the second, and the 3 into the rest of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from groupsolver.model.numa_cell import CellCapacity

PRICE_STEPS = 2_000  # members put into a cell, over all ways that are tried to find a cheaper one
STEPS = 50_000  # members put into a cell, over all ways together: a second or two
Free = tuple[int, ...]  # of one cell: what is left, by class


class Undecided(Exception):
    """No packing was found within `STEPS`, and none was refuted.

    It takes tens of members of many sizes that fill the cells to the brim.
    """


def pack(
    cells: Sequence[CellCapacity],
    sizes: Sequence[Mapping[str, int]],
    counts: Sequence[int],
    prices: Sequence[Sequence[int]] | None = None,
) -> list[list[int]] | None:
    """Put a number of members of each size into cells.

    Parameters
    ----------
    cells : sequence of CellCapacity
        K cells.
    sizes : sequence of mapping of str to int
        What a member of each of S sizes takes of its cell, amounts above 0.
    counts : sequence of int
        How many of each size.
    prices : sequence of sequence of int, optional
        S x K: what a member of each size costs in each cell; by default nothing.

    Returns
    -------
    list of list of int or None
        S x K: how many of each size in each cell, always the same; None where there is no way.

    Raises
    ------
    Undecided
    """
    packing = _Packing(cells, sizes, counts, prices)
    packed = packing.greedy()
    if packed is None:
        packed = packing.search()
    return packed if packed is None or prices is None else packing.cheaper(packed)


class _Packing:
    """One call of `pack`.

    Attributes
    ----------
    names : list of str
        The classes that members take.
    free : list of tuple of int
        What is left of each cell at the start, by class.
    amounts : list of tuple of int
        What a member of each size takes, by class.
    allowed : list of tuple of bool
        Whether each cell takes a member of each size at all.
    prices : sequence of sequence of int
        What a member of each size costs in each cell.
    order : list of int
        The sizes, the largest first.
    units : list of (int, int)
        Classes, each with the units in which `_hopeless` counts it.
    """

    def __init__(
        self,
        cells: Sequence[CellCapacity],
        sizes: Sequence[Mapping[str, int]],
        counts: Sequence[int],
        prices: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.names = sorted({name for size in sizes for name in size})
        self.counts = list(counts)
        self.prices = prices or [[0] * len(cells) for _ in sizes]
        # Of each cell: what a member of each size costs.
        self.price_of_cell = [
            tuple(of_size[cell] for of_size in self.prices) for cell in range(len(cells))
        ]
        self.free: list[Free] = [
            tuple(cell.free.get(name, 0) for name in self.names) for cell in cells
        ]
        # Of each class: the most that is free in one cell, at least 1.
        self.most: Free = ()
        if cells:
            self.most = tuple(max(1, *column) for column in zip(*self.free, strict=True))
        self.amounts = [tuple(size.get(name, 0) for name in self.names) for size in sizes]
        self.allowed = [tuple(cell.takes(size) for size in sizes) for cell in cells]
        largest_shares = [self._largest_share(size) for size in self.amounts]
        used = [size for size, number in enumerate(counts) if number]
        self.order = sorted(
            used, key=lambda size: (-largest_shares[size], self.amounts[size], size)
        )
        self.units: list[tuple[int, int]] = []
        for resource in range(len(self.names)):
            of_sizes = {size[resource] for size in self.amounts if size[resource]}
            self.units += [(resource, unit) for unit in sorted({1, *of_sizes})]

    def _largest_share(self, amounts: Free) -> float:
        """Return the largest share that a size takes of what is free in one cell, over classes."""
        pairs = zip(amounts, self.most, strict=False)
        return max((amount / most for amount, most in pairs), default=0.0)

    def _holds(self, free: Free, size: int) -> int:
        """Return how many members of a size fit into what is left of a cell."""
        pairs = zip(free, self.amounts[size], strict=True)
        return min((left // amount for left, amount in pairs if amount), default=self.counts[size])

    def _less(self, free: Free, size: int, number: int) -> Free:
        """Return what a number of members of a size leave of a cell."""
        pairs = zip(free, self.amounts[size], strict=True)
        return tuple(left - number * amount for left, amount in pairs)

    def _fullest_first(self, free: Sequence[Free], size: int) -> list[int]:
        """Return the cells that take a member of a size, equal cells once.

        The cheapest come first, and of these the fullest.
        """
        # Cells that allow the same sizes, and have the same left, are equal.
        seen = set()
        candidates = []
        for cell, left in enumerate(free):
            state = left, self.allowed[cell], self.price_of_cell[cell]
            if self.allowed[cell][size] and state not in seen and self._holds(left, size):
                seen.add(state)
                share_left = sum(
                    amount / most for amount, most in zip(left, self.most, strict=True)
                )
                candidates.append((self.prices[size][cell], share_left, cell))
        return [cell for _, _, cell in sorted(candidates)]

    def greedy(self) -> list[list[int]] | None:
        """Put as many members of a size as possible into the fullest cell, and go on.

        Mostly that is the answer; None where it fails.
        """
        free = list(self.free)
        counts = [[0] * len(self.free) for _ in self.counts]
        for size in self.order:
            left = self.counts[size]
            while left:
                cells = self._fullest_first(free, size)
                if not cells:
                    return None
                cell = cells[0]
                number = min(left, self._holds(free[cell], size))
                free[cell] = self._less(free[cell], size, number)
                counts[size][cell] += number
                left -= number
        return counts

    def _hopeless(self, free: Sequence[Free], left: Sequence[int]) -> bool:
        """Return whether counting refutes that the members left of each size still fit.

        The members of one size alone may not fit. And for a class and a unit u, a member that takes
        a of the class counts as floor(a / u), a cell with f free as floor(f / u): the former may
        add up to more than the latter.

        Example: cells with 5 and 5 left, three members of 3. In units of 3 they count 3, and the
        cells count 1 + 1 = 2.
        """
        for size in self.order:
            if left[size]:
                pairs = zip(free, self.allowed, strict=True)
                room = sum(self._holds(cell, size) for cell, allowed in pairs if allowed[size])
                if room < left[size]:
                    return True
        for resource, unit in self.units:
            needed = sum(
                number * (self.amounts[size][resource] // unit)
                for size, number in enumerate(left)
                if number
            )
            if needed > sum(cell[resource] // unit for cell in free):
                return True
        return False

    def search(self) -> list[list[int]] | None:
        """Try all ways. Raises `Undecided`."""
        members = [size for size in self.order for _ in range(self.counts[size])]
        left = list(self.counts)
        free = list(self.free)
        path: list[tuple[int, Free]] = []  # of each member put down: its cell, as it was before
        dead: set[tuple[int, tuple[tuple[Free, tuple[bool, ...]], ...]]] = set()
        first = [] if self._hopeless(free, left) else self._fullest_first(free, members[0])
        pending: list[Iterator[int]] = [iter(first)]  # cells still to be tried, by depth
        steps = 0
        while pending:
            cell = next(pending[-1], None)
            if cell is None:
                pending.pop()
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
            free[cell] = self._less(free[cell], size, 1)
            left[size] -= 1
            if len(path) == len(members):
                return self._counted(members, path)
            state = len(path), tuple(sorted(zip(free, self.allowed, strict=True)))
            if state in dead or self._hopeless(free, left):
                pending.append(iter(()))
            else:
                pending.append(iter(self._fullest_first(free, members[len(path)])))
            dead.add(state)
        return None

    def cheaper(self, found: list[list[int]]) -> list[list[int]]:
        """Return the cheapest way that a search of `PRICE_STEPS` comes to, or what was found.

        Members are put down one by one; a state that was reached as cheaply is not tried again.
        """
        members = [size for size in self.order for _ in range(self.counts[size])]
        # What the members after each cost at least.
        least = [0] * (len(members) + 1)
        for depth in range(len(members) - 1, -1, -1):
            least[depth] = least[depth + 1] + min(self.prices[members[depth]])
        best = sum(
            number * price
            for of_size, prices in zip(found, self.prices, strict=True)
            for number, price in zip(of_size, prices, strict=True)
        )
        reached: dict[tuple[int, tuple[Free, ...]], int] = {}
        pending: list[tuple[int, tuple[Free, ...], tuple[int, ...]]] = [(0, tuple(self.free), ())]
        for _ in range(PRICE_STEPS):
            if not pending or best <= least[0]:
                break
            cost, free, cells = pending.pop()
            depth = len(cells)
            if cost + least[depth] >= best or reached.get((depth, free), best) <= cost:
                continue
            if depth == len(members):
                best = cost
                found = self._counted(members, [(cell, free[cell]) for cell in cells])
                continue
            reached[depth, free] = cost
            size = members[depth]
            for cell in reversed(self._fullest_first(free, size)):
                left = self._less(free[cell], size, 1)
                after = (*free[:cell], left, *free[cell + 1 :])
                pending.append((cost + self.prices[size][cell], after, (*cells, cell)))
        return found

    def _counted(self, members: list[int], path: list[tuple[int, Free]]) -> list[list[int]]:
        counts = [[0] * len(self.free) for _ in self.counts]
        for size, (cell, _) in zip(members, path, strict=True):
            counts[size][cell] += 1
        return counts
