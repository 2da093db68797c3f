"""First placements of a search: member by member, so that what is left of hosts stays of use.

A host whose memory is full and whose VCPU is free takes nothing more. So each member goes where
what is left keeps its proportions. With ``r`` what is left of a host after the member, each
resource in units of what the mean host has free, and ``s`` what is left before it::

    score = deviation(r) - credit * deviation(s)        the lowest is chosen

The first term alone avoids lopsided hosts; with the second, a member may also repair one. Which
credit is best depends on the batch, so several are tried.

Example, 2 VCPU and 2 GB are the unit: a member of 1 VCPU and 1 GB scores 0 on a host with (2, 2)
free, where (0.5, 0.5) is left; and 0.25 on one with (2, 1): there (0.5, 0) is left.

Where prices are known, of hosts and of what is scarce, they are added, and the score is weighed.
Much of it finds places for all members, little of it finds cheap ones. So placements are tried at
one weight after another: at a smaller one while all members find a place, else at a larger one.

Source: heuristics for vector bin packing that weigh the residual of each dimension: Gabay & Zaourar
(2016), doi:10.1007/s10479-015-1973-7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import broken_by
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.solver.budget import Budget
from groupsolver.solver.heuristic.constructive import PlacementBuilder, block_orders
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.search.partial_assignment import PartialAssignment, view_of
from groupsolver.solver.search.search_problem import SearchProblem

CREDITS = (0.5, 0.0, 0.75, 0.25)  # of the deviation before, in the order in which they are tried
PRICED_TRIES = 12  # weights of the score against prices
WEIGHT_STEP = 3.0  # factor from one weight to the next, at first
LEAST_WEIGHT_STEP = 1.1
NOISE = 0.02  # of a score, where a try is repeated with other random numbers


class BalancedBuilder(PlacementBuilder):
    """A placement under construction that keeps what is left of hosts in proportion.

    Parameters
    ----------
    problem : SearchProblem
    candidates : list of (C,) int64, one a member class
    prices : list of (C,) float64, one a member class
    credit : float
        See the module.
    weight : float, default 1
        Points of a score of 1.
    noise : (H,) float64, optional
        Added to the score of each host.
    """

    def __init__(
        self,
        problem: SearchProblem,
        candidates: list[Ints],
        prices: list[Floats],
        credit: float,
        weight: float = 1.0,
        noise: Floats | None = None,
    ) -> None:
        super().__init__(problem.compiled, problem.eligibility, candidates, prices)
        self._problem = problem
        self._credit = credit
        self._weight = weight
        self._noise = np.zeros(len(self.rows)) if noise is None else noise[self.rows]

    def cost_of_next(self, class_index: int) -> tuple[Mask, Floats]:
        """Return where the next member of a class may be placed, and its price and score."""
        mask, cost = super().cost_of_next(class_index)
        score = np.zeros(len(mask))
        positions = np.flatnonzero(mask)
        left = np.array([self._free[name][positions] for name in self._problem.resources])
        left = left / self._problem.unit[:, None]
        after = left - self._problem.sizes[class_index][:, None]
        found = after.std(axis=0) - self._credit * left.std(axis=0)
        score[positions] = found + self._noise[positions]
        return mask, cost + self._weight * score


def first_placements(
    problem: SearchProblem, budget: Budget, rng: np.random.Generator
) -> Iterator[PartialAssignment]:
    """Yield placements of as many members as find a place, without end while there is time.

    The first ones follow the orders and credits that are best on the whole; then they repeat with
    random noise.
    """
    compiled = problem.compiled
    candidates = [np.flatnonzero(most) for most in problem.eligibility.max_members]
    prices = [np.zeros(len(rows)) for rows in candidates]
    orders = list(block_orders(compiled, problem.blocks, candidates))
    noise: Floats | None = None
    while True:
        for credit in CREDITS:
            for order in orders[:2]:
                builder = BalancedBuilder(problem, candidates, prices, credit, noise=noise)
                failed = place_blocks(builder, order, budget)
                if budget.left() <= 0:
                    return
                # What fits as a whole came first.
                for block in failed:
                    builder.place_some(block)
                found = PartialAssignment.of(compiled, builder.assignments())
                drop_broken(problem, found)
                yield found
        noise = NOISE * rng.random(compiled.fleet.row_count)


def place_blocks(builder: PlacementBuilder, order: Sequence[Block], budget: Budget) -> list[Block]:
    """Place blocks one after another while there is time. Return those that found no place."""
    return [block for block in order if budget.left() > 0 and not builder.place_block(block)]


def priced_placements(
    problem: SearchProblem,
    candidates: list[Ints],
    prices: list[Floats],
    budget: Budget,
) -> Iterator[list[Assignment]]:
    """Yield placements of all members at given prices, the cheapest last on the whole.

    Parameters
    ----------
    problem : SearchProblem
    candidates : list of (C,) int64, one a member class
    prices : list of (C,) float64, one a member class
        Of the relaxation, what is scarce included.
    budget : Budget
    """
    order = next(block_orders(problem.compiled, problem.blocks, candidates))
    known = [price for price in prices if len(price)]
    middling = float(np.median(np.concatenate(known))) if known else 0.0
    weight = max(1.0, middling)
    step = WEIGHT_STEP
    for _ in range(PRICED_TRIES):
        builder = BalancedBuilder(problem, candidates, prices, CREDITS[0], weight)
        failed = place_blocks(builder, order, budget)
        if budget.left() <= 0:
            return
        if not failed:
            yield builder.assignments()
        weight = weight * step if failed else weight / step
        step = max(LEAST_WEIGHT_STEP, step**0.8)


def drop_broken(problem: SearchProblem, assignment: PartialAssignment) -> None:
    """Take away what cannot stay: bundles that are not whole, and groups whose rules are broken."""
    drop_incomplete_bundles(problem, assignment)
    while True:
        broken = broken_groups(problem, assignment)
        if not broken:
            return
        for group in broken:
            for class_index in problem.classes_of_group.get(group, ()):
                assignment.clear(class_index)
        drop_incomplete_bundles(problem, assignment)


def drop_incomplete_bundles(problem: SearchProblem, assignment: PartialAssignment) -> None:
    """Take away the bundles of which members are missing."""
    for bundle in dict.fromkeys(problem.couplings.bundle_of.values()):
        classes = [index for group in bundle for index in problem.classes_of_group.get(group, ())]
        if any(assignment.missing[index] for index in classes):
            for class_index in classes:
                assignment.clear(class_index)


def broken_groups(problem: SearchProblem, assignment: PartialAssignment) -> set[str]:
    """Return the groups with members in place that hard rules count which are broken.

    Of a rule that counts several groups, the one with the most members: without it the others may
    keep the rule.
    """
    view = view_of(problem.compiled, assignment)
    before = View(view.problem, {})
    placed = {member.group for member in view.problem.new_members}
    broken: set[str] = set()
    for rule in rules_of(problem.compiled.problem).hard:
        counted = problem.couplings.counted(rule) & placed
        if counted and broken_by(rule.policy, rule.group, view, before):
            broken.add(max(sorted(counted), key=view.problem.size))
    return broken
