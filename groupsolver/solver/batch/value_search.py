"""The most valuable applications of a large batch: add some, search for room, drop what finds none.

It begins with what a greedy pass has placed. Then again and again: applications that are left out
are put in, those of most value for what they take more often, a little more of them than there is
room for. The large-neighbourhood search moves members about to place them. Of those that still lack
members the worst are dropped until the others are whole. Members count one by one on the way, which
tells the search how far it is; in the end only whole applications count.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor

import numpy as np

from groupsolver.model.optional_members import has_optional_members
from groupsolver.solver.batch.greedy import GreedyBatch, orders_by_value
from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import ValueBound
from groupsolver.solver.budget import Budget
from groupsolver.solver.heuristic.constructive import PlacementBuilder
from groupsolver.solver.search.construction import CREDITS, BalancedBuilder, drop_broken
from groupsolver.solver.search.large_neighbourhood_search import LargeNeighbourhoodSearch
from groupsolver.solver.search.partial_assignment import PartialAssignment
from groupsolver.solver.search.search_problem import SearchProblem

OVERFULL = 1.3  # times the room that is left: what is put in
LEAST_ADDED = 3  # applications, at least
NOISE = 0.3  # of an application's rank, so that each round tries others
TIME_SHARE_ROUND = 0.15  # of the time left, for the search of a round
TIME_SHARE_DROP = 0.03  # and after each time that some were dropped
MAX_IDLE_ROUNDS = 8  # without a better placement, after which it ends


def search_by_neighbourhoods(
    batch: BatchProblem,
    bound: ValueBound,
    best: BatchIncumbent,
    budget: Budget,
    executor: Executor | None = None,  # noqa: ARG001 - it works in threads of this process
) -> None:
    """Offer placements of ever more value: a `BatchSearch`."""
    search = ValueSearch(batch, bound, best, budget)
    search.place_greedily()
    # How many members of an application are placed is not open here.
    if not has_optional_members(batch.compiled.problem.app):
        search.run()


class ValueSearch:
    """The search of one batch.

    Parameters
    ----------
    batch : BatchProblem
    bound : ValueBound
    best : BatchIncumbent
    budget : Budget
    """

    def __init__(
        self, batch: BatchProblem, bound: ValueBound, best: BatchIncumbent, budget: Budget
    ) -> None:
        self._batch = batch
        self._best = best
        self._budget = budget
        self._problem = SearchProblem(batch.searched, batch.eligibility)
        self._rng = np.random.default_rng(budget.limits.seed)
        self._orders = list(orders_by_value(batch, bound, budget.limits.seed))
        self._greedy = GreedyBatch(batch, budget)
        volumes = np.array(self._problem.volumes) * self._problem.numbers
        self._volume = [int(volumes[list(classes)].sum()) for classes in batch.member_classes]
        self._application_of = {
            index: number
            for number, classes in enumerate(batch.member_classes)
            for index in classes
        }

    def place_greedily(self) -> None:
        """Offer what finds a place in several orders, at the hosts' prices and in proportion."""
        for credit in (None, *CREDITS[:2]):
            for order in self._orders:
                if self._budget.left() <= 0 or self._best.has_largest_value:
                    return
                builder = self._builder(credit)
                self._best.offer(self._greedy.place(order, builder), "construct")

    def _builder(self, credit: float | None) -> PlacementBuilder:
        if credit is None:
            return self._greedy.builder()
        # What hosts cost matters only once the most valuable applications are chosen.
        candidates = self._greedy.candidates
        free = [np.zeros(len(rows)) for rows in candidates]
        return BalancedBuilder(self._problem, candidates, free, credit)

    def run(self) -> None:
        """Search until the value is proved, the time is over, or nothing better is found."""
        idle = 0
        while idle < MAX_IDLE_ROUNDS and self._budget.left() > 0:
            if self._best.has_largest_value or not self._left_out():
                return
            idle = 0 if self._round() else idle + 1

    def _left_out(self) -> list[int]:
        """Return the applications that are left out, in the first order."""
        placed = set(self._best.placed)
        return [number for number in self._orders[0] if number not in placed]

    def _round(self) -> bool:
        """Put applications in and search. Return whether the placement is better than the best."""
        before = self._best.worth(self._best.assignments or [])
        assignment = PartialAssignment.of(self._problem.compiled, self._best.assignments or [])
        added = self._chosen(assignment)
        present = set(self._best.placed) | added
        self._set_present(assignment, present)
        self._place_first(assignment, added)
        search = LargeNeighbourhoodSearch(self._problem, assignment, self._budget, self._rng)
        search.place_missing(TIME_SHARE_ROUND * self._budget.left())
        while not assignment.complete and self._budget.left() > 0:
            present -= self._worst(assignment)
            self._set_present(assignment, present)
            search.follow()
            search.place_missing(TIME_SHARE_DROP * self._budget.left())
        if assignment.complete:
            self._add_more(assignment)
        return self._best.worth(self._best.assignments or []) > before

    def _chosen(self, assignment: PartialAssignment) -> set[int]:
        """Return applications to put in, a little more than there is room for."""
        volumes = self._problem.volumes
        used = sum(
            volumes[index] * (int(number) - assignment.missing[index])
            for index, number in enumerate(self._problem.numbers)
        )
        room = max(0, self._problem.free_volume - used)
        ranked = self._left_out()
        keys = np.arange(len(ranked)) * (1 + NOISE * self._rng.standard_normal(len(ranked)))
        placed = set(self._best.placed)
        chosen: set[int] = set()
        taken = 0
        for at in np.argsort(keys, kind="stable").tolist():
            if len(chosen) >= LEAST_ADDED and taken > OVERFULL * room:
                break
            together = self._batch.with_needed(ranked[at]) - placed - chosen
            chosen |= together
            taken += sum(self._volume[number] for number in together)
        return chosen

    def _set_present(self, assignment: PartialAssignment, present: set[int]) -> None:
        """Have some applications placed, and nothing of the others."""
        absent = [
            index
            for number, classes in enumerate(self._batch.member_classes)
            if number not in present
            for index in classes
        ]
        for index in absent:
            assignment.clear(index)
        assignment.absent = set(absent)

    def _place_first(self, assignment: PartialAssignment, added: Iterable[int]) -> None:
        """Place what finds a place at once."""
        builder = self._continued(assignment)
        start = len(builder.placed)
        for number in sorted(added, key=lambda number: -self._volume[number]):
            for block in self._greedy.blocks[number]:
                if not builder.place_block(block):
                    builder.place_some(block)
        for class_index, row in builder.assignments()[start:]:
            assignment.add(class_index, row, 1)
        drop_broken(self._problem, assignment)

    def _continued(self, assignment: PartialAssignment) -> PlacementBuilder:
        """Return a placement under construction that has what is placed already."""
        builder = self._builder(CREDITS[0])
        positions = {row: position for position, row in enumerate(builder.rows.tolist())}
        for class_index, row in assignment.assignments():
            builder.place(class_index, positions[row])
        return builder

    def _worst(self, assignment: PartialAssignment) -> set[int]:
        """Return some applications that lack members: those that lack most for their value.

        Half of them at a time, and those that are not placed without them.
        """
        lacking: dict[int, int] = {}
        for index in assignment.classes_missing:
            number = self._application_of[index]
            volume = self._problem.volumes[index] * assignment.missing[index]
            lacking[number] = lacking.get(number, 0) + volume
        values = [bundle.value for bundle in self._batch.bundles]
        ranked = sorted(lacking, key=lambda number: (-lacking[number] / values[number], number))
        worst = set(ranked[: (len(ranked) + 1) // 2])
        while True:
            more = {
                number
                for number, bundle in enumerate(self._batch.bundles)
                if number not in worst and worst & set(bundle.needs)
            }
            if not more:
                return worst
            worst |= more

    def _add_more(self, assignment: PartialAssignment) -> None:
        """Offer a placement, with what still fits beside it."""
        builder = self._continued(assignment)
        placed = {self._application_of[index] for index, _ in builder.placed}
        for number in self._orders[0]:
            together = self._batch.with_needed(number) - placed
            if together and self._greedy.add(builder, sorted(together)):
                placed |= together
        self._best.offer(builder.assignments(), "improve")
