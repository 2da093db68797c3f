"""Placing the applications of a batch one after the other, each whole or not at all.

Several orders are tried: the most value for what is scarce first, by the prices of the value's
bound; then the most value for what an application takes; then the most valuable. The members of an
application go to the cheapest hosts, the hardest blocks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from random import Random

import numpy as np

from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import SCALE, ValueBound
from groupsolver.solver.budget import Budget
from groupsolver.solver.heuristic.constructive import PlacementBuilder, block_orders
from groupsolver.solver.relaxation.blocks import Block, blocks_of

RANDOM_ORDERS = 4  # after the orders by value


def place_greedily(
    batch: BatchProblem,
    bound: ValueBound,
    best: BatchIncumbent,
    budget: Budget,
    executor: Executor | None = None,  # noqa: ARG001 - it needs no other processors
) -> None:
    """Offer placements of some of the applications, each whole: a `BatchSearch`."""
    greedy = GreedyBatch(batch, budget)
    for order in orders_by_value(batch, bound, budget.limits.seed):
        if budget.left() <= 0 or best.has_largest_value:
            return
        best.offer(greedy.place(order), "construct")


def orders_by_value(batch: BatchProblem, bound: ValueBound, seed: int) -> Iterator[list[int]]:
    """Yield orders of the applications that are not impossible by themselves."""
    possible = [number for number in range(len(batch.bundles)) if number not in bound.impossible]
    sizes = _sizes(batch)
    values = [one.value for one in batch.bundles]

    def by_price(number: int) -> float:
        return -values[number] / (bound.price_of(number) / SCALE + sizes[number] + 1e-12)

    def by_size(number: int) -> float:
        return -values[number] / (sizes[number] + 1e-12)

    for key in (by_price, by_size, lambda number: -values[number]):
        yield sorted(possible, key=key)
    random = Random(seed)  # noqa: S311 - no secret
    for _ in range(RANDOM_ORDERS):
        blurred = {number: by_price(number) * random.uniform(0.7, 1.3) for number in possible}
        yield sorted(possible, key=blurred.__getitem__)


def _sizes(batch: BatchProblem) -> list[float]:
    """Return what each application takes of the class of which it takes most, as a fraction."""
    fleet = batch.compiled.fleet
    free: dict[str, int] = {}
    found = []
    for number in range(len(batch.bundles)):
        takes: dict[str, int] = {}
        for index, count in batch.least_members(number).items():
            for name, amount in batch.compiled.member_classes[index].size:
                takes[name] = takes.get(name, 0) + amount * count
        for name in takes:
            if name not in free:
                free[name] = max(1, fleet.total_free(name, fleet.enabled))
        found.append(max((amount / free[name] for name, amount in takes.items()), default=0.0))
    return found


class GreedyBatch:
    """Places the applications of a batch in a given order.

    Parameters
    ----------
    batch : BatchProblem
    budget : Budget

    Attributes
    ----------
    candidates : list of (C,) int64, one a member class
        Rows where it may go.
    prices : list of (C,) float64, one a member class
        The hosts' own prices.
    blocks : list of list of Block
        By application, those that are placed first, first.
    """

    def __init__(self, batch: BatchProblem, budget: Budget) -> None:
        self._batch = batch
        self._budget = budget
        eligibility = batch.eligibility
        self.candidates: list[Ints] = [
            np.flatnonzero(most > 0).astype(np.int64) for most in eligibility.max_members
        ]
        self.prices: list[Floats] = [
            eligibility.prices[index][rows].astype(np.float64)
            for index, rows in enumerate(self.candidates)
        ]
        self.blocks = self._blocks_by_application()

    def _blocks_by_application(self) -> list[list[Block]]:
        """Return the blocks of each application, those that are placed first, first."""
        searched = self._batch.searched
        application_of = {
            index: number
            for number, classes in enumerate(self._batch.member_classes)
            for index in classes
        }
        found: list[list[Block]] = [[] for _ in self._batch.bundles]
        blocks = []
        for block in blocks_of(searched):
            numbers = {application_of[index] for index in block.member_classes}
            # What only the price of opening hosts joins is placed one by one.
            one_application = len(numbers) == 1
            single = [Block((index,), None) for index in block.member_classes]
            blocks += [block] if one_application else single
        order = next(block_orders(searched, blocks, self.candidates), [])
        for block in order:
            found[application_of[block.member_classes[0]]].append(block)
        return found

    def builder(self) -> PlacementBuilder:
        """Return a placement of nothing."""
        batch = self._batch
        return PlacementBuilder(batch.searched, batch.eligibility, self.candidates, self.prices)

    def place(
        self, order: list[int], builder: PlacementBuilder | None = None
    ) -> list[tuple[int, int]]:
        """Return ``(member class, row)`` of each member of the applications that find a place.

        By default the placement begins with nothing, at the hosts' prices.
        """
        builder = self.builder() if builder is None else builder
        placed: set[int] = set()
        failed: set[int] = set()
        for number in order:
            if self._budget.left() <= 0:
                break
            together = self._batch.with_needed(number) - placed
            if number in placed or together & failed:
                continue
            if self.add(builder, sorted(together)):
                placed |= together
            else:
                failed.add(number)
        self._add_optional_members(builder, placed)
        return builder.assignments()

    def add(self, builder: PlacementBuilder, numbers: list[int]) -> bool:
        """Place all members of some applications that must be placed; on failure none."""
        start = len(builder.placed)
        if all(self._add_one(builder, number) for number in self._named_first(numbers)):
            return True
        builder.undo(start)
        return False

    def _named_first(self, numbers: list[int]) -> list[int]:
        """Return applications, those that others of them name first."""
        named = {needed for number in numbers for needed in self._batch.bundles[number].needs}
        return sorted(numbers, key=lambda number: number not in named)

    def _add_one(self, builder: PlacementBuilder, number: int) -> bool:
        least = self._batch.least_members(number)
        whole = frozenset(self._batch.classes.whole_classes[number])
        for block in self.blocks[number]:
            if whole.issuperset(block.member_classes):
                if not builder.place_block(block):
                    return False
                continue
            for index in block.member_classes:
                for _ in range(least.get(index, 0)):
                    if not place_member(builder, index):
                        return False
        return True

    def _add_optional_members(self, builder: PlacementBuilder, placed: set[int]) -> None:
        """Place more members of placed applications, the most valuable for their size first."""
        classes = self._batch.classes
        if not classes.values:
            return
        open_classes = {index for number in placed for index in self._batch.member_classes[number]}
        counts = [0] * len(classes.numbers)
        for index, _ in builder.placed:
            counts[index] += 1
        most = [
            number if index in open_classes else counts[index]
            for index, number in enumerate(classes.numbers)
        ]
        closed: set[int] = set()
        for index in classes.between(tuple(counts), tuple(most)):
            if self._budget.left() <= 0:
                return
            if index not in closed and not place_member(builder, index):
                closed.add(index)


def place_member(builder: PlacementBuilder, class_index: int) -> bool:
    """Place one member where it is cheapest; return False where no host takes it."""
    mask, cost = builder.cost_of_next(class_index)
    if not mask.any():
        return False
    builder.place(class_index, int(np.argmin(np.where(mask, cost, np.inf))))
    return True
