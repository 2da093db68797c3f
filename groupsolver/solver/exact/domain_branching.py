"""The proof by cases: which domain each block that needs one stands in.

Where a few blocks choose among a few domains each, most choices cost too much by the bound at hand.
Each of the others is a problem of its own, with fewer candidates and a tighter relaxation: blocks in
different domains do not compete at all, and what two in one domain cost together then shows.

Source: branch and bound, Land & Doig (1960), doi:10.2307/1910129, on domains instead of variables.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import count

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import RATE, exact
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import relax
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem, group_shape
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from groupsolver.solver.relaxation.column_generation import DualSolution
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    candidates_within,
    domain_costs,
    rank_columns,
)

BLOCKS = 6  # that choose
CASES = 300  # that are looked at
TIME_SHARE = 0.5  # of the time left, for all of them
EACH = 0.3  # of that, for the search in one

Choice = tuple[int, ...]  # a domain for each block


def by_cases(
    merged: MergedProblem,
    known: Eligibility,
    slots: Columns,
    candidates: list[Ints],
    relaxed: DualSolution,
    best: Incumbent,
    budget: Budget,
) -> None:
    """Improve `best` and its bound, where there are few cases."""
    compiled = merged.compiled
    blocks = blocks_of(compiled, unit_of(known.objective))
    choosing = [
        number
        for number, block in enumerate(blocks)
        if block.shares_one_domain and block.level != HOST
    ]
    # Without chunks the search is faster: there the relaxation knows nearly all of what blocks cost together.
    if (
        best.done
        or best.value is None
        or not 1 < len(choosing) <= BLOCKS
        or not any(b.parts for b in blocks)
    ):
        return
    ranked = rank_columns(compiled, slots, blocks, relaxed.prices)
    costs = [
        domain_costs(compiled, slots, blocks[number], ranked, relaxed.prices) for number in choosing
    ]
    raised = [
        cost - float(relaxed.bounds.block_bounds[number])
        for cost, number in zip(costs, choosing, strict=True)
    ]
    until = budget.elapsed() + TIME_SHARE * budget.left()
    least = math.inf  # bound of what is left open
    cases = _cases(raised, [_shape(compiled, blocks[number]) for number in choosing])
    for number, (raise_, choice) in enumerate(cases):
        bound = relaxed.bounds.lower - relaxed.bounds.noise + raise_
        if math.ceil(bound) >= min(best.value, least):
            break
        if number == CASES or budget.elapsed() >= until:
            least = min(least, bound)
            break
        narrow = list(candidates)
        for domain, block in zip(choice, (blocks[number] for number in choosing), strict=True):
            for member_class in block.member_classes:
                narrow[member_class] = narrow[member_class][
                    block.codes(compiled, narrow[member_class]) == domain
                ]
        least = min(least, max(bound, _case(merged, known, blocks, narrow, best, budget, until)))
    if best.value is not None:
        best.prove(math.ceil(min(least, best.value)))


def _shape(compiled: CompiledProblem, block: Block) -> object:
    """Give what is the same of blocks that may change places."""
    group = block.rule.group if block.rule else ""
    whole = set(block.member_classes) == set(compiled.member_classes_below(group))
    # With its level: of two rules that could bind a block, the file's order decides which does.
    return (block.level, group_shape(compiled.problem, group)) if whole else block.member_classes


def _cases(raised: list[Floats], shapes: list[object]) -> Iterator[tuple[float, Choice]]:
    """Give the choices, the cheapest first, those of interchangeable blocks in one order only.

    At any prices a choice costs the sum of what its domains do: a best-first walk from the cheapest of each.
    """
    order = [np.argsort(cost, kind="stable") for cost in raised]
    ties = count()
    start = tuple(0 for _ in raised)
    todo = [
        (sum(float(cost[by[0]]) for cost, by in zip(raised, order, strict=True)), next(ties), start)
    ]
    seen = {start}
    while todo:
        cost, _, at = heapq.heappop(todo)
        if not math.isfinite(cost):
            return
        choice = tuple(int(by[i]) for by, i in zip(order, at, strict=True))
        if all(
            shapes[i] != shapes[j] or choice[i] <= choice[j]
            for j in range(len(choice))
            for i in range(j)
        ):
            yield cost, choice
        for block, i in enumerate(at):
            after = (*at[:block], i + 1, *at[block + 1 :])
            if i + 1 < len(order[block]) and after not in seen:
                seen.add(after)
                dearer = float(raised[block][order[block][i + 1]]) - float(
                    raised[block][order[block][i]]
                )
                heapq.heappush(todo, (cost + dearer, next(ties), after))


def _case(
    merged: MergedProblem,
    known: Eligibility,
    blocks: list[Block],
    candidates: list[Ints],
    best: Incumbent,
    budget: Budget,
    until: float,
) -> float:
    """Solve one case; give a bound of it, infinite where nothing in it is better than `best`."""
    compiled = merged.compiled
    prepared = relax(compiled, known, candidates, blocks, budget)
    slots, relaxed = prepared.columns, prepared.relaxed
    lower, sure = relaxed.bounds.lower, relaxed.bounds.lower - relaxed.bounds.noise
    if _closed(lower, relaxed, best):
        return math.inf
    for stands in construct(prepared, best, budget):
        best.offer(merged.to_original(stands), "construct")
        if _closed(lower, relaxed, best):
            return math.inf
    slack = math.inf if best.value is None else best.value - lower
    chosen = candidates_within(relaxed.bounds, slots, candidates, slack)
    seconds = EACH * max(0.0, until - budget.elapsed())
    if sum(map(len, chosen)) > RATE * seconds:
        return sure
    answer = exact(compiled, known, chosen, None, budget, seconds, 0.0)
    if answer.placement is not None:
        stands = merged.to_original(answer.placement)
        best.offer(
            stands, "search", must_hold=True, inside=merged.cells_of_original(answer.inside, stands)
        )
    inside = math.inf if answer.infeasible else answer.bound
    return sure if inside is None else max(sure, inside)


def _closed(lower: float, relaxed: DualSolution, best: Incumbent) -> bool:
    return best.value is not None and math.ceil(lower - relaxed.bounds.noise) >= best.value
