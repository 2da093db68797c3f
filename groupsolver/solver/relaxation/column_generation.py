"""Prices for what is scarce: a linear relaxation over few columns, a bound over all.

Blocks compete for hosts. The relaxation keeps what is linear of that competition (the room of
hosts, members of one group in one domain, first members on a host). It is solved over a core of
promising columns with GLOP; the duals y >= 0 of its rows are prices of what is scarce. With
reduced prices ``c + y @ a`` of the columns, Lagrange's bound is::

    sum(cheapest way of each block at reduced prices) - y @ room

It is valid over all columns whatever y is, so nothing depends on the linear solver's arithmetic.
Columns that are cheap at these prices join the core, until none does.

Example: two members want h1, price 1 with room for one, and h2 has price 5. Alone they cost 2. At
y = 4 for the room of h1 both hosts have the reduced price 5, and the bound is 10 - 4 * 1 = 6.

Source: column generation, Desrosiers & Luebbecke (2005), doi:10.1007/0-387-25486-2_1.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.relaxation import RisingMeasure
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.dual_solution import DualSolution
from groupsolver.solver.relaxation.dual_sweeps import DualSweeps
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    RankedColumns,
    bound_blocks,
    domain_costs,
    rank_columns,
)
from groupsolver.solver.relaxation.restricted_master import solve_restricted_master
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows, capacity_rows_of
from groupsolver.solver.relaxation.rows.exclusion_rows import ExclusionRows, exclusion_rows_of
from groupsolver.solver.relaxation.rows.opening_rows import OpeningRows
from groupsolver.solver.relaxation.rows.rising_rows import rising_rows_of

# From so many blocks and columns on, linear programs take seconds, and duals are found by ascent.
MANY_BLOCKS = 50
MANY_COLUMNS = 10_000
MAX_ROUNDS = 8  # of solving the restricted master
SPARE_MEMBERS = 6  # places beyond those a member class needs that join the core
PROMISING_DOMAINS = 64  # that are priced again for a block which needs one domain
CORE_DOMAINS = 4  # whose columns join the core for such a block, each round
TOLERANCE = 1e-4  # a bound this close to the master's value cannot rise much further


def generate_columns(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    columns: Columns,
    blocks: list[Block],
    budget: Budget,
    enough: float = math.inf,
) -> DualSolution:
    """Bound the problem at its own prices, and then at prices for what is scarce.

    Not beyond a bound that is enough. The first bound is there at once. Where there are many blocks
    and columns, better prices come from dual ascent, for a share of the time that is left, else
    from linear programs.
    """
    own_prices = columns.price.astype(np.float64)
    base_prices = columns.base_price.astype(np.float64)
    constant = float(constant_points(compiled, eligibility))
    # Over all columns, one member class at a time: without ceilings that is cheap.
    separate_blocks = [replace(block, ceiling=None) for block in blocks]
    ranked = rank_columns(compiled, columns, separate_blocks, own_prices)
    no_elsewhere = np.full(len(blocks), np.inf)
    # No domain has a price in the first bound, so what they cost at least is added.
    at_first = constant + sum(one.least_cost for one in eligibility.openings)
    first = bound_blocks(
        compiled, columns, separate_blocks, ranked, own_prices, at_first, no_elsewhere
    )
    if not np.isfinite(first.lower) or first.lower >= enough or budget.left() <= 0:
        return DualSolution(first, own_prices, base_prices)
    if len(blocks) >= MANY_BLOCKS and len(columns) >= MANY_COLUMNS:
        # Prices of domains count as free here too, so what they cost at least stays added.
        sweeps = DualSweeps(compiled, columns, blocks, at_first)
        return sweeps.run(DualSolution(first, own_prices, base_prices), budget, enough)
    index, elsewhere = _promising(compiled, columns, separate_blocks, ranked, own_prices)
    priced = [block.opening for block in blocks]
    constant += sum(one.least_cost for one in eligibility.openings if one not in priced)
    pricing = _Pricing(compiled, columns.select(index), blocks, constant, elsewhere)
    best = DualSolution(first, own_prices, base_prices)
    for _ in range(MAX_ROUNDS):
        if best.bounds.lower >= enough or not pricing.extend() or budget.left() <= 0:
            break
        value = pricing.solve_master(budget.left())
        if value is None:
            break
        found = pricing.bounds()
        if not np.isfinite(found.lower):
            # Its member classes find room one by one, but not together.
            return replace(best, bounds=replace(best.bounds, lower=found.lower))
        if found.lower > best.bounds.lower:
            bounds = _extended(columns, blocks, first, index, found)
            bounds = replace(bounds, sharing=pricing.sharing())
            best = DualSolution(bounds, own_prices.copy(), base_prices.copy())
            best.prices[index] = pricing.prices
            best.guide[index] = pricing.guide
        tolerance = TOLERANCE * max(1.0, abs(value))
        if not pricing.crossed and found.lower >= value + constant - pricing.credit - tolerance:
            break
    return best


class _Pricing:
    """The rounds of column generation over the promising columns of a problem.

    Attributes
    ----------
    prices, guide : (M,) float64
        Of the promising columns, what is scarce included; see `DualSolution`.
    crossed : bool
        Whether the last restricted master lacked rows that its solution crosses.
    credit : int
        Points that further domains of blocks do not cost, which the restricted master charges.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        columns: Columns,
        blocks: list[Block],
        constant: float,
        elsewhere: Floats,
    ) -> None:
        self._compiled = compiled
        self._columns = columns
        self._blocks = blocks
        self._constant = constant
        self._elsewhere = elsewhere
        self._own_prices = columns.price.astype(np.float64)
        self._capacity_rows: list[CapacityRows] = capacity_rows_of(compiled)
        self._rising_rows = rising_rows_of(compiled, columns)
        self._exclusion_rows: list[ExclusionRows] = exclusion_rows_of(compiled)
        self._core = np.zeros(len(columns), dtype=np.bool_)
        self._worth = np.zeros(0)
        self.crossed = False
        self.prices = self._own_prices
        self.guide = columns.base_price.astype(np.float64)
        self._ranked = rank_columns(compiled, columns, blocks, self.prices)
        self.credit = sum(block.credit_points(compiled) for block in blocks if block.price)
        self._opening_rows = [
            OpeningRows(number, block) for number, block in enumerate(blocks) if block.floors
        ]

    def extend(self) -> bool:
        """Add the columns that are cheapest at the current prices.

        Return whether the restricted master has new columns or new rows.
        """
        before = int(self._core.sum())
        for block in self._blocks:
            self._add_columns_of(block)
        return int(self._core.sum()) > before or self.crossed

    def _add_columns_of(self, block: Block) -> None:
        compiled = self._compiled
        costs = domain_costs(compiled, self._columns, block, self._ranked, self.prices)
        domains = np.argsort(costs, kind="stable")[:CORE_DOMAINS]
        possible = domains[np.isfinite(costs[domains])].tolist()
        numbers = {index: compiled.member_classes[index].number for index in block.member_classes}
        for class_index in block.member_classes:
            own = self._ranked[class_index]
            # Classes that share a ceiling may displace each other from the cheapest hosts.
            members = numbers[class_index] if block.ceiling is None else sum(numbers.values())
            if block.price:  # its members may be in any domain
                by_price = np.argsort(self.prices[own.part], kind="stable")
                self._add_cheapest(own, by_price, SPARE_MEMBERS + members)
            codes = own.codes[own.order]
            for domain in possible:
                start = np.searchsorted(codes, domain)
                end = np.searchsorted(codes, domain, side="right")
                self._add_cheapest(own, own.order[start:end], SPARE_MEMBERS + members)

    def _add_cheapest(self, own: RankedColumns, order: Ints, members: int) -> None:
        """Add columns of a class to the core, in some order, until they hold so many members."""
        max_members = self._columns.max_members[own.part][order]
        held = np.cumsum(np.minimum(max_members, members))
        number = int(np.searchsorted(held, members)) + 1
        self._core[own.part.start + order[:number]] = True

    def solve_master(self, seconds: float) -> float | None:
        """Solve the restricted master and set new prices; return its value, None if out of time."""
        solved = solve_restricted_master(
            self._compiled,
            self._columns,
            self._blocks,
            self._capacity_rows,
            self._rising_rows,
            self._exclusion_rows,
            self._core,
            seconds,
            self._opening_rows,
        )
        if solved is None:
            return None
        self._worth = solved.worth
        self.crossed = solved.crossed
        scarce = np.zeros(len(self._columns))
        for capacity in self._capacity_rows:
            if capacity.dual.any():
                scarce += capacity.prices(self._columns)
        for exclusion in self._exclusion_rows:
            scarce[exclusion.columns] += exclusion.prices()
        self.guide = self._columns.base_price + scarce
        self.prices = self._own_prices + scarce
        for rising in self._rising_rows:
            self.prices += rising.prices(self._columns)
        self._ranked = rank_columns(self._compiled, self._columns, self._blocks, self.prices)
        return solved.value

    def sharing(self) -> Floats | None:
        """Return what the first step of the objective costs beyond its dual; see `Bounds`."""
        for rows in self._rising_rows:
            if rows.rising.of_objective and rows.steps:
                return rows.rising.step - rows.steps[0].dual
        return None

    def bounds(self) -> Bounds:
        """Return Lagrange's bound at the current prices."""
        constant = self._constant
        for capacity in self._capacity_rows:
            constant -= capacity.worth()
        for rising in self._rising_rows:
            constant -= rising.worth()
        for exclusion in self._exclusion_rows:
            constant -= exclusion.worth(self._columns)
        return bound_blocks(
            self._compiled,
            self._columns,
            self._blocks,
            self._ranked,
            self.prices,
            constant,
            self._elsewhere,
            self._worth,
            self._opening_rows,
        )


def _promising(
    compiled: CompiledProblem,
    columns: Columns,
    blocks: list[Block],
    ranked: dict[int, RankedColumns],
    prices: Floats,
) -> tuple[Ints, Floats]:
    """Leave out the dear domains of blocks that need one domain.

    Prices only rise from here, so what a block costs in a domain now bounds what it will cost.

    Returns
    -------
    index : (M,) int64
        The columns that are left.
    elsewhere : (blocks,) float64
        What each block costs at least in the domains left out, inf where there is none.
    """
    kept = np.ones(len(columns), dtype=np.bool_)
    elsewhere = np.full(len(blocks), np.inf)
    for number, block in enumerate(blocks):
        if not block.shares_one_domain:
            continue
        costs = domain_costs(compiled, columns, block, ranked, prices)
        # The last entry is for hosts in no domain, whose code is -1.
        left_out = np.ones(len(costs) + 1, dtype=np.bool_)
        left_out[np.argsort(costs, kind="stable")[:PROMISING_DOMAINS]] = False
        elsewhere[number] = costs[left_out[:-1]].min(initial=np.inf)
        for class_index in block.member_classes:
            own = ranked[class_index]
            kept[own.part] = ~left_out[own.codes]
    return np.flatnonzero(kept), elsewhere


def _extended(
    columns: Columns,
    blocks: list[Block],
    first: Bounds,
    index: Ints,
    found: Bounds,
) -> Bounds:
    """Extend bounds over the promising columns to all columns.

    The others raise the bound from what they cost at first: a column that cost r more than its
    block's first bound b costs at least r - (b' - b) more than the new bound b'.
    """
    gained = np.zeros(int(columns.member_class.max(initial=0)) + 1)
    for number, block in enumerate(blocks):
        classes = list(block.member_classes)
        gained[classes] = found.block_bounds[number] - first.block_bounds[number]
    raises = np.maximum(0, first.raises - gained[columns.member_class])
    raises[index] = found.raises
    noise = found.noise + first.noise
    return Bounds(found.lower, raises, found.block_bounds, noise)


def constant_points(compiled: CompiledProblem, eligibility: Eligibility) -> int:
    """Return the points that every placement pays.

    What soft policies cost for the running members alone, where that can only grow, and the offset
    of the stage.
    """
    problem = compiled.problem
    before = View(problem, {})
    cost = 0
    for rule in rules_of(problem).soft:
        never_less = rule.policy.monotone or isinstance(rule.policy, RisingMeasure)
        if rule.weight and never_less:
            cost += rule.weight * rule.policy.violations(rule.group, before)
    return unit_of(eligibility.objective) * cost + eligibility.stage.offset
