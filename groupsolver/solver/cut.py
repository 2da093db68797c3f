"""Bounds from each group alone, and candidates that no better placement can use.

A lot's own optimum, under its candidates' prices alone, is a lower bound of its share; the sum
over lots is a lower bound LB of the whole, since no other cost is negative. A placement that
passed the check is an upper bound UB. A candidate that would raise its lots' own optimum by
more than UB - LB is in no better placement (reduced-cost fixing in its simplest form).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.ground import Ground
from groupsolver.model.compiled import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.construct import Block, blocks, cheapest_slots
from groupsolver.solver.survey import Survey


@dataclass(frozen=True)
class Bounds:
    """A lower bound, and by how much each candidate alone raises it.

    Attributes
    ----------
    lower : int or None
        None where some lot cannot be placed at all: the batch is infeasible.
    raises : list of (C,) float64, one a lot
        Infinite for a candidate that is in no placement.
    """

    lower: int | None
    raises: list[Floats]


def bounds(ground: Ground, survey: Survey, candidates: list[Ints]) -> Bounds:
    """Bound every lot's share by itself, together with those that must stand in its domain."""
    lower = 0.0
    raises = [np.zeros(len(rows)) for rows in candidates]
    for block in blocks(ground):
        codes, size = _codes(ground, block, candidates)
        own = {lot: _own(ground, survey, lot, candidates[lot], codes[lot], size) for lot in block.lots}
        by_domain = np.sum([total for total, _ in own.values()], axis=0)
        best = by_domain.min(initial=np.inf)
        lower += best
        if not np.isfinite(best):
            continue
        for lot, (_, last) in own.items():
            price = survey.prices[lot][candidates[lot]]
            inside = codes[lot] >= 0
            at = np.where(inside, codes[lot], 0)
            here = by_domain[at] - best + np.maximum(0, price - last[at])
            raises[lot] = np.where(inside, here, np.inf)
    return Bounds(int(lower) if np.isfinite(lower) else None, raises)


def _codes(ground: Ground, block: Block, candidates: list[Ints]) -> tuple[dict[int, Ints], int]:
    """Give the domain of each candidate: that of the policy which binds the block, or one for all."""
    rule = block.rule
    if rule is None or rule.policy.at in (None, HOST) or ground.scene.running(rule.group):
        return {lot: np.zeros(len(candidates[lot]), dtype=np.int64) for lot in block.lots}, 1
    codes = ground.fleet.codes(str(rule.policy.at))
    return {lot: codes[candidates[lot]] for lot in block.lots}, ground.fleet.domains(str(rule.policy.at))


def _own(
    ground: Ground, survey: Survey, lot: int, rows: Ints, codes: Ints, size: int
) -> tuple[Floats, Floats]:
    """Give a lot's cheapest cost in each domain, and the price of its dearest slot there."""
    inside = codes >= 0
    price, slots, codes = survey.prices[lot][rows][inside], survey.most[lot][rows][inside], codes[inside]
    number = ground.lots[lot].number
    if survey.beyond_first:  # a host's further slots are dearer than its first
        price = np.concatenate([price, price + survey.beyond_first])
        slots = np.concatenate([np.minimum(slots, 1), np.maximum(slots - 1, 0)])
        codes = np.concatenate([codes, codes])
    return cheapest_slots(price, slots, codes, size, number)


def cut(found: Bounds, candidates: list[Ints], upper: int) -> list[Ints]:
    """Drop the candidates that no placement better than `upper` can use."""
    assert found.lower is not None
    slack = upper - found.lower
    return [rows[raised <= slack] for rows, raised in zip(candidates, found.raises, strict=True)]
