"""A first placement: hardest block first, all hosts at once, cheapest first.

What it finds is an upper bound and a hint; for easy problems it is the answer. It finds no proof:
where it fails, there may be a placement all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.heuristic import follows_target, marginal_cost
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.presolve import limit_per_domain
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.numa import CellUsage
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.preparation import PreparedProblem
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.columns import cheapest, sort_by_domain

MIN_CANDIDATES_TRIED = 80  # candidates of a member class that are tried first, at least
CANDIDATES_PER_MEMBER = 5  # and at least so many for each member
CLOSE_GAP = 0.05  # a gap that is left to the search
TIER_FACTOR = 10**6  # times its weight guides the heuristic, for a rule of a tier with a budget
MAX_RANKS = 8  # members of a host whose prices are told apart where domains are compared
DOMAINS_TRIED = 8  # domains that are tried for a group that must be in one
MAX_DEPTH = 10  # of chains of groups that are placed near each other


class PlacementBuilder:
    """One placement under construction over chosen rows.

    Parameters
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility
    candidates : list of (C,) int64, one a member class
    prices : list of (C,) float64, one a member class
        The guide: the hosts' own prices, or those of the relaxation.

    Attributes
    ----------
    rows : (U,) int64
        The hosts that are a candidate of some member class, as rows of the fleet, ascending. A
        *position* is an index into them.
    placed : list of (int, int)
        ``(class_index, position)`` of each member placed so far.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        eligibility: Eligibility,
        candidates: list[Ints],
        prices: list[Floats],
    ) -> None:
        self.compiled = compiled
        self.eligibility = eligibility
        self.rows = np.zeros(0, dtype=np.int64)
        if candidates:
            self.rows = np.unique(np.concatenate(candidates))
        self.partial = Partial(compiled, self.rows)
        self.placed: list[tuple[int, int]] = []
        size = len(self.rows)
        self._candidates = candidates
        self._candidate_prices = prices
        # By class, made when it is first placed: (U,) members still allowed on each row; prices.
        self._class_arrays: dict[int, tuple[Ints, Floats]] = {}
        names = {name for member_class in compiled.member_classes for name, _ in member_class.size}
        self._free = {name: compiled.fleet.free(name)[self.rows] for name in names}
        self._pools = {
            name: numbers[self.rows]
            for name, numbers in compiled.fleet.pools.of.items()
            if name in names
        }
        self._cells = CellUsage(compiled, self.rows)
        self._new_on_host = np.zeros(size, dtype=np.int64)
        self._opening_prices: Ints | None = None
        if eligibility.opening_prices is not None:
            self._opening_prices = eligibility.opening_prices[self.rows]
        self._rules = [
            _guiding_rules(compiled, member_class.group) for member_class in compiled.member_classes
        ]

    def _arrays_of(self, class_index: int) -> tuple[Ints, Floats]:
        """Return how many members of a class each row may still take, and its prices, (U,) each."""
        arrays = self._class_arrays.get(class_index)
        if arrays is None:
            hosts = self._candidates[class_index]
            positions = np.searchsorted(self.rows, hosts)
            max_members = np.zeros(len(self.rows), dtype=np.int64)
            max_members[positions] = self.eligibility.max_members[class_index][hosts]
            price = np.zeros(len(self.rows))
            price[positions] = self._candidate_prices[class_index]
            arrays = max_members, price
            self._class_arrays[class_index] = arrays
        return arrays

    def cost_of_next(self, class_index: int) -> tuple[Mask, Floats]:
        """Return where the next member of a class may be placed, and what it costs: (U,) each."""
        member_class = self.compiled.member_classes[class_index]
        max_members, cost = self._arrays_of(class_index)
        mask = max_members > 0
        for name, amount in member_class.size:
            mask &= self._free[name] >= amount
        if self._cells.any:
            mask &= self._cells.holds[class_index] > 0
        extra_price = self.eligibility.extra_member_price
        if extra_price:
            cost = cost + extra_price * self._new_on_host
        if self._opening_prices is not None:
            cost = cost + np.where(self._new_on_host > 0, 0, self._opening_prices)
        for rule in self._rules[class_index]:
            if not rule.policy.hard:
                marginal = marginal_cost(rule.policy, rule.group, member_class.group, self.partial)
                if marginal is not None:
                    cost = cost + self._penalty(rule) * marginal
                    continue
            allowed = rule.policy.allowed(rule.group, member_class.group, self.partial)
            if allowed is None:
                continue
            if rule.policy.hard:
                mask &= allowed
            else:
                cost = cost + self._penalty(rule) * ~allowed
        return mask, cost

    def free_for(self, class_index: int) -> dict[str, Mask]:
        """Return, by resource class, where enough is left for one member of a class: (U,) each."""
        size = self.compiled.member_classes[class_index].size
        return {name: self._free[name] >= amount for name, amount in size}

    def _penalty(self, rule: Rule) -> int:
        """Return the points of breaking a soft rule once.

        A rule of an earlier tier is dearer than anything that breaking it may save.
        """
        factor = 1 if rule.tier is None else TIER_FACTOR
        return factor * unit_of(self.eligibility.objective) * (rule.policy.weight or 0)

    def place(self, class_index: int, position: int) -> None:
        """Place one member of a class."""
        self._take_room(class_index, position, 1)
        if self._cells.any:
            self._cells.put(class_index, position)
        self.partial.put(self.compiled.member_classes[class_index].group, position)
        self.placed.append((class_index, position))

    def undo(self, size: int) -> None:
        """Remove the members placed last until `size` are left."""
        while len(self.placed) > size:
            class_index, position = self.placed.pop()
            self._take_room(class_index, position, -1)
            if self._cells.any:
                self._cells.take(class_index, position)
            self.partial.take(self.compiled.member_classes[class_index].group, position)

    def _take_room(self, class_index: int, position: int, number: int) -> None:
        for name, amount in self.compiled.member_classes[class_index].size:
            pool = self._pools[name][position] if name in self._pools else -1
            if pool < 0:
                self._free[name][position] -= number * amount
            else:  # what one host takes of a pool is free on none of the others
                self._free[name][self._pools[name] == pool] -= number * amount
        self._arrays_of(class_index)[0][position] -= number
        self._new_on_host[position] += number

    def place_block(self, block: Block) -> bool:
        """Place all members of a block; on failure none of them."""
        return any(self._fill(block, inside) for inside in self._domains(block))

    def _fill(self, block: Block, inside: Mask) -> bool:
        """Place all members of a block on the rows of a mask; on failure none of them."""
        start = len(self.placed)
        chunked = {index for part in block.parts for index in part.member_classes}
        one_by_one = {
            index: self.compiled.member_classes[index].number
            for index in block.member_classes
            if index not in chunked
        }
        if self._place_one_by_one(one_by_one, inside) and self._place_chunks(block, inside):
            return True
        self.undo(start)
        return False

    def _place_one_by_one(
        self, numbers: dict[int, int], inside: Mask, per_host: int | None = None
    ) -> bool:
        """Place members by class, each at the cheapest row of a mask; on failure none.

        Parameters
        ----------
        numbers : dict of int to int
            How many members of each class.
        per_host : int, optional
            How many of these members may share a host.
        """
        start = len(self.placed)
        placed_here = np.zeros(len(self.rows), dtype=np.int64)
        for class_index, number in numbers.items():
            if self._are_apart(class_index):
                if not self._place_apart(class_index, number, inside):
                    self.undo(start)
                    return False
                continue
            for _ in range(number):
                mask, cost = self.cost_of_next(class_index)
                mask &= inside
                if per_host is not None:
                    mask &= placed_here < per_host
                if not mask.any():
                    self.undo(start)
                    return False
                position = int(np.argmin(np.where(mask, cost, np.inf)))
                self.place(class_index, position)
                placed_here[position] += 1
        return True

    def _are_apart(self, class_index: int) -> bool:
        """Return whether a host takes one member of a class, and says nothing of other hosts."""
        if self._pools:
            return False
        return all(
            rule.policy.hard and rule.policy.at == HOST and limit_per_domain(rule.policy) == 1
            for rule in self._rules[class_index]
        ) and bool(self._rules[class_index])

    def _place_apart(self, class_index: int, number: int, inside: Mask) -> bool:
        """Place members of a class on the cheapest hosts, one on each; on failure some of them.

        As each host takes one, the prices of the other hosts do not change: all are chosen at once.
        """
        mask, cost = self.cost_of_next(class_index)
        positions = np.flatnonzero(mask & inside)
        cheapest_first = positions[np.argsort(cost[positions], kind="stable")[:number]]
        for position in cheapest_first.tolist():
            self.place(class_index, position)
        return len(cheapest_first) == number

    def place_some(self, block: Block) -> None:
        """Place as many members of a block as find a host; none where a domain binds it."""
        if block.shares_one_domain or block.parts:
            return
        everywhere = np.ones(len(self.rows), dtype=np.bool_)
        for class_index in block.member_classes:
            number = self.compiled.member_classes[class_index].number
            if self._are_apart(class_index):
                self._place_apart(class_index, number, everywhere)
                continue
            for _ in range(number):
                if not self._place_one_by_one({class_index: 1}, everywhere):
                    break

    def _place_chunks(self, block: Block, inside: Mask) -> bool:
        """Place the chunks of a block, one after another, until one finds no domain."""
        for part in block.parts:
            for _ in range(part.number):
                if not self._place_chunk(part, inside):
                    return False
        return True

    def _place_chunk(self, part: ChunkedPart, inside: Mask) -> bool:
        """Place one chunk in the cheapest of its domains where it fits."""
        share = {
            index: self.compiled.member_classes[index].number // part.number
            for index in part.member_classes
        }
        codes = np.where(inside, self.partial.codes(part.level), -1)
        return any(
            self._place_one_by_one(share, codes == domain, part.per_host)
            for domain in self._cheapest_domains(share, codes)
        )

    def _domains(self, block: Block) -> Iterator[Mask]:
        """Yield the domains where a block may fit as a whole, the cheapest first, (U,) bool."""
        if block.level is None or not block.shares_one_domain:
            yield np.ones(len(self.rows), dtype=np.bool_)
            return
        codes = self.partial.codes(block.level)
        numbers = {
            index: self.compiled.member_classes[index].number for index in block.member_classes
        }
        for domain in self._cheapest_domains(numbers, codes):
            yield codes == domain

    def _cheapest_domains(self, numbers: dict[int, int], codes: Ints) -> list[int]:
        """Return the few domains where members of some classes cost least."""
        size = int(codes.max(initial=-1)) + 1
        cost = np.zeros(size)
        for class_index, number in numbers.items():
            cost += self._least_cost(class_index, codes, size, number)
        cheapest_first = np.argsort(cost, kind="stable")[:DOMAINS_TRIED]
        return [domain for domain in cheapest_first.tolist() if np.isfinite(cost[domain])]

    def _least_cost(self, class_index: int, codes: Ints, size: int, number: int) -> Floats:
        """(D,) float: the least that members of a class cost in each domain, inf if too many."""
        mask, cost = self.cost_of_next(class_index)
        mask &= codes >= 0
        cost = cost[mask]
        codes = codes[mask]
        room = self._room(class_index)[mask]
        cost, codes, room = self._by_rank(cost, codes, room, number)
        total, _ = cheapest(cost, room, codes, size, number, sort_by_domain(cost, codes))
        return total

    def _by_rank(
        self, cost: Floats, codes: Ints, room: Ints, number: int
    ) -> tuple[Floats, Ints, Ints]:
        """Repeat hosts, once for each of a few further members, where these are dearer."""
        extra_price = self.eligibility.extra_member_price
        ranks = min(number, int(room.max(initial=0)), MAX_RANKS)
        if not extra_price or ranks < 2:
            return cost, codes, room
        costs = [cost + extra_price * rank for rank in range(ranks)]
        rooms = [np.clip(room - rank, 0, 1) for rank in range(ranks - 1)]
        rooms.append(np.maximum(0, room - (ranks - 1)))
        return np.concatenate(costs), np.tile(codes, ranks), np.concatenate(rooms)

    def _room(self, class_index: int) -> Ints:
        """(U,) int64: how many members of a class each row can take now."""
        room, _ = self._arrays_of(class_index)
        for name, amount in self.compiled.member_classes[class_index].size:
            room = np.minimum(room, self._free[name] // amount)
        if self._cells.any:
            room = np.minimum(room, self._cells.holds[class_index])
        for rule in self._rules[class_index]:
            if rule.policy.hard and level_on(rule.policy, self.compiled.fleet) == HOST:
                rule_room = members_per_host(rule.policy, rule.group, self.partial)
                if rule_room is not None:
                    room = np.minimum(room, rule_room)
        return room

    def assignments(self) -> list[Assignment]:
        """Return ``(class_index, row of the fleet)`` of each member that is placed."""
        return [(class_index, int(self.rows[position])) for class_index, position in self.placed]


def _guiding_rules(compiled: CompiledProblem, group: str) -> list[Rule]:
    """Return the rules to ask before each member; the others are in eligibility and price."""
    return [
        rule
        for rule in rules_of(compiled.problem).counting(group)
        if rule.tier is not None or not isinstance(rule.policy, HostFilter)
    ]


def block_orders(
    compiled: CompiledProblem, blocks: list[Block], candidates: list[Ints]
) -> Iterator[list[Block]]:
    """Yield several orders of the blocks: the fewest choices first, the largest members first."""
    depth = _depths(compiled, blocks)

    def tightness(block: Block) -> float:
        return min(
            len(candidates[index]) / compiled.member_classes[index].number
            for index in block.member_classes
        )

    def largest_first(block: Block) -> float:
        sizes = (compiled.member_classes[index].size for index in block.member_classes)
        return -max(sum(amount for _, amount in size) for size in sizes)

    def any_domains(block: Block) -> bool:
        return not block.shares_one_domain

    keys: list[Callable[[Block], tuple[float, ...]]] = [
        lambda block: (depth[block], any_domains(block), tightness(block)),
        lambda block: (depth[block], tightness(block)),
        lambda block: (depth[block], largest_first(block)),
        lambda block: (any_domains(block), largest_first(block)),
    ]
    for key in keys:
        yield sorted(blocks, key=key)


def _depths(compiled: CompiledProblem, blocks: list[Block]) -> dict[Block, int]:
    """Return, for each block, how deep the chain of groups is that it follows.

    Example: A is near B, and B is near C: C has depth 0, B 1 and A 2, so C is placed first.
    """
    problem = compiled.problem
    depth = dict.fromkeys(problem.groups, 0)
    follows = [
        (rule.group, str(rule.policy.target))
        for rule in rules_of(problem).all
        if follows_target(rule.policy)
    ]
    # Groups that follow each other in a ring have no order: stop after a while.
    for _ in range(min(len(follows), MAX_DEPTH)):
        for group, target in follows:
            deepest = max(depth[other] for other in problem.below[target])
            for member in problem.below[group]:
                depth[member] = min(MAX_DEPTH, max(depth[member], deepest + 1))
    return {
        block: max(depth[compiled.member_classes[index].group] for index in block.member_classes)
        for block in blocks
    }


def construct(
    prepared: PreparedProblem, best: Incumbent, budget: Budget
) -> Iterator[list[Assignment]]:
    """Yield placements: assignments of all members, for each order and guide that succeeds.

    First guided by the prices of the relaxation, over the candidates that raise its bound least.
    Where nothing good comes of it, by the hosts' own prices over all candidates.

    Parameters
    ----------
    prepared : PreparedProblem
    best : Incumbent
        The placements offered so far; asked whether another guide is worth its time.
    budget : Budget
    """
    compiled = prepared.compiled
    # Where chunks are placed depends on all of them: what is scarce for one order is not for
    # another, so a small gap is no reason to stop.
    has_chunks = any(block.parts for block in prepared.blocks)
    good_gap = 0.0 if has_chunks else CLOSE_GAP
    for candidates, prices in _guides(prepared):
        for order in block_orders(compiled, prepared.blocks, candidates):
            if budget.left() <= 0:
                return
            builder = PlacementBuilder(compiled, prepared.eligibility, candidates, prices)
            if all(builder.place_block(block) for block in order):
                yield builder.assignments()
        if best.value is not None and best.gap <= good_gap:
            return


def construct_quickly(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    candidates: list[Ints],
    blocks: list[Block],
    budget: Budget,
) -> Iterator[list[Assignment]]:
    """Yield the placement at the hosts' own prices in the first order that succeeds, if any does.

    For problems of very many member classes, before their relaxation.
    """
    own_prices = _own_prices(eligibility, candidates)
    for order in block_orders(compiled, blocks, candidates):
        if budget.left() <= 0:
            return
        builder = PlacementBuilder(compiled, eligibility, candidates, own_prices)
        if all(budget.left() > 0 and builder.place_block(block) for block in order):
            yield builder.assignments()
            return


def _own_prices(eligibility: Eligibility, candidates: list[Ints]) -> list[Floats]:
    return [
        eligibility.prices[class_index][rows].astype(np.float64)
        for class_index, rows in enumerate(candidates)
    ]


def _guides(prepared: PreparedProblem) -> Iterator[tuple[list[Ints], list[Floats]]]:
    """Yield candidates and their prices: the promising ones first, then all."""
    yield _promising(prepared)
    yield prepared.candidates, _own_prices(prepared.eligibility, prepared.candidates)


def _promising(prepared: PreparedProblem) -> tuple[list[Ints], list[Floats]]:
    """Return the candidates that raise the bound of the relaxation least, and its prices."""
    relaxed = prepared.relaxed
    candidates = []
    prices = []
    for class_index, rows in enumerate(prepared.candidates):
        part = prepared.columns.of(class_index)
        # A class's first columns are its candidates, in the same order.
        raises = relaxed.bounds.raises[part][: len(rows)]
        members = prepared.compiled.member_classes[class_index].number
        number = max(MIN_CANDIDATES_TRIED, CANDIDATES_PER_MEMBER * members)
        least = _least(raises, number)
        candidates.append(rows[least])
        prices.append(relaxed.guide[part][least])
    return candidates, prices


def _least(values: Floats, number: int) -> Ints:
    """Return the places of the least values, ascending; of equal ones, the first."""
    if number >= len(values):
        return np.arange(len(values), dtype=np.int64)
    largest = np.partition(values, number - 1)[number - 1]
    below = np.flatnonzero(values < largest)
    equal = np.flatnonzero(values == largest)[: number - len(below)]
    return np.sort(np.concatenate([below, equal]))
