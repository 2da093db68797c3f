"""First placements of a search: member by member, so that what is left of hosts stays of use.

A host whose memory is full and whose VCPU is free takes nothing more. So each member goes where
what is left keeps its proportions. With ``r`` what is left of a host after the member, each
resource in units of what the mean host has free, and ``s`` what is left before it::

    score = deviation(r) - credit * deviation(s)        the lowest is chosen

The first term alone avoids lopsided hosts; with the second, a member may also repair one. Which
credit is best depends on the batch, so several are tried.

Example, 2 VCPU and 2 GB are the unit: a member of 1 VCPU and 1 GB scores 0 on a host with (2, 2)
free, where (0.5, 0.5) is left; and 0.25 on one with (2, 1): there (0.5, 0) is left.

Source: heuristics for vector bin packing that weigh the residual of each dimension: Gabay & Zaourar
(2016), doi:10.1007/s10479-015-1973-7.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import broken_by
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.solver.budget import Budget
from groupsolver.solver.heuristic.constructive import PlacementBuilder, block_orders
from groupsolver.solver.search.partial_assignment import PartialAssignment, view_of
from groupsolver.solver.search.search_problem import SearchProblem

CREDITS = (0.5, 0.0, 0.75, 0.25)  # of the deviation before, in the order in which they are tried
NOISE = 0.02  # of a score, where a try is repeated with other random numbers


class BalancedBuilder(PlacementBuilder):
    """A placement under construction that keeps what is left of hosts in proportion.

    Parameters
    ----------
    problem : SearchProblem
    candidates : list of (C,) int64, one a member class
    prices : list of (C,) float64, one a member class
        They decide between hosts of one score.
    credit : float
        See the module.
    noise : (H,) float64
        Added to the score of each host.
    """

    def __init__(
        self,
        problem: SearchProblem,
        candidates: list[Ints],
        prices: list[Floats],
        credit: float,
        noise: Floats,
    ) -> None:
        super().__init__(problem.compiled, problem.eligibility, candidates, prices)
        self._problem = problem
        self._credit = credit
        self._noise = noise[self.rows]

    def cost_of_next(self, class_index: int) -> tuple[Mask, Floats]:
        """Return where the next member of a class may be placed, and its score: (U,) each."""
        mask, _ = super().cost_of_next(class_index)
        score = np.zeros(len(mask))
        positions = np.flatnonzero(mask)
        left = np.array([self._free[name][positions] for name in self._problem.resources])
        left = left / self._problem.unit[:, None]
        after = left - self._problem.sizes[class_index][:, None]
        found = after.std(axis=0) - self._credit * left.std(axis=0)
        score[positions] = found + self._noise[positions]
        return mask, score


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
    noise = np.zeros(compiled.fleet.row_count)
    while True:
        for credit in CREDITS:
            for order in orders[:2]:
                builder = BalancedBuilder(problem, candidates, prices, credit, noise)
                failed = []
                for block in order:
                    if budget.left() <= 0:
                        return
                    if not builder.place_block(block):
                        failed.append(block)
                # What fits as a whole comes first.
                for block in failed:
                    builder.place_some(block)
                found = PartialAssignment.of(compiled, builder.assignments())
                drop_broken(problem, found)
                yield found
        noise = NOISE * rng.random(compiled.fleet.row_count)


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
