"""Bounds from blocks alone, and candidates that no better placement can use.

A block's own optimum at given prices is a lower bound of its part of the objective. With the hosts'
own prices the sum over blocks is a bound of the whole, since no other cost is negative. With prices
that also pay for scarce rows (see `generate_columns`), the same sum less what the rows are worth is
Lagrange's bound. A placement that passed the check is an upper bound UB. A candidate that would
raise the lower bound LB by more than UB - LB is in no better placement.

Example: one member, hosts at 3, 5 and 9, and a placement of 5. LB = 3, and the hosts raise it by
0, 2 and 6. Only 6 is above UB - LB = 2, so the host at 9 is dropped.

Source: Lagrangian relaxation and reduced-cost fixing, Geoffrion (1974), doi:10.1007/BFb0120690.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.chunk_costs import chunk_costs
from groupsolver.solver.relaxation.columns import Columns, cheapest, sort_by_domain
from groupsolver.solver.relaxation.rows.opening_rows import OpeningRows

ABSOLUTE_NOISE = 1e-6  # what floating point may get wrong in a bound
LEAST_SHARING = 1e-6  # what is less than that counts as nothing
UNBOUNDED_MEMBERS = 2.0**40  # more members than any application has
RELATIVE_NOISE = 1e-9  # and for each unit of the sums in it


@dataclass(frozen=True)
class Bounds:
    """A lower bound, and by how much each column alone raises it.

    Attributes
    ----------
    lower : float
        Infinite where some block cannot be placed at all: the problem is infeasible.
    raises : (N,) float64
        By column: how much higher the bound is of placements that use it; infinite for a column
        that is in no placement.
    block_bounds : (blocks,) float64
        Each block's part of the bound.
    noise : float
        What floating point may have got wrong in any of them.
    sharing : (H,) float64 or None
        By host: how much higher the bound is for each new member beyond the first, of another class
        than that one. None where further members cost nothing.
    """

    lower: float
    raises: Floats
    block_bounds: Floats
    noise: float
    sharing: Floats | None = None

    @property
    def proved(self) -> int:
        """The bound as an integer, since every objective is one."""
        return math.ceil(self.lower - self.noise)


@dataclass(frozen=True)
class RankedColumns:
    """The columns of one member class at some prices: by domain, the cheapest first.

    Attributes
    ----------
    part : slice
        The member class's part of the table of columns.
    codes : (P,) int64
        Domain of each column.
    order : (P,) int64
    total, dearest : (D,) float64
        Price of all members of the class in each domain, and of the dearest of them; inf where
        they do not fit.
    dearest_anywhere : float
        Price of the dearest if members may be in any domains.
    excess : (P,) float64 or None
        By how much the total of its domain rises where a column is used, if members come in
        chunks.
    """

    part: slice
    codes: Ints
    order: Ints
    total: Floats
    dearest: Floats
    dearest_anywhere: float
    excess: Floats | None = None


def rank_columns(
    compiled: CompiledProblem,
    columns: Columns,
    blocks: list[Block],
    prices: Floats,
    whole_order: bool = True,
) -> dict[int, RankedColumns]:
    """Rank every member class's columns at some prices, (N,) float64.

    Without the whole order, a class that may be anywhere has the columns in order that it needs.
    """
    ranked: dict[int, RankedColumns] = {}
    for block in blocks:
        for part in block.parts:
            ranked |= _rank_chunked(compiled, columns, block, part, prices)
        for class_index in block.member_classes:
            if class_index not in ranked:
                ranked[class_index] = _rank_class(
                    compiled, columns, block, class_index, prices, whole_order
                )
    return ranked


def _rank_chunked(
    compiled: CompiledProblem, columns: Columns, block: Block, part: ChunkedPart, prices: Floats
) -> dict[int, RankedColumns]:
    """Rank the member classes of a part that comes in chunks."""
    costs = chunk_costs(compiled, columns, block, part, prices)
    # The first member class carries the cost of the whole part, the others nothing.
    total = costs.total
    ranked = {}
    for class_index in part.member_classes:
        of_class = columns.of(class_index)
        excess = costs.excess[class_index]
        codes = block.codes(compiled, columns.row[of_class])
        order = sort_by_domain(excess, codes)
        ranked[class_index] = RankedColumns(of_class, codes, order, total, total, math.inf, excess)
        total = np.zeros_like(costs.total)
    return ranked


def _rank_class(
    compiled: CompiledProblem,
    columns: Columns,
    block: Block,
    class_index: int,
    prices: Floats,
    whole_order: bool,
) -> RankedColumns:
    """Rank one member class whose members are placed one by one."""
    of_class = columns.of(class_index)
    price = prices[of_class]
    max_members = columns.max_members[of_class]
    number = compiled.member_classes[class_index].number
    codes = block.codes(compiled, columns.row[of_class])
    if whole_order or block.level or number >= len(price) or not max_members.all():
        order = sort_by_domain(price, codes)
    else:
        # Each column takes a member at least, so these are enough.
        order = np.argpartition(price, number)[:number]
        order = order[np.argsort(price[order], kind="stable")]
    domains = block.domain_count(compiled)
    total, dearest = cheapest(price, max_members, codes, domains, number, order)
    dearest_anywhere = float(dearest[0]) if len(dearest) else math.inf
    if block.price:
        anywhere = np.zeros_like(codes)
        by_price = sort_by_domain(price, anywhere)
        _, dearest_of_all = cheapest(price, max_members, anywhere, 1, number, by_price)
        dearest_anywhere = float(dearest_of_all[0])
    return RankedColumns(of_class, codes, order, total, dearest, dearest_anywhere)


def domain_costs(
    compiled: CompiledProblem,
    columns: Columns,
    block: Block,
    ranked: dict[int, RankedColumns],
    prices: Floats,
) -> Floats:
    """(D,) float64: what a block in one domain costs at least in each, inf where it does not fit.

    The larger of two bounds: the sum of what the member classes cost alone; and, where a policy
    bounds how many of them share a host, what all members cost at each host's least price.
    """
    alone = _sum_of_totals(block, ranked)
    if block.ceiling is None:
        return alone
    parts = [columns.of(class_index) for class_index in block.member_classes]
    row_of_column = np.concatenate([columns.row[part] for part in parts])
    price_of_column = np.concatenate([prices[part] for part in parts])
    rows, host = np.unique(row_of_column, return_inverse=True)
    least_price = np.full(len(rows), np.inf)
    np.minimum.at(least_price, host, price_of_column)
    codes = block.codes(compiled, rows)
    number = sum(compiled.member_classes[index].number for index in block.member_classes)
    order = sort_by_domain(least_price, codes)
    together, _ = cheapest(least_price, block.ceiling[rows], codes, len(alone), number, order)
    return np.maximum(alone, together)


def _sum_of_totals(block: Block, ranked: dict[int, RankedColumns]) -> Floats:
    """(D,) float64: what the member classes of a block cost in each domain, each alone."""
    total: Floats = np.sum([ranked[index].total for index in block.member_classes], axis=0)
    return total


def bound_blocks(
    compiled: CompiledProblem,
    columns: Columns,
    blocks: list[Block],
    ranked: dict[int, RankedColumns],
    prices: Floats,
    constant: float,
    elsewhere: Floats,
    worth: Floats | None = None,
    opening_rows: Sequence[OpeningRows] = (),
) -> Bounds:
    """Bound every block by itself.

    Parameters
    ----------
    ranked : dict of int to RankedColumns
        The member classes at these prices.
    prices : (N,) float64
        Of each column, at least what it costs less what `constant` gives back.
    constant : float
        Added to the bound.
    elsewhere : (blocks,) float64
        What each block costs at least with columns that are not in the table.
    worth : (member classes,) float64, optional
        What placing one more member of each class is worth: needed to bound blocks whose further
        domains have a price. None: these domains count as free.
    opening_rows : sequence of OpeningRows
        What lower bounds of opening domains are worth; of blocks whose domains have a price.
    """
    rows_of_block = {one.number: one for one in opening_rows}
    raises = np.full(len(columns), np.inf)
    block_bounds = np.zeros(len(blocks))
    for number, block in enumerate(blocks):
        if block.shares_one_domain or block.parts:
            costs = domain_costs(compiled, columns, block, ranked, prices)
            bound = min(float(costs.min(initial=np.inf)), float(elsewhere[number]))
            if math.isfinite(bound):
                _raise_in_one_domain(block, ranked, prices, costs, bound, raises)
        else:
            rows = rows_of_block.get(number)
            bound = _bound_open_block(compiled, columns, block, ranked, prices, worth, rows, raises)
        block_bounds[number] = bound
    size = abs(constant) + float(np.abs(block_bounds).sum())
    noise = ABSOLUTE_NOISE + RELATIVE_NOISE * size
    return Bounds(constant + float(block_bounds.sum()), raises, block_bounds, noise)


def _raise_in_one_domain(
    block: Block,
    ranked: dict[int, RankedColumns],
    prices: Floats,
    costs: Floats,
    bound: float,
    raises: Floats,
) -> None:
    """Write what the columns of a block that needs one domain raise its bound by.

    A column raises the bound by what its domain costs more than the cheapest, or by what the
    classes cost alone there with the column in place of the dearest, whichever is more.

    Parameters
    ----------
    costs : (D,) float64
        What the block costs in each domain.
    raises : (N,) float64
        Written to.
    """
    alone = _sum_of_totals(block, ranked)
    for class_index in block.member_classes:
        own = ranked[class_index]
        at = np.maximum(own.codes, 0)
        if own.excess is None:
            excess = np.maximum(0, prices[own.part] - own.dearest[at])
        else:
            excess = own.excess
        # A dear column raises what the classes cost alone, and that may be less than what they
        # cost together: so the excess is not added to the latter.
        raised = np.maximum(alone[at] + excess, costs[at]) - bound
        raises[own.part] = np.where(own.codes >= 0, raised, np.inf)


def _bound_open_block(
    compiled: CompiledProblem,
    columns: Columns,
    block: Block,
    ranked: dict[int, RankedColumns],
    prices: Floats,
    worth: Floats | None,
    rows: OpeningRows | None,
    raises: Floats,
) -> float:
    """Bound a block that may use any number of domains, and write what its columns raise.

    Each member brings in its worth w. A domain is opened at its price p, unless it is in use, if
    the columns in it that cost less than w pay for it. With m members on each column of price c::

        bound = w * members + sum(min(0, p[d] + sum(m * min(0, c - w) in d)) for each domain d)

    The first domain is free (see `Block.credit`). Without prices of domains, w is the price of
    the dearest member, which gives the sum of the cheapest columns. A lower bound of what opening
    domains costs pays for a part of each price (see `OpeningRows`).
    """
    cost = np.zeros(block.domain_count(compiled))
    outside_price = 0.0
    bound = 0.0
    if worth is not None and block.price:
        cost = block.domain_prices(compiled)
        outside_price = float(block.price)
        bound -= block.credit_points(compiled)
        if rows is not None:
            bound += rows.worth()
            cost *= 1 - rows.prepaid()
            outside_price *= 1 - rows.prepaid_outside()
    seen: list[tuple[RankedColumns, Mask, Floats]] = []
    for class_index in block.member_classes:
        own = ranked[class_index]
        number = compiled.member_classes[class_index].number
        member_worth = own.dearest_anywhere
        if worth is not None and block.price:
            member_worth = float(worth[class_index])
        if not math.isfinite(member_worth):
            return math.inf
        excess = prices[own.part] - member_worth
        inside = own.codes >= 0
        # A host in no domain is a domain of its own: its members pay for it one by one.
        reduced = np.where(inside, excess, excess + outside_price)
        gain = columns.max_members[own.part] * np.minimum(0, reduced)
        bound += number * member_worth + float(gain[~inside].sum())
        cost += np.bincount(own.codes[inside], weights=gain[inside], minlength=len(cost))
        seen.append((own, inside, excess))
    opening = np.maximum(0, cost)
    for own, inside, excess in seen:
        in_domain = opening[np.maximum(own.codes, 0)] + np.maximum(0, excess)
        in_none = np.maximum(0, excess + outside_price)
        raises[own.part] = np.where(inside, in_domain, in_none)
    return bound + float(np.minimum(0, cost).sum())


def candidates_within(
    bounds: Bounds, columns: Columns, candidates: list[Ints], slack: float
) -> list[Ints]:
    """Return the candidates that raise the lower bound by at most `slack`.

    A placement that uses any other has an objective above ``lower + slack``.
    """
    kept = bounds.raises <= slack + bounds.noise
    parts = [columns.of(class_index) for class_index in range(len(candidates))]
    return [np.unique(columns.row[part][kept[part]]) for part in parts]


def limits_within(
    bounds: Bounds, columns: Columns, eligibility: Eligibility, slack: float
) -> Eligibility:
    """Return how many members each host may take in placements of at most ``lower + slack``.

    The k-th member of a class has a column of its own, or shares one. Where that raises the bound
    by more than the slack, the host takes fewer than k of the class. Under ``spread`` members of
    several classes on one host are dearer as well::

        members <= 1 + sum(further members of each class) + slack / sharing
    """
    kept = bounds.raises <= slack + bounds.noise
    if kept.all():
        return eligibility
    max_members = []
    hosts = len(eligibility.max_members[0])
    further = np.zeros(hosts, dtype=np.int64)
    for class_index, most in enumerate(eligibility.max_members):
        part = columns.of(class_index)
        dropped = ~kept[part]
        limit = most.copy()
        # What a placement with k of them uses are the columns of the ranks up to k.
        np.minimum.at(limit, columns.row[part][dropped], columns.rank[part][dropped] - 1)
        max_members.append(limit)
        # Its first member pays for a place beside others where some are always there before it.
        pays_from_first = any(
            one.of_objective and one.before[class_index] for one in columns.rising
        )
        further += limit if pays_from_first else np.maximum(0, limit - 1)
    max_new = None
    if bounds.sharing is not None and eligibility.extra_member_price:
        # A host whose sharing costs nothing at these prices has no limit.
        several = (slack + bounds.noise) / np.maximum(bounds.sharing, LEAST_SHARING)
        max_new = 1 + further + np.minimum(several, UNBOUNDED_MEMBERS).astype(np.int64)
    return replace(eligibility, max_members=tuple(max_members), max_new=max_new)


def slack_keeping(bounds: Bounds, number: int) -> float:
    """Return the slack that keeps about `number` columns, infinite where there are no more."""
    if number >= len(bounds.raises):
        return math.inf
    return float(np.partition(bounds.raises, number)[number])
