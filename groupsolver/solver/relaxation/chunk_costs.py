"""What chunks cost in each domain: exactly, where nothing else competes for the slots.

The cheapest way to put i chunks into one domain takes the i x n cheapest slots of each member class, so its
cost is convex in i, and the k cheapest *marginal* chunks of some domains are the cheapest way to
put k chunks into these (greedy; Fox 1966, doi:10.1287/opre.14.2.210). No linear relaxation is as
good: it would take a few of the cheapest slots of every domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.columns import Slots, by_domain, cheapest


@dataclass(frozen=True)
class Shares:
    """One part's costs at some prices.

    Attributes
    ----------
    total : (D,) float64
        The cheapest way for all chunks, by domain of the block; inf where they do not fit.
    excess : dict of int to (P,) float64
        By member class, for each of its slots: by how much the total in its domain rises if the slot is taken.
    """

    total: Floats
    excess: dict[int, Floats]


def pairs(
    compiled: CompiledProblem, block: Block, part: ChunkedPart, rows: Ints
) -> tuple[Ints, Ints]:
    """Give the domain of a chunk inside one of the block, for each of some rows, and whose that is.

    Returns
    -------
    code : (N,) int64
        From 0; -1 where a row is in no domain of the one or the other.
    outer : (P,) int64
        The block's domain of each.
    """
    inner, outer = compiled.fleet.codes(part.level)[rows], block.codes(compiled, rows)
    width = block.size(compiled)
    label = np.where((inner >= 0) & (outer >= 0), inner * width + outer, -1)
    known, code = np.unique(label, return_inverse=True)
    if len(known) and known[0] < 0:
        return code - 1, known[1:] % width
    return code, known % width


def shares(
    compiled: CompiledProblem, slots: Slots, block: Block, part: ChunkedPart, prices: Floats
) -> Shares:
    """Bound a part in each domain of its block."""
    rows = np.concatenate(
        [slots.row[slots.of(member_class)] for member_class in part.member_classes]
    )
    every, outer = pairs(compiled, block, part, rows)
    ends = np.cumsum(
        [0, *(len(slots.row[slots.of(member_class)]) for member_class in part.member_classes)]
    )
    codes = [every[start:end] for start, end in pairwise(ends.tolist())]
    size, number = len(outer), part.number
    cost = np.zeros((number + 1, size))
    last = {}
    for member_class, code in zip(part.member_classes, codes, strict=True):
        here, most = prices[slots.of(member_class)], slots.most[slots.of(member_class)]
        order = by_domain(here, code)
        share = compiled.member_classes[member_class].number // number
        last[member_class] = np.full((number + 1, size), np.inf)
        for i in range(1, number + 1):
            capped = most if part.per_host is None else np.minimum(most, part.per_host * i)
            total, dearest = cheapest(here, capped, code, size, share * i, order)
            cost[i] += total
            last[member_class][i] = dearest
    marginal = np.full((number, size), np.inf)
    np.subtract(cost[1:], cost[:-1], out=marginal, where=np.isfinite(cost[1:]))
    total, worth = _greedy(marginal, outer, block.size(compiled))
    # At a price of `worth` a chunk, a domain with i chunks gives away what it is above its own best.
    level = np.where(np.isfinite(worth), worth, 0.0)[outer]
    gain = np.cumsum(marginal - level, axis=0)
    rise = gain - np.minimum(0, np.min(gain, axis=0, initial=0.0))
    excess = {}
    for member_class, code in zip(part.member_classes, codes, strict=True):
        here, at = prices[slots.of(member_class)], np.maximum(code, 0)
        found = np.full(len(code), np.inf)
        if size:
            for i in range(1, number + 1):
                beyond = np.maximum(0, here - last[member_class][i][at])
                found = np.minimum(
                    found,
                    rise[i - 1][at]
                    + np.where(np.isfinite(last[member_class][i][at]), beyond, np.inf),
                )
        excess[member_class] = np.where(code >= 0, np.maximum(0, found), np.inf)
    return Shares(total, excess)


def _greedy(marginal: Floats, outer: Ints, size: int) -> tuple[Floats, Floats]:
    """Take the cheapest marginal chunks of each domain of the block; give their sum, and the dearest of them."""
    number = len(marginal)
    price, code = marginal.ravel(), np.tile(outer, number)
    kept = np.isfinite(price)
    price, code = price[kept], code[kept]
    return cheapest(
        price, np.ones(len(price), dtype=np.int64), code, size, number, by_domain(price, code)
    )
