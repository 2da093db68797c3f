"""A first placement: hardest group first, all hosts at once, cheapest first.

What it finds is an upper bound and a hint; for easy batches it is the answer. What it does
not find may exist all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.heuristic import follows_target
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.numa import CellRoom
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.column_generation import Relaxed
from groupsolver.solver.relaxation.columns import Slots, by_domain, cheapest

MIN_CANDIDATES_TRIED = 80  # candidates of a member class that are tried first, at least
SPARE = 5  # and at least so many for each member
CLOSE = 0.05  # a gap that is left to the search
DEAR = 10**6  # times its weight guides the heuristic in a tier that has a budget
TRIES = 8  # domains that are tried for a group that must stand in one


class Builder:
    """One placement under construction over chosen rows.

    Parameters
    ----------
    compiled problem : CompiledProblem
    survey : Survey
    candidates : list of (C,) int64, one a member class
    prices : list of (C,) float64, one a member class
        What to be guided by: the hosts' own prices, or those of the relaxation.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        survey: Survey,
        candidates: list[Ints],
        prices: list[Floats],
    ) -> None:
        self.compiled = compiled
        self.survey = survey
        rows = np.unique(np.concatenate(candidates)) if candidates else np.zeros(0, dtype=np.int64)
        self.rows = rows
        self.partial = Partial(compiled, rows)
        self.most = []
        for member_class, found in enumerate(candidates):
            most = np.zeros(len(rows), dtype=np.int64)
            at = np.searchsorted(rows, found)
            most[at] = survey.most[member_class][found]
            self.most.append(most)
        self.prices = [np.zeros(len(rows)) for _ in candidates]
        for member_class, found in enumerate(candidates):
            self.prices[member_class][np.searchsorted(rows, found)] = prices[member_class]
        self.free = {
            name: compiled.fleet.free(name)[rows]
            for member_class in compiled.member_classes
            for name, _ in member_class.size
        }
        self.cells = CellRoom(compiled, rows)
        self.landed = np.zeros(len(rows), dtype=np.int64)
        self.placed: list[tuple[int, int]] = []
        self._rules = [
            [
                rule
                for rule in rules_of(compiled.problem).counting(member_class.group)
                if rule.tier is not None or not isinstance(rule.policy, HostFilter)
            ]
            for member_class in compiled.member_classes
        ]

    def cost_of_next(self, member_class: int) -> tuple[Mask, Floats]:
        """Give where the next member of a member class may go, and what it costs there, (U,) each."""
        group = self.compiled.member_classes[member_class].group
        mask = self.most[member_class] > 0
        for name, amount in self.compiled.member_classes[member_class].size:
            mask &= self.free[name] >= amount
        if self.cells.any:
            mask &= self.cells.holds[member_class] > 0
        cost = self.prices[member_class]
        if self.survey.beyond_first:
            cost = cost + self.survey.beyond_first * (self.landed > 0)
        for rule in self._rules[member_class]:
            allowed = rule.policy.allowed(rule.group, group, self.partial)
            if allowed is None:
                continue
            if rule.policy.hard:
                mask &= allowed
            else:
                cost = cost + self._points(rule) * ~allowed
        return mask, cost

    def _points(self, rule: Rule) -> int:
        """Give the points of breaking a soft rule once; one of an earlier tier is dearer than whatever it may save."""
        dear = 1 if rule.tier is None else DEAR
        return dear * unit_of(self.survey.objective) * (rule.policy.weight or 0)

    def put(self, member_class: int, at: int) -> None:
        """Put one member of a member class down on row `at`."""
        self._move(member_class, at, 1)
        if self.cells.any:
            self.cells.put(member_class, at)
        self.partial.put(self.compiled.member_classes[member_class].group, at)
        self.placed.append((member_class, at))

    def undo(self, size: int) -> None:
        """Take members up again until `size` are left."""
        while len(self.placed) > size:
            member_class, at = self.placed.pop()
            self._move(member_class, at, -1)
            if self.cells.any:
                self.cells.take(member_class, at)
            self.partial.take(self.compiled.member_classes[member_class].group, at)

    def _move(self, member_class: int, at: int, number: int) -> None:
        for name, amount in self.compiled.member_classes[member_class].size:
            self.free[name][at] -= number * amount
        self.most[member_class][at] -= number
        self.landed[at] += number

    def fill(self, block: Block, inside: Mask) -> bool:
        """Put all members of a block down inside a mask; on failure leave nothing of them."""
        start = len(self.placed)
        chunked = {member_class for part in block.parts for member_class in part.member_classes}
        alone = [
            (member_class, self.compiled.member_classes[member_class].number)
            for member_class in block.member_classes
            if member_class not in chunked
        ]
        if self._line(alone, inside) and all(
            self._chunk(part, inside) for part in block.parts for _ in range(part.number)
        ):
            return True
        self.undo(start)
        return False

    def _line(
        self, member_classes: list[tuple[int, int]], inside: Mask, per_host: int | None = None
    ) -> bool:
        """Put so many members of each member class down inside a mask, one after another."""
        start = len(self.placed)
        here = np.zeros(len(self.rows), dtype=np.int64)
        for member_class, number in member_classes:
            for _ in range(number):
                mask, cost = self.cost_of_next(member_class)
                mask &= inside
                if per_host is not None:
                    mask &= here < per_host
                if not mask.any():
                    self.undo(start)
                    return False
                at = int(np.argmin(np.where(mask, cost, np.inf)))
                self.put(member_class, at)
                here[at] += 1
        return True

    def _chunk(self, part: ChunkedPart, inside: Mask) -> bool:
        """Put one chunk down in the cheapest of its domains where it fits."""
        share = [
            (member_class, self.compiled.member_classes[member_class].number // part.number)
            for member_class in part.member_classes
        ]
        codes = np.where(inside, self.partial.codes(part.level), -1)
        size = int(codes.max(initial=-1)) + 1
        cost: Floats = np.sum(
            [self.least(member_class, codes, size, number) for member_class, number in share],
            axis=0,
        )
        few = [
            code
            for code in np.argsort(cost, kind="stable")[:TRIES].tolist()
            if np.isfinite(cost[code])
        ]
        return any(self._line(share, codes == code, part.per_host) for code in few)

    def domains(self, block: Block) -> Iterator[Mask]:
        """Give the domains where a block may fit as a whole, the cheapest few first, as masks."""
        if block.level is None or not block.whole:
            yield np.ones(len(self.rows), dtype=np.bool_)
            return
        codes = self.partial.codes(block.level)
        size = int(codes.max(initial=-1)) + 1
        cost = np.zeros(size)
        for member_class in block.member_classes:
            cost += self.least(
                member_class, codes, size, self.compiled.member_classes[member_class].number
            )
        for code in np.argsort(cost, kind="stable")[:TRIES].tolist():
            if np.isfinite(cost[code]):
                yield codes == code

    def least(self, member_class: int, codes: Ints, size: int, number: int) -> Floats:
        """(D,) float: the least that so many members of a member class cost in each domain, inf where they do not fit."""
        mask, cost = self.cost_of_next(member_class)
        mask &= codes >= 0
        order = by_domain(cost[mask], codes[mask])
        return cheapest(
            cost[mask], self.slots(member_class)[mask], codes[mask], size, number, order
        )[0]

    def slots(self, member_class: int) -> Ints:
        """(U,) int64: how many of a member class each row can take as things stand."""
        slots = self.most[member_class]
        for name, amount in self.compiled.member_classes[member_class].size:
            slots = np.minimum(slots, self.free[name] // amount)
        if self.cells.any:
            slots = np.minimum(slots, self.cells.holds[member_class])
        for rule in self._rules[member_class]:
            if rule.policy.hard and level_on(rule.policy, self.compiled.fleet) == HOST:
                room = members_per_host(rule.policy, rule.group, self.partial)
                slots = slots if room is None else np.minimum(slots, room)
        return slots

    def placement(self) -> list[tuple[int, int]]:
        """Give ``(member class, row of the fleet)`` of each member that is down."""
        return [(member_class, int(self.rows[at])) for member_class, at in self.placed]


def orders(
    compiled: CompiledProblem, every: list[Block], candidates: list[Ints]
) -> Iterator[list[Block]]:
    """Give several orders of the blocks: the fewest choices first, the largest first, ..."""
    number = {
        member_class: compiled.member_classes[member_class].number
        for member_class in range(len(compiled.member_classes))
    }

    def tightness(block: Block) -> float:
        return min(
            len(candidates[member_class]) / number[member_class]
            for member_class in block.member_classes
        )

    def size(block: Block) -> float:
        return max(
            sum(amount for _, amount in compiled.member_classes[member_class].size)
            for member_class in block.member_classes
        )

    waits = _waits(compiled, every)
    yield sorted(every, key=lambda block: (waits[block], not block.whole, tightness(block)))
    yield sorted(every, key=lambda block: (waits[block], tightness(block)))
    yield sorted(every, key=lambda block: (waits[block], -size(block)))
    yield sorted(every, key=lambda block: (not block.whole, -size(block)))


def _waits(compiled: CompiledProblem, every: list[Block]) -> dict[Block, int]:
    """Count, for each block, how deep the chain of groups is that it must stand near to."""
    depth = dict.fromkeys(compiled.problem.groups, 0)
    near = [
        (rule.group, rule.policy.target)
        for rule in rules_of(compiled.problem).all
        if follows_target(rule.policy)
    ]
    for _ in range(min(len(near), 10)):  # a ring of `near` has no order: stop after a while
        for group, target in near:
            deepest = max(depth[other] for other in compiled.problem.below[str(target)])
            for member in compiled.problem.below[group]:
                depth[member] = min(10, max(depth[member], deepest + 1))
    return {
        block: max(
            depth[compiled.member_classes[member_class].group]
            for member_class in block.member_classes
        )
        for block in every
    }


def construct(
    compiled: CompiledProblem,
    survey: Survey,
    blocks: list[Block],
    slots: Slots,
    candidates: list[Ints],
    relaxed: Relaxed,
    best: Incumbent,
    budget: Budget,
) -> Iterator[list[tuple[int, int]]]:
    """Build placements: ``(member class, row)`` of each member, for each order and guide that succeeds.

    Guided by the prices of the relaxation, over the candidates that raise its bound least; where
    nothing good comes of it, by the hosts' own prices over all of them.
    """
    near, near_prices = [], []
    for member_class, rows in enumerate(candidates):
        part = slots.of(
            member_class
        )  # a member class's first slots come in the order of its candidates
        raises = relaxed.bounds.raises[part][: len(rows)]
        few = np.sort(
            np.argsort(raises, kind="stable")[
                : max(MIN_CANDIDATES_TRIED, SPARE * compiled.member_classes[member_class].number)
            ]
        )
        near.append(rows[few])
        near_prices.append(relaxed.prices[part][few])
    own = [
        survey.prices[member_class][rows].astype(np.float64)
        for member_class, rows in enumerate(candidates)
    ]
    for chosen, prices in ((near, near_prices), (candidates, own)):
        for order in orders(compiled, blocks, chosen):
            if budget.left() <= 0:
                return
            builder = Builder(compiled, survey, chosen, prices)
            if all(
                any(builder.fill(block, inside) for inside in builder.domains(block))
                for block in order
            ):
                yield builder.placement()
        # Where chunks are put depends on all of them: what is scarce for one order is not for another.
        if best.value is not None and best.gap <= (
            0.0 if any(block.parts for block in blocks) else CLOSE
        ):
            return
