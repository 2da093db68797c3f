"""Prices for what is scarce: a linear relaxation over few columns, a bound over all.

Blocks compete for hosts. The relaxation keeps what is linear of that competition (the room of
hosts, members of one group in one domain, first members on a host), solves it over a core of
promising slots with GLOP, and takes the rows' dual values as prices. Whatever these prices
are, Lagrange's bound at them is valid over all slots, so nothing here rests on the linear
solver's arithmetic; slots that are cheap at these prices join the core, until none does.

Source: column generation, Desrosiers & Luebbecke (2005), doi:10.1007/0-387-25486-2_1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.solver.budget import Budget
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.capacity_rows import families_of
from groupsolver.solver.relaxation.columns import Slots
from groupsolver.solver.relaxation.exclusion_rows import rivals_of
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    Bounds,
    Ranked,
    bounds,
    domain_costs,
    rank,
)
from groupsolver.solver.relaxation.restricted_master import solve_core

ROUNDS = 8
SPARE = 6  # slots beyond those a member class needs that join the core
PROMISING = 64  # domains that are looked at again for a block which needs one
DOMAINS = 4  # domains that join the core for a block which needs one


@dataclass(frozen=True)
class Relaxed:
    """The best bound found, and the prices that gave it.

    Attributes
    ----------
    bounds : Bounds
    prices : (N,) float64
        Of each slot, what is scarce included.
    """

    bounds: Bounds
    prices: Floats


def relax(
    compiled: CompiledProblem, survey: Survey, slots: Slots, blocks: list[Block], budget: Budget
) -> Relaxed:
    """Bound the batch by itself, and then with prices for what is scarce."""
    plain = slots.price.astype(np.float64)
    base = float(_standing(compiled.problem, survey)) + survey.stage.offset
    alone = [
        replace(block, ceiling=None) for block in blocks
    ]  # over all slots, member class by member class: that is cheap
    ranked = rank(compiled, slots, alone, plain)
    first = bounds(compiled, slots, alone, ranked, plain, base, np.full(len(blocks), np.inf))
    best = Relaxed(first, plain)
    if not np.isfinite(first.lower):
        return best
    which, elsewhere = _promising(compiled, slots, alone, ranked, plain)
    table, whole = slots.take(which), plain[which]
    prices, ranked = whole, rank(compiled, table, blocks, whole)
    families, rivals = families_of(compiled, survey), rivals_of(compiled)
    credit = sum(block.price * block.credit(compiled) for block in blocks)
    core = np.zeros(len(table), dtype=np.bool_)
    for _ in range(ROUNDS):
        if not _join(table, blocks, ranked, prices, core, compiled) or budget.left() <= 0:
            break
        solved = solve_core(compiled, table, blocks, families, rivals, core, budget.left())
        if solved is None:
            break
        value, worth = solved
        prices, const = whole.copy(), base
        for family in families:
            scarce = np.flatnonzero(family.dual)
            if len(scarce):
                at = family.codes[table.row]
                prices += family.weights(table, slice(None)) * family.dual[np.maximum(at, 0)]
                const -= float((family.dual[scarce] * family.room[scarce]).sum())
        for one in rivals:
            prices += one.prices()
            const -= one.worth(table)
        ranked = rank(compiled, table, blocks, prices)
        found = bounds(compiled, table, blocks, ranked, prices, const, elsewhere, worth)
        if not np.isfinite(
            found.lower
        ):  # its member classes together find no room where one by one they do
            return replace(best, bounds=replace(best.bounds, lower=found.lower))
        if found.lower > best.bounds.lower:
            best = _widened(slots, blocks, first, plain, which, found, prices)
        if found.lower >= value + base - credit - 1e-4 * max(1.0, abs(value)):
            break
    return best


def _promising(
    compiled: CompiledProblem,
    slots: Slots,
    blocks: list[Block],
    ranked: dict[int, Ranked],
    plain: Floats,
) -> tuple[Ints, Floats]:
    """Leave out the dear domains of blocks that need one; give the slots left, and what the others cost.

    Prices only rise from here, so what a block costs in a domain now bounds what it will.
    """
    kept = np.ones(len(slots), dtype=np.bool_)
    elsewhere = np.full(len(blocks), np.inf)
    for number, block in enumerate(blocks):
        if block.whole:
            sums = domain_costs(compiled, slots, block, ranked, plain)
            dear = np.ones(
                len(sums) + 1, dtype=np.bool_
            )  # the last entry is of the hosts in no domain
            dear[np.argsort(sums, kind="stable")[:PROMISING]] = False
            elsewhere[number] = sums[dear[:-1]].min(initial=np.inf)
            for member_class in block.member_classes:
                kept[ranked[member_class].part] = ~dear[ranked[member_class].codes]
    return np.flatnonzero(kept), elsewhere


def _widened(
    slots: Slots,
    blocks: list[Block],
    first: Bounds,
    plain: Floats,
    which: Ints,
    found: Bounds,
    prices: Floats,
) -> Relaxed:
    """Carry bounds over some slots to all: the others raise a block's share from what they cost at first."""
    gained = np.zeros(int(slots.member_class.max(initial=0)) + 1)
    for number, block in enumerate(blocks):
        gained[list(block.member_classes)] = found.shares[number] - first.shares[number]
    raises, wide = np.maximum(0, first.raises - gained[slots.member_class]), plain.copy()
    raises[which], wide[which] = found.raises, prices
    return Relaxed(Bounds(found.lower, raises, found.shares, found.noise + first.noise), wide)


def _standing(problem: Problem, survey: Survey) -> int:
    """Give what soft policies cost for the running members alone, where that can only grow."""
    before = View(problem, {})
    return unit_of(survey.objective) * sum(
        rule.weight * rule.policy.violations(rule.group, before)
        for rule in rules_of(problem).soft
        if rule.weight and rule.policy.monotone
    )


def _join(
    slots: Slots,
    blocks: list[Block],
    ranked: dict[int, Ranked],
    prices: Floats,
    core: Mask,
    compiled: CompiledProblem,
) -> int:
    """Let the slots that are cheapest at some prices join the core; say how many are new."""
    before = int(core.sum())
    for block in blocks:
        total = domain_costs(compiled, slots, block, ranked, prices)
        members = sum(
            compiled.member_classes[member_class].number for member_class in block.member_classes
        )
        domains = np.argsort(total, kind="stable")[:DOMAINS]
        for member_class in block.member_classes:
            own = ranked[member_class]
            need = SPARE + (
                compiled.member_classes[member_class].number if block.ceiling is None else members
            )
            codes = own.codes[own.order]
            if block.price:  # its members may stand anywhere too
                _take(slots, own, np.argsort(prices[own.part], kind="stable"), need, core)
            for code in domains[np.isfinite(total[domains])].tolist():
                here = own.order[
                    np.searchsorted(codes, code) : np.searchsorted(codes, code, side="right")
                ]
                _take(slots, own, here, need, core)
    return int(core.sum()) - before


def _take(slots: Slots, own: Ranked, order: Ints, need: int, core: Mask) -> None:
    """Let slots join the core in some order until they hold so many members."""
    ends = np.cumsum(np.minimum(slots.most[own.part][order], need))
    core[own.part.start + order[: int(np.searchsorted(ends, need)) + 1]] = True
