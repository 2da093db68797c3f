"""What chunks cost in each domain: exactly, where nothing else competes for the columns.

The cheapest way to put i chunks into one domain takes the i x share cheapest columns of each member
class. So the cost is convex in i, and the k cheapest *marginal* chunks of some domains are the
cheapest way to put k chunks into these (greedy; Fox 1966, doi:10.1287/opre.14.2.210). A linear
relaxation is weaker: it would take a few of the cheapest columns of every domain.

Example: two chunks of one member. Domain d1 has hosts at 1 and 9, d2 one at 4. The marginal chunks
cost 1 and 8 in d1 and 4 in d2, so two chunks cost 1 + 4 = 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.columns import Columns, cheapest, sort_by_domain


@dataclass(frozen=True)
class ChunkCosts:
    """What one part costs at some prices.

    Attributes
    ----------
    total : (D,) float64
        The cheapest way for all chunks, by domain of the block; inf where they do not fit.
    excess : dict of int to (P,) float64
        By member class, for each of its columns: by how much the total in its domain rises if the
        column is used.
    """

    total: Floats
    excess: dict[int, Floats]


@dataclass(frozen=True)
class _ClassCosts:
    """What the share of one member class costs in each chunk domain, for 1 to K chunks.

    Attributes
    ----------
    price : (P,) float64
    code : (P,) int64
        Chunk domain of each column, -1 for none.
    total, dearest : (K, C) float64
        Price of the share of i + 1 chunks, and of the dearest member in it.
    """

    price: Floats
    code: Ints
    total: Floats
    dearest: Floats


def chunk_domains(
    compiled: CompiledProblem, block: Block, part: ChunkedPart, rows: Ints
) -> tuple[Ints, Ints]:
    """Return the chunk domain of each of some rows: where chunk and block domains intersect.

    Returns
    -------
    code : (R,) int64
        From 0; -1 where a row is in no domain of the chunk's or the block's level.
    outer : (C,) int64
        The block's domain around each chunk domain.
    """
    inner_code = compiled.fleet.codes(part.level)[rows]
    outer_code = block.codes(compiled, rows)
    width = block.domain_count(compiled)
    in_both = (inner_code >= 0) & (outer_code >= 0)
    pair = np.where(in_both, inner_code * width + outer_code, -1)
    pairs, code = np.unique(pair, return_inverse=True)
    if len(pairs) and pairs[0] < 0:
        return code - 1, pairs[1:] % width
    return code, pairs % width


def chunk_costs(
    compiled: CompiledProblem, columns: Columns, block: Block, part: ChunkedPart, prices: Floats
) -> ChunkCosts:
    """Bound a part in each domain of its block, at some prices (N,)."""
    slices = [columns.of(class_index) for class_index in part.member_classes]
    rows = np.concatenate([columns.row[of_class] for of_class in slices])
    code_of_rows, outer = chunk_domains(compiled, block, part, rows)
    boundaries = np.cumsum([of_class.stop - of_class.start for of_class in slices])[:-1]
    codes = np.split(code_of_rows, boundaries)
    classes = {}
    for class_index, of_class, code in zip(part.member_classes, slices, codes, strict=True):
        share = compiled.member_classes[class_index].number // part.number
        classes[class_index] = _class_costs(
            prices[of_class],
            columns.max_members[of_class],
            columns.rank[of_class],
            code,
            len(outer),
            share,
            part,
        )
    cost = np.zeros((part.number + 1, len(outer)))
    for one in classes.values():
        cost[1:] += one.total
    # A domain that has no room for i chunks has none for more, so inf - inf never matters.
    marginal = np.full((part.number, len(outer)), np.inf)
    np.subtract(cost[1:], cost[:-1], out=marginal, where=np.isfinite(cost[1:]))
    total, dearest_chunk = _greedy(marginal, outer, block.domain_count(compiled))
    rise = _rise(marginal, dearest_chunk, outer)
    excess = {class_index: _excess(one, rise) for class_index, one in classes.items()}
    return ChunkCosts(total, excess)


def _class_costs(
    price: Floats,
    max_members: Ints,
    rank: Ints,
    code: Ints,
    size: int,
    share: int,
    part: ChunkedPart,
) -> _ClassCosts:
    """Return what 1 to K chunks of one member class cost in each of `size` chunk domains."""
    total = np.zeros((part.number, size))
    dearest = np.full((part.number, size), np.inf)
    order = sort_by_domain(price, code)
    for chunks in range(1, part.number + 1):
        # The more chunks are in a domain, the more members a host may take.
        if part.per_host is None:
            capped = max_members
        else:
            # Members of lower ranks on the host come first.
            capped = np.clip(part.per_host * chunks - (rank - 1), 0, max_members)
        total[chunks - 1], dearest[chunks - 1] = cheapest(
            price, capped, code, size, share * chunks, order
        )
    return _ClassCosts(price, code, total, dearest)


def _greedy(marginal: Floats, outer: Ints, size: int) -> tuple[Floats, Floats]:
    """Take the cheapest marginal chunks of each domain of the block.

    Parameters
    ----------
    marginal : (K, C) float64
        What the next chunk costs in each chunk domain that has 0 to K - 1 already.
    outer : (C,) int64
    size : int
        How many domains of the block there are, D.

    Returns
    -------
    total, dearest : (D,) float64
        The cost of K chunks, and of the dearest of them; inf where they do not fit.
    """
    # Marginal costs ascend within a chunk domain, so the cheapest are always the first ones.
    number = len(marginal)
    price = marginal.ravel()
    code = np.tile(outer, number)
    possible = np.isfinite(price)
    price = price[possible]
    code = code[possible]
    one_each = np.ones(len(price), dtype=np.int64)
    return cheapest(price, one_each, code, size, number, sort_by_domain(price, code))


def _rise(marginal: Floats, dearest_chunk: Floats, outer: Ints) -> Floats:
    """(K, C) float64: by how much a chunk domain with i + 1 chunks is above its own best.

    At a price of `dearest_chunk` a chunk, which is what the last chunk of the block's domain
    costs, having i + 1 chunks gains ``i + 1`` times that less what they cost.
    """
    chunk_price = np.where(np.isfinite(dearest_chunk), dearest_chunk, 0.0)[outer]
    loss = np.cumsum(marginal - chunk_price, axis=0)
    best = np.minimum(0, np.min(loss, axis=0, initial=0.0))
    rise: Floats = loss - best
    return rise


def _excess(one: _ClassCosts, rise: Floats) -> Floats:
    """(P,) float64: by how much the total rises if a column of the member class is used.

    Used by one of i chunks, it costs what i chunks are above the best number, and what it is above
    the dearest column that these would use. The least over i counts.
    """
    excess = np.full(len(one.code), np.inf)
    if rise.shape[1]:
        at = np.maximum(one.code, 0)
        for rise_here, dearest in zip(rise, one.dearest, strict=True):
            beyond = np.maximum(0, one.price - dearest[at])
            possible = np.isfinite(dearest[at])
            excess = np.minimum(excess, rise_here[at] + np.where(possible, beyond, np.inf))
    return np.where(one.code >= 0, np.maximum(0, excess), np.inf)
