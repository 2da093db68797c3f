"""Bounds from blocks alone, and candidates that no better placement can use.

A block's own optimum at given prices is a lower bound of its share. With the host's own prices
the sum over blocks is a bound of the whole, since no other cost is negative; with prices that
also pay for scarce rows (see `relax`), the same sum less what the rows are worth is Lagrange's
bound. A placement that passed the check is an upper bound UB. A candidate that would raise the
lower bound LB by more than UB - LB is in no better placement.

Source: Lagrangian relaxation and reduced-cost fixing, Geoffrion (1974), doi:10.1007/BFb0120690.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.chunk_costs import shares
from groupsolver.solver.relaxation.columns import Slots, by_domain, cheapest


@dataclass(frozen=True)
class Bounds:
    """A lower bound, and by how much each slot alone raises it.

    Attributes
    ----------
    lower : float
        Infinite where some block cannot be placed at all: the batch is infeasible.
    raises : (N,) float64
        By slot; infinite for one that is in no placement.
    shares : (blocks,) float64
        Each block's part of the bound.
    noise : float
        What floating point may have got wrong in any of them.
    """

    lower: float
    raises: Floats
    shares: Floats
    noise: float

    @property
    def proved(self) -> int:
        """The bound as an integer, which every objective is."""
        return math.ceil(self.lower - self.noise)


@dataclass(frozen=True)
class Ranked:
    """One member class's slots at some prices: by domain, the cheapest first.

    Attributes
    ----------
    part : slice
        The member class's part of the table of slots.
    codes : (P,) int64
        Domain of each slot.
    order : (P,) int64
    total, last : (D,) float64
        Price of the member class's members in each domain, and of the dearest of them; inf where they do not fit.
    limit : float
        Price of the dearest if they may stand anywhere.
    excess : (P,) float64 or None
        By how much the total of its domain rises where a slot is taken, if members come in chunks.
    """

    part: slice
    codes: Ints
    order: Ints
    total: Floats
    last: Floats
    limit: float
    excess: Floats | None = None


def rank(
    compiled: CompiledProblem, slots: Slots, blocks: list[Block], prices: Floats
) -> dict[int, Ranked]:
    """Rank every member class's slots at some prices, (N,) float64."""
    ranked = {}
    for block in blocks:
        for chunks in block.parts:
            found = shares(compiled, slots, block, chunks, prices)
            for member_class in chunks.member_classes:
                part, excess = slots.of(member_class), found.excess[member_class]
                codes = block.codes(compiled, slots.row[part])
                # The first member class stands for what all of the part cost together.
                total = (
                    found.total
                    if member_class == chunks.member_classes[0]
                    else np.zeros_like(found.total)
                )
                ranked[member_class] = Ranked(
                    part, codes, by_domain(excess, codes), total, total, math.inf, excess
                )
        for member_class in block.member_classes:
            if member_class in ranked:
                continue
            part = slots.of(member_class)
            codes = block.codes(compiled, slots.row[part])
            order = by_domain(prices[part], codes)
            most, number = slots.most[part], compiled.member_classes[member_class].number
            total, last = cheapest(prices[part], most, codes, block.size(compiled), number, order)
            limit = float(last[0]) if len(last) else math.inf
            if block.price:
                anywhere = np.zeros_like(codes)
                limit = float(
                    cheapest(
                        prices[part], most, anywhere, 1, number, by_domain(prices[part], anywhere)
                    )[1][0]
                )
            ranked[member_class] = Ranked(part, codes, order, total, last, limit)
    return ranked


def domain_costs(
    compiled: CompiledProblem, slots: Slots, block: Block, ranked: dict[int, Ranked], prices: Floats
) -> Floats:
    """(D,) float64: what a block that needs one domain costs at least in each, inf where it does not fit.

    MemberClass by member class, or all member classes together where a policy bounds how many of them share a host.
    """
    alone: Floats = np.sum(
        [ranked[member_class].total for member_class in block.member_classes], axis=0
    )
    if block.ceiling is None:
        return alone
    which = np.concatenate(
        [np.arange(len(slots))[slots.of(member_class)] for member_class in block.member_classes]
    )
    rows, host = np.unique(slots.row[which], return_inverse=True)
    least = np.full(len(rows), np.inf)
    np.minimum.at(least, host, prices[which])
    codes = block.codes(compiled, rows)
    number = sum(
        compiled.member_classes[member_class].number for member_class in block.member_classes
    )
    order = by_domain(least, codes)
    together = cheapest(least, block.ceiling[rows], codes, len(alone), number, order)[0]
    return np.maximum(alone, together)


def bounds(
    compiled: CompiledProblem,
    slots: Slots,
    blocks: list[Block],
    ranked: dict[int, Ranked],
    prices: Floats,
    const: float,
    elsewhere: Floats,
    worth: Floats | None = None,
) -> Bounds:
    """Bound every block by itself.

    Parameters
    ----------
    ranked : dict of int to Ranked
        The member classes at these prices.
    prices : (N,) float64
        Of each slot, at least what it costs less what `const` gives back.
    const : float
        Added to the bound.
    elsewhere : (blocks,) float64
        What each block costs at least with slots that are not in the table.
    worth : (member classes,) float64, optional
        What placing one more member of each member class is worth: needed to bound blocks whose further
        domains have a price. None: these count as free.
    """
    raises = np.full(len(slots), np.inf)
    least = np.zeros(len(blocks))
    for number, block in enumerate(blocks):
        if not block.whole and not block.parts:
            least[number] = _open(compiled, slots, block, ranked, prices, worth, raises)
            continue
        sums = domain_costs(compiled, slots, block, ranked, prices)
        best = least[number] = min(float(sums.min(initial=np.inf)), float(elsewhere[number]))
        alone: Floats = np.sum(
            [ranked[member_class].total for member_class in block.member_classes], axis=0
        )
        for member_class in block.member_classes if math.isfinite(best) else ():
            own = ranked[member_class]
            at = np.maximum(own.codes, 0)
            # A dear slot raises what the member classes cost one by one; that may hide in what they cost together.
            excess = (
                np.maximum(0, prices[own.part] - own.last[at]) if own.excess is None else own.excess
            )
            here = np.maximum(alone[at] + excess, sums[at]) - best
            raises[own.part] = np.where(own.codes >= 0, here, np.inf)
    size = abs(const) + float(np.abs(least).sum())
    return Bounds(const + float(least.sum()), raises, least, 1e-6 + 1e-9 * size)


def _open(
    compiled: CompiledProblem,
    slots: Slots,
    block: Block,
    ranked: dict[int, Ranked],
    prices: Floats,
    worth: Floats | None,
    raises: Floats,
) -> float:
    """Bound a block that may use any number of domains, and leave what its slots raise.

    Each member brings in its `worth`; a domain is opened at its price if the slots in it that
    cost less than they bring in pay for it. The first domain is free.
    """
    charged = block.price if worth is not None else 0
    value = float(-charged * block.credit(compiled))
    cost = np.where(block.used(compiled), 0.0, float(charged))
    kept = []
    for member_class in block.member_classes:
        own, number = ranked[member_class], compiled.member_classes[member_class].number
        limit = float(worth[member_class]) if worth is not None and block.price else own.limit
        if not math.isfinite(limit):
            return math.inf
        excess = prices[own.part] - limit
        inside = own.codes >= 0
        gain = slots.most[own.part] * np.minimum(0, np.where(inside, excess, excess + charged))
        value += number * limit + float(gain[~inside].sum())
        cost += np.bincount(own.codes[inside], weights=gain[inside], minlength=len(cost))
        kept.append((own, inside, excess))
    opened = np.maximum(0, cost)
    for own, inside, excess in kept:
        within_domain = opened[np.maximum(own.codes, 0)] + np.maximum(0, excess)
        raises[own.part] = np.where(inside, within_domain, np.maximum(0, excess + charged))
    return value + float(np.minimum(0, cost).sum())


def within(found: Bounds, slots: Slots, candidates: list[Ints], slack: float) -> list[Ints]:
    """Keep the candidates that raise the lower bound by at most `slack`.

    A placement that uses any other has an objective above ``lower + slack``.
    """
    good = found.raises <= slack + found.noise
    return [
        np.unique(slots.row[part][good[part]]) for part in map(slots.of, range(len(candidates)))
    ]


def slack_for(found: Bounds, number: int) -> float:
    """Give the slack that keeps about `number` slots, infinite where there are no more."""
    return (
        float(np.partition(found.raises, number)[number])
        if number < len(found.raises)
        else math.inf
    )
