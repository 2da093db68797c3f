"""The proof by cases: which domain each block takes that needs a single one.

Where a few blocks choose among a few domains each, most choices cost too much by the bound at hand.
Each of the others is a problem with fewer candidates and a tighter relaxation: blocks in different
domains do not compete at all, and two blocks in one domain show what they cost together.

Source: branch and bound, Land & Doig (1960), doi:10.2307/1910129, on domains instead of variables.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import combinations, count

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND, solve_candidates
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import relax
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem, group_shape
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.dual_solution import DualSolution
from groupsolver.solver.relaxation.reduced_cost_fixing import (
    candidates_within,
    domain_costs,
    rank_columns,
)

MAX_CHOOSING_BLOCKS = 6
MAX_CASES = 300
TIME_SHARE = 0.5  # share of the time left, for all cases
TIME_SHARE_PER_CASE = 0.3  # share of that, for the search in one case

Choice = tuple[int, ...]  # a domain for each choosing block


def branch_on_domains(
    merged: MergedProblem,
    eligibility: Eligibility,
    columns: Columns,
    candidates: list[Ints],
    relaxed: DualSolution,
    best: Incumbent,
    budget: Budget,
) -> None:
    """Improve `best` and its bound, where there are few cases.

    The bound is the least over all cases: of a case that was solved its own, and of those that were
    not, what the relaxation says of the cheapest. For example, with a placement of 40 at hand::

        case (r0, r1): relaxed to 30, solved to 35
        case (r0, r2): relaxed to 33, nothing better than 40
        case (r1, r2): relaxed to 41; neither it nor any later case is better: 35 is the bound
    """
    compiled = merged.compiled
    blocks = blocks_of(compiled, unit_of(eligibility.objective), eligibility.openings)
    choosing = [block for block in blocks if block.shares_one_domain and block.level != HOST]
    # Without chunks the search is faster: the relaxation then knows nearly all of what blocks cost
    # together.
    has_chunks = any(block.parts for block in blocks)
    few = 1 < len(choosing) <= MAX_CHOOSING_BLOCKS
    if best.done or best.value is None or not few or not has_chunks:
        return
    added_costs = _added_costs(compiled, columns, blocks, relaxed)
    shapes = [_shape(compiled, block) for block in choosing]
    until = budget.elapsed() + TIME_SHARE * budget.left()
    certain = relaxed.bounds.lower - relaxed.bounds.noise
    least = math.inf  # the bound of all cases so far
    for number, (added, choice) in enumerate(_cases(added_costs, shapes)):
        bound = certain + added
        if math.ceil(bound) >= min(best.value, least):
            break  # this case and all later ones cost too much
        if number == MAX_CASES or budget.elapsed() >= until:
            least = min(least, bound)
            break
        chosen = _candidates_of(compiled, choosing, choice, candidates)
        proved = _solve_case(merged, eligibility, blocks, chosen, best, budget, until)
        least = min(least, max(bound, proved))
    # `best.value` is never None again; mypy cannot know that of a property.
    if best.value is not None:
        best.prove(math.ceil(min(least, best.value)))


def _added_costs(
    compiled: CompiledProblem, columns: Columns, blocks: list[Block], relaxed: DualSolution
) -> list[Floats]:
    """Return, for each choosing block, what each domain adds to the lower bound, (D,) float64."""
    ranked = rank_columns(compiled, columns, blocks, relaxed.prices)
    found = []
    for number, block in enumerate(blocks):
        if block.shares_one_domain and block.level != HOST:
            costs = domain_costs(compiled, columns, block, ranked, relaxed.prices)
            found.append(costs - float(relaxed.bounds.block_bounds[number]))
    return found


def _shape(compiled: CompiledProblem, block: Block) -> object:
    """Return a key that is equal for blocks that may change places."""
    group = block.rule.group if block.rule else ""
    is_whole_group = set(block.member_classes) == set(compiled.member_classes_below(group))
    if not is_whole_group:
        return block.member_classes
    # With its level: of two rules that could bind a block, the file's order decides which does.
    return block.level, group_shape(compiled.problem, group)


def _cases(added_costs: list[Floats], shapes: list[object]) -> Iterator[tuple[float, Choice]]:
    """Yield the choices of domains with what they add to the lower bound, the cheapest first.

    At any prices a choice adds the sum of what its domains add, so this is a best-first walk from
    the cheapest domain of each block. For two blocks::

        block 0 adds 0 in r0, 5 in r1; block 1 adds 1 in r0, 2 in r1
        (r0, r0): 1, (r0, r1): 2, (r1, r0): 6, (r1, r1): 7
        of interchangeable blocks (r0, r1) and (r1, r0) are the same, and the latter is left out
    """
    order = [np.argsort(cost, kind="stable") for cost in added_costs]
    sorted_costs = [cost[by].tolist() for cost, by in zip(added_costs, order, strict=True)]
    tie_breaker = count()
    start = tuple(0 for _ in added_costs)
    total = sum(costs[0] for costs in sorted_costs)
    queue = [(total, next(tie_breaker), start)]
    seen = {start}
    while queue:
        total, _, ranks = heapq.heappop(queue)
        if not math.isfinite(total):
            return
        choice = tuple(int(by[rank_]) for by, rank_ in zip(order, ranks, strict=True))
        if _in_canonical_order(choice, shapes):
            yield total, choice
        for block, rank_ in enumerate(ranks):
            following = (*ranks[:block], rank_ + 1, *ranks[block + 1 :])
            if rank_ + 1 == len(order[block]) or following in seen:
                continue
            seen.add(following)
            more = sorted_costs[block][rank_ + 1] - sorted_costs[block][rank_]
            heapq.heappush(queue, (total + more, next(tie_breaker), following))


def _in_canonical_order(choice: Choice, shapes: list[object]) -> bool:
    """Whether interchangeable blocks have ascending domains, so that one order of each is tried."""
    return all(
        shapes[first] != shapes[second] or choice[first] <= choice[second]
        for first, second in combinations(range(len(choice)), 2)
    )


def _candidates_of(
    compiled: CompiledProblem, choosing: list[Block], choice: Choice, candidates: list[Ints]
) -> list[Ints]:
    """Return the candidates of a case: of each choosing block those in its domain."""
    chosen = list(candidates)
    for domain, block in zip(choice, choosing, strict=True):
        for class_index in block.member_classes:
            rows = chosen[class_index]
            chosen[class_index] = rows[block.codes(compiled, rows) == domain]
    return chosen


def _solve_case(
    merged: MergedProblem,
    eligibility: Eligibility,
    blocks: list[Block],
    candidates: list[Ints],
    best: Incumbent,
    budget: Budget,
    until: float,
) -> float:
    """Solve one case; return its lower bound, infinite if it has nothing better than `best`."""
    compiled = merged.compiled
    prepared = relax(compiled, eligibility, candidates, blocks, budget)
    if prepared.refuted:
        return math.inf
    relaxed = prepared.relaxed
    lower = relaxed.bounds.lower
    certain = lower - relaxed.bounds.noise
    if _cannot_improve(certain, best):
        return math.inf
    for assignment in construct(prepared, best, budget):
        best.offer(merged.to_original(assignment), "construct")
        if _cannot_improve(certain, best):
            return math.inf
    slack = math.inf if best.value is None else best.value - lower
    chosen = candidates_within(relaxed.bounds, prepared.columns, candidates, slack)
    seconds = TIME_SHARE_PER_CASE * max(0.0, until - budget.elapsed())
    if sum(map(len, chosen)) > CANDIDATES_PER_SECOND * seconds:
        return certain
    outcome = solve_candidates(compiled, eligibility, chosen, None, budget, seconds, 0.0)
    if outcome.placement is not None:
        assignment = merged.to_original(outcome.placement)
        cells = merged.cells_of_original(outcome.inside, assignment)
        best.offer(assignment, "search", must_hold=True, inside=cells)
    if outcome.infeasible:
        return math.inf
    return certain if outcome.bound is None else max(certain, outcome.bound)


def _cannot_improve(certain: float, best: Incumbent) -> bool:
    """Whether a lower bound, less its noise, is at least the value of `best`."""
    return best.value is not None and math.ceil(certain) >= best.value
