"""A first selection for many members: one after another while there is room, the best value first.

The required members come first, the smallest ones; then the others in the order of value for what
they take. Each goes to the cheapest host that takes it. A class of which a member finds no host
gets no more of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.heuristic.constructive import PlacementBuilder
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.optional_members.relaxed_problem import RelaxedProblem
from groupsolver.solver.optional_members.selections import OptionalClasses
from groupsolver.solver.presolve.eligibility import Eligibility


def select_greedily(
    relaxed: RelaxedProblem,
    classes: OptionalClasses,
    eligibility: Eligibility,
    candidates: list[Ints],
    budget: Budget,
) -> list[Assignment] | None:
    """Return where members of a good selection go; None where the required ones find no place.

    Policies that depend on the number of members are not considered.
    """
    prices = [
        eligibility.base_prices[index][rows].astype(np.float64)
        for index, rows in enumerate(candidates)
    ]
    builder = PlacementBuilder(relaxed.compiled, eligibility, candidates, prices)
    smallest = classes.smallest()
    for index in _hardest_first(smallest, candidates):
        if budget.left() <= 0 or not _place(builder, index):
            return None
    closed: set[int] = set()
    for index in classes.between(smallest, classes.whole):
        if budget.left() <= 0:
            break
        if index not in closed and not _place(builder, index):
            closed.add(index)
    return builder.assignments()


def _hardest_first(numbers: tuple[int, ...], candidates: list[Ints]) -> Iterator[int]:
    """Yield the class of each member, those with the fewest candidates for each member first."""
    order = sorted(
        range(len(numbers)), key=lambda index: len(candidates[index]) / max(1, numbers[index])
    )
    for index in order:
        for _ in range(numbers[index]):
            yield index


def _place(builder: PlacementBuilder, class_index: int) -> bool:
    """Place one member where it is cheapest; return False where no host takes it."""
    mask, cost = builder.cost_of_next(class_index)
    if not mask.any():
        return False
    builder.place(class_index, int(np.argmin(np.where(mask, cost, np.inf))))
    return True
