"""Duals of many scarce rows without a linear program: ascent along subgradients.

At duals y >= 0 Lagrange's bound is ``sum(cheapest way of each block at c + y @ a) - y @ room``. It
is concave in y, and what the cheapest ways take beyond the room, ``a @ x - room``, is a
subgradient: rows that are taken too much of become dearer, the others cheaper. A round costs one
sort of the columns, some milliseconds where a linear program takes seconds, and the bound is there
at any time.

Steps are those of Adam: the mean of the last subgradients, each row divided by how large its own
ones have been. So rows of different units need no common step, and no upper bound of the optimum is
needed, as in Polyak's step. Where the bound has stopped rising, the step shrinks.

Rounds look at promising columns alone, those that are cheap at the duals of the last *sweep*. A
sweep over all columns bounds the problem and chooses them anew. Only its bounds are given out.

Example: two members want h1, price 1 with room for one, and h2 has price 5. At y = 0 both take h1,
which is 1 above its room, so y rises until h2 costs as much, at 4.

Sources: Kingma & Ba (2015), arXiv:1412.6980; the volume algorithm, which needs more rounds here,
Barahona & Anbil (2000), doi:10.1007/s101070050002.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.relaxation.block_choices import BlockChoices
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows

ROUNDS = 25  # between two sweeps over all columns
FIRST_STEP = 0.04  # of a middling price, for all room of a row
SHRINK = 0.7  # of the step, where the bound has stopped rising
LAST_STEP = 1 / 1024  # of the first one: the ascent has converged
LEAST_GAIN = 5e-4  # of the bound in a sweep; the step shrinks where it is less
MEAN_DECAY = 0.9  # of the mean of subgradients, from round to round
SQUARE_DECAY = 0.99  # of the mean of their squares
SAMPLE = 10_000  # of prices, from which a middling one is found
TINY = 1e-9  # of the room: rows taken less than that beside their room count as just full


class ScaledRows:
    """All rows with duals that dual ascent finds, each in units of its own room.

    Parameters
    ----------
    capacity_rows : list of CapacityRows
    """

    def __init__(self, capacity_rows: list[CapacityRows]) -> None:
        self._capacity_rows = capacity_rows
        sizes = [len(rows.room) for rows in capacity_rows]
        self._ends = np.cumsum([0, *sizes])
        room = np.concatenate([np.zeros(0), *(rows.room for rows in capacity_rows)])
        self._unit = np.maximum(room, 1.0)
        self.room: Floats = room / self._unit
        excess = np.array([rows.excess_price for rows in capacity_rows])
        self.highest: Floats = np.repeat(excess, sizes) * self._unit

    def table(self, columns: Columns) -> csr_array:
        """(rows, N) sparse array: what a member of each column takes of each row."""
        row = [np.zeros(0, dtype=np.int64)]
        column = [np.zeros(0, dtype=np.int64)]
        value = [np.zeros(0)]
        for rows, start in zip(self._capacity_rows, self._ends[:-1].tolist(), strict=True):
            counted = columns_counted(rows, columns)
            codes = rows.codes[columns.row[counted]]
            weight = rows.weights(columns, counted)
            used = (codes >= 0) & (weight > 0)
            row.append(start + codes[used])
            column.append(counted[used])
            value.append(weight[used] / self._unit[row[-1]])
        entries = np.concatenate(value), (np.concatenate(row), np.concatenate(column))
        return csr_array(entries, shape=(len(self.room), len(columns)))

    def set_duals(self, dual: Floats) -> None:
        """Leave duals, (rows,), in the rows that they are of."""
        parts = np.split(dual / self._unit, self._ends[1:-1])
        for rows, part in zip(self._capacity_rows, parts, strict=True):
            rows.dual[:] = np.clip(part, 0, rows.excess_price)


def columns_counted(rows: CapacityRows, columns: Columns) -> Ints:
    """Return the columns of the classes that some rows count, ascending."""
    parts = [columns.of(class_index) for class_index in np.flatnonzero(rows.size).tolist()]
    ranges = [np.arange(part.start, part.stop) for part in parts]
    return np.concatenate([np.zeros(0, dtype=np.int64), *ranges])


class DualAscent:
    """Duals, and how the last rounds have moved them.

    Parameters
    ----------
    compiled : CompiledProblem
    blocks : list of Block
    rows : ScaledRows
    own_prices : (N,) float64
        Of all columns.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        blocks: list[Block],
        rows: ScaledRows,
        own_prices: Floats,
    ) -> None:
        self._compiled = compiled
        self._blocks = blocks
        self._rows = rows
        self._own_prices = own_prices
        some_prices = own_prices[:: 1 + len(own_prices) // SAMPLE]
        middling = float(np.median(np.abs(some_prices))) if len(some_prices) else 0.0
        self._first_step = FIRST_STEP * max(1.0, middling)
        self._step = self._first_step
        self._dual = np.zeros(len(rows.room))
        self._mean = np.zeros(len(rows.room))
        self._square = np.zeros(len(rows.room))
        self._rounds = 0
        self._highest = -np.inf

    def climb(self, columns: Columns, index: Ints, left: Callable[[], float]) -> Floats:
        """Move the duals for some rounds; return the best ones over some columns.

        Parameters
        ----------
        columns : Columns
            The promising ones.
        index : (M,) int64
            Where they are among all.
        left : callable
            The seconds that are left.
        """
        choices = BlockChoices(self._compiled, columns, self._blocks)
        table = self._rows.table(columns)
        by_column = csr_array(table.T)
        own_prices = self._own_prices[index]
        best = self._dual
        highest = -np.inf
        for _ in range(ROUNDS):
            cost, members = choices.cheapest(own_prices + by_column @ self._dual)
            bound = cost - float(self._dual @ self._rows.room)
            if bound > highest:
                highest = bound
                best = self._dual
            self._move(table @ members - self._rows.room)
            if left() <= 0:
                break
        return best

    def _move(self, beyond: Floats) -> None:
        """Move the duals along a subgradient: what is taken of each row beyond its room."""
        self._rounds += 1
        self._mean += (1 - MEAN_DECAY) * (beyond - self._mean)
        self._square += (1 - SQUARE_DECAY) * (beyond * beyond - self._square)
        # Both means begin at 0, which the divisors make good.
        mean = self._mean / (1 - MEAN_DECAY**self._rounds)
        size = np.sqrt(self._square / (1 - SQUARE_DECAY**self._rounds)) + TINY
        moved = self._dual + self._step * mean / size
        self._dual = np.clip(moved, 0, self._rows.highest)

    def converged(self, bound: float) -> bool:
        """Shrink the step where a bound is hardly higher; return whether it has become small."""
        gain = bound - self._highest
        if gain < LEAST_GAIN * max(1.0, abs(bound)):
            self._step *= SHRINK
        self._highest = max(self._highest, bound)
        return self._step < LAST_STEP * self._first_step
