"""Sweeps over all columns: the bounds that dual ascent gives out, and the columns it looks at.

Each sweep prices all columns at the duals of the last rounds (see `dual_ascent`). Its bound is
Lagrange's, over everything, so it is true whatever the rounds have left out or got wrong.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.solver.budget import Budget
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.dual_ascent import DualAscent, ScaledRows
from groupsolver.solver.relaxation.dual_solution import DualSolution
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    RankedColumns,
    bound_blocks,
    domain_costs,
    rank_columns,
)
from groupsolver.solver.relaxation.rows.capacity_rows import (
    CapacityRows,
    capacity_rows_of,
    sum_of_prices,
)
from groupsolver.solver.relaxation.rows.rising_rows import rising_rows_of

SHARE_OF_TIME = 0.25  # of what is left when the ascent begins
PROMISING_MEMBERS = 4  # times the members of a class: places in the columns that rounds look at
SPARE_PLACES = 64  # beyond these
PROMISING_DOMAINS = 8  # of a block that needs one domain
STEP_ROWS = 6  # steps of a price that rises; further ones are free in the bound


class DualSweeps:
    """Bounds of a problem at duals that rise from sweep to sweep.

    Parameters
    ----------
    compiled : CompiledProblem
    columns : Columns
        N columns.
    blocks : list of Block
    constant : float
        What every placement costs beside its columns.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        columns: Columns,
        blocks: list[Block],
        constant: float,
    ) -> None:
        self._compiled = compiled
        self._columns = columns
        self._blocks = blocks
        self._constant = constant
        self._own_prices: Floats = columns.price.astype(np.float64)
        self._capacity_rows = capacity_rows_of(compiled)
        self._rising_rows = rising_rows_of(compiled, columns)
        self._prices = self._own_prices
        self._guide: Floats = columns.base_price.astype(np.float64)

    def run(self, first: DualSolution, budget: Budget, enough: float) -> DualSolution:
        """Return the best duals found in a share of the time, or until a bound is enough.

        Parameters
        ----------
        first : DualSolution
            That of the columns' own prices.
        """
        until = budget.elapsed() + SHARE_OF_TIME * budget.left()

        def left() -> float:
            return min(budget.left(), until - budget.elapsed())

        best = first
        rows = ScaledRows(self._rows())
        ascent = DualAscent(self._compiled, self._blocks, rows, self._own_prices)
        promising = np.zeros(len(self._columns), dtype=np.bool_)
        ranked = self._ranked()
        while left() > 0:
            before = promising
            promising = self._promising(ranked)
            # Duals swing, so what was promising may soon be so again.
            index = np.flatnonzero(promising | before)
            rows.set_duals(ascent.climb(self._columns.select(index), index, left))
            ranked = self._price()
            bounds = self._bounds(ranked)
            if not np.isfinite(bounds.lower):
                return DualSolution(bounds, self._prices, self._guide)
            if bounds.lower > best.bounds.lower:
                best = DualSolution(bounds, self._prices, self._guide)
            if ascent.converged(bounds.lower) or best.bounds.lower >= enough:
                break
        return best

    def _rows(self) -> list[CapacityRows]:
        """Return all rows with duals."""
        steps = [step for rising in self._rising_rows for step in rising.steps[:STEP_ROWS]]
        return self._capacity_rows + steps

    def _price(self) -> dict[int, RankedColumns]:
        """Set new prices by the duals that the rows have, and rank all columns at these."""
        scarce = sum_of_prices(self._capacity_rows, self._columns)
        self._guide = self._columns.base_price + scarce
        self._prices = self._own_prices + scarce
        for rising in self._rising_rows:
            self._prices += rising.prices(self._columns)
        return self._ranked()

    def _ranked(self) -> dict[int, RankedColumns]:
        """Rank all columns at the current prices, as far as bounds need it."""
        return rank_columns(
            self._compiled, self._columns, self._blocks, self._prices, whole_order=False
        )

    def _bounds(self, ranked: dict[int, RankedColumns]) -> Bounds:
        """Return Lagrange's bound over all columns."""
        worth = sum(rows.worth() for rows in self._rows())
        sharing = None
        for rising in self._rising_rows:
            if rising.rising.of_objective and rising.steps:
                sharing = rising.rising.step - rising.steps[0].dual
        bounds = bound_blocks(
            self._compiled,
            self._columns,
            self._blocks,
            ranked,
            self._prices,
            self._constant - worth,
            np.full(len(self._blocks), np.inf),
        )
        return Bounds(bounds.lower, bounds.raises, bounds.block_bounds, bounds.noise, sharing)

    def _promising(self, ranked: dict[int, RankedColumns]) -> Mask:
        """(N,) bool: the columns that are cheap at the current prices."""
        promising = np.zeros(len(self._columns), dtype=np.bool_)
        for block in self._blocks:
            domains = np.zeros(0, dtype=np.int64)
            if block.shares_one_domain:
                costs = domain_costs(self._compiled, self._columns, block, ranked, self._prices)
                domains = np.argsort(costs, kind="stable")[:PROMISING_DOMAINS]
            for class_index in block.member_classes:
                own = ranked[class_index]
                number = self._compiled.member_classes[class_index].number
                places = PROMISING_MEMBERS * number + SPARE_PLACES
                if block.shares_one_domain:
                    cheap = _first_of_domains(own, domains, places)
                else:
                    cheap = _cheapest_places(self._prices[own.part], places)
                promising[own.part.start + cheap] = True
        return promising


def _first_of_domains(own: RankedColumns, domains: Ints, number: int) -> Ints:
    """Return the first columns of a class in each of some domains, so many of each at most."""
    codes = own.codes[own.order]
    first = np.searchsorted(codes, domains)
    last = np.searchsorted(codes, domains, side="right")
    of_domains = zip(first.tolist(), last.tolist(), strict=True)
    parts = [own.order[start : min(end, start + number)] for start, end in of_domains]
    return np.concatenate(parts) if parts else own.order[:0]


def _cheapest_places(prices: Floats, number: int) -> Ints:
    """Return the cheapest columns, so many at most; each takes a member at least."""
    if len(prices) <= number:
        return np.arange(len(prices))
    return np.argpartition(prices, number)[:number]
