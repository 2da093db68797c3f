"""Blocks: member classes that a policy binds to one domain, and the other classes by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import keeps_together, members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.group_chunks import chunks_of
from groupsolver.solver.presolve.openings import Opening, OpeningFloor


@dataclass(frozen=True)
class ChunkedPart:
    """Member classes of a block whose members come in chunks, each in one domain.

    Attributes
    ----------
    member_classes : tuple of int
    number : int
        How many chunks; each has an equal share of each member class.
    level : str
        The level of a chunk's domain.
    per_host : int or None
        How many members of one chunk may share a host.
    """

    member_classes: tuple[int, ...]
    number: int
    level: str
    per_host: int | None


@dataclass(frozen=True)
class Block:
    """Member classes that are placed in one go.

    Attributes
    ----------
    member_classes : tuple of int
    rule : Rule or None
        Binds them all to one domain still to be chosen, or prices each domain beyond the first.
    level : str or None
        The level of that domain.
    price : int
        Points of a further domain; 0 where the rule is hard.
    parts : tuple of ChunkedPart
        Those of its member classes whose members come in chunks.
    ceiling : (H,) int64 or None
        How many members of all its classes each host may take, where a hard policy bounds it.
    opening : Opening or None
        What its members pay for the domains that they open, with lower bounds. None where only
        `price` is known.
    """

    member_classes: tuple[int, ...]
    rule: Rule | None
    level: str | None = None
    price: int = 0
    parts: tuple[ChunkedPart, ...] = ()
    ceiling: Ints | None = field(default=None, compare=False)
    opening: Opening | None = field(default=None, compare=False)

    @property
    def shares_one_domain(self) -> bool:
        """Whether all members must share one domain."""
        return self.rule is not None and not self.price

    def codes(self, compiled: CompiledProblem, rows: Ints) -> Ints:
        """Return the domain of each of some rows; the same for all where nothing binds them."""
        if not self.level:
            return np.zeros(len(rows), dtype=np.int64)
        return compiled.fleet.codes(self.level)[rows]

    def domain_count(self, compiled: CompiledProblem) -> int:
        """Return how many domains there are, D."""
        return max(1, compiled.fleet.domains(self.level)) if self.level else 1

    def used_domains(self, compiled: CompiledProblem) -> Mask:
        """(D,) bool: domains with running members, where new members cost nothing further."""
        if self.rule is None or self.level is None:
            return np.ones(1, dtype=np.bool_)
        used = compiled.running(self.rule.group, self.level) > 0
        return used if len(used) else np.zeros(1, dtype=np.bool_)

    def domain_prices(self, compiled: CompiledProblem) -> Floats:
        """(D,) float64: points of opening each domain; 0 for one in use."""
        if self.opening is not None:
            return self.opening.points.astype(np.float64)
        return np.where(self.used_domains(compiled), 0.0, float(self.price))

    def credit_points(self, compiled: CompiledProblem) -> int:
        """Return the points of the domains that new members open for nothing."""
        if self.opening is not None:
            return self.opening.free_points
        return self.price * self.credit(compiled)

    @property
    def floors(self) -> tuple[OpeningFloor, ...]:
        """Lower bounds of what its own members pay for domains."""
        if self.opening is None or self.opening.member_classes != self.member_classes:
            return ()
        return self.opening.floors

    def credit(self, compiled: CompiledProblem) -> int:
        """Return how many of the domains that new members open cost nothing.

        The measure of the rule is ``max(0, domains in use - 1)``, where a member in no domain has
        a domain of its own, and at least 1 while there is such a member. So the first domain is
        free while none is in use.

        Example: running members in 0 domains: 1. In 1 or 2 domains: 0.
        """
        if self.rule is None or self.level is None:
            return 0
        without_domain = compiled.running_without_domain(self.rule.group, self.level)
        in_use = int(np.count_nonzero(self.used_domains(compiled))) + without_domain
        beyond_first = in_use - 1
        measure = max(0, beyond_first, min(1, without_domain))
        return measure - beyond_first


def blocks_of(
    compiled: CompiledProblem, weight_unit: int = 0, openings: Sequence[Opening] = ()
) -> list[Block]:
    """Group the member classes: those that a policy puts into one domain come as one block.

    Hard policies first, those over most classes before others; then soft ones, the dearest first.
    Where nothing binds any class and opening hosts has a price, all classes are one block.

    Parameters
    ----------
    compiled : CompiledProblem
    weight_unit : int, default 0
        Points of a unit of weight; with 0 soft policies bind nothing.
    openings : sequence of Opening
        Prices of opening domains, with lower bounds.
    """
    opening_of = {one.rule: one for one in openings if one.rule is not None}
    free = set(range(len(compiled.member_classes)))
    parts = _chunked_parts(compiled)
    blocks: list[Block] = []
    for rule in _binding_rules(compiled, weight_unit):
        below = [index for index in compiled.member_classes_below(rule.group) if index in free]
        if not below:
            continue
        inside = tuple(part for part in parts if set(below).issuperset(part.member_classes))
        if inside and not rule.policy.hard:
            continue  # what further domains cost is then left to the search
        ceiling = None
        if len(below) > 1 and not inside:
            ceiling = _ceiling(compiled, set(below))
        price = weight_unit * rule.weight
        level = level_on(rule.policy, compiled.fleet)
        opening = opening_of.get(rule) if price else None
        blocks.append(Block(tuple(below), rule, level, price, inside, ceiling, opening))
        free.difference_update(below)
    for part in parts:
        if free.issuperset(part.member_classes):
            blocks.append(Block(part.member_classes, None, parts=(part,)))
            free.difference_update(part.member_classes)
    if not blocks:
        blocks += [_block_of_hosts(one) for one in openings if one.rule is None]
        free.difference_update(*(block.member_classes for block in blocks))
    return blocks + [Block((class_index,), None) for class_index in sorted(free)]


def _block_of_hosts(opening: Opening) -> Block:
    """Return all classes as one block, which pays for each host that it opens."""
    price = int(opening.points.max(initial=0))
    return Block(opening.member_classes, None, opening.level, price, opening=opening)


def _binding_rules(compiled: CompiledProblem, weight_unit: int) -> list[Rule]:
    """Return the rules that bind their group to one domain, in the order in which they bind."""
    problem = compiled.problem
    binding = [
        rule for rule in rules_of(problem).all if keeps_together(rule.policy, compiled.fleet)
    ]
    # With running members the domain of a hard rule is known, and nothing is left to choose.
    hard = [rule for rule in binding if rule.policy.hard and not problem.running(rule.group)]
    soft = [rule for rule in binding if rule.weight and weight_unit]
    hard.sort(key=lambda rule: -len(compiled.member_classes_below(rule.group)))
    soft.sort(key=lambda rule: -rule.weight)
    return hard + soft


def _chunked_parts(compiled: CompiledProblem) -> list[ChunkedPart]:
    parts = []
    for group, chunks in chunks_of(compiled.problem).items():
        below = tuple(compiled.member_classes_below(group))
        parts.append(ChunkedPart(below, chunks.number, chunks.inner, chunks.per_host))
    return parts


def _ceiling(compiled: CompiledProblem, member_classes: set[int]) -> Ints | None:
    """(H,) int64: how many members of all some classes each host may take, by hard policies."""
    empty = Partial(compiled, compiled.fleet.codes(HOST))
    rooms = []
    for rule in rules_of(compiled.problem).hard:
        if member_classes <= set(compiled.member_classes_below(rule.group)):
            room = members_per_host(rule.policy, rule.group, empty)
            if room is not None:
                rooms.append(room)
    return np.minimum.reduce(rooms) if rooms else None
