"""Member classes that are bound to one domain together, and the others by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import keeps_together, members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.group_chunks import chunks_of


@dataclass(frozen=True)
class ChunkedPart:
    """Member classes of a block whose members come in chunks, each in one domain of a level of their own.

    Attributes
    ----------
    member classes : tuple of int
    number : int
        How many chunks; each has an equal share of each member class.
    level : str
        That of a chunk's domain.
    per_host : int or None
        How many members of one chunk may share a host.
    """

    member_classes: tuple[int, ...]
    number: int
    level: str
    per_host: int | None


@dataclass(frozen=True)
class Block:
    """Member classes that are put down in one go.

    Attributes
    ----------
    member classes : tuple of int
    rule : Rule or None
        Binds them all to one domain still to be chosen, or prices each domain beyond the first.
    level : str or None
        That of the one domain.
    price : int
        Points of a further domain; 0 where the rule is hard.
    parts : tuple of Part
        Those of its member classes whose members come in chunks.
    ceiling : (H,) int64 or None
        How many members of all its member classes each host may take, where a hard policy bounds it.
    """

    member_classes: tuple[int, ...]
    rule: Rule | None
    level: str | None = None
    price: int = 0
    parts: tuple[ChunkedPart, ...] = ()
    ceiling: Ints | None = field(default=None, compare=False)

    def codes(self, compiled: CompiledProblem, rows: Ints) -> Ints:
        """Give the domain of each of some rows of the fleet; one for all where nothing binds."""
        return (
            compiled.fleet.codes(self.level)[rows]
            if self.level
            else np.zeros(len(rows), dtype=np.int64)
        )

    def size(self, compiled: CompiledProblem) -> int:
        """How many domains there are."""
        return max(1, compiled.fleet.domains(self.level)) if self.level else 1

    def used(self, compiled: CompiledProblem) -> Mask:
        """(D,) bool: domains where running members stand, so that more cost nothing further."""
        if self.rule is None or self.level is None:
            return np.ones(1, dtype=np.bool_)
        used = compiled.running(self.rule.group, self.level) > 0
        return used if len(used) else np.zeros(1, dtype=np.bool_)

    def credit(self, compiled: CompiledProblem) -> int:
        """Give how many further domains are free: the first, where none is used yet."""
        if self.rule is None or self.level is None:
            return 0
        without_domain = compiled.running_without_domain(self.rule.group, self.level)
        beyond = int(np.count_nonzero(self.used(compiled))) + without_domain - 1
        return max(0, beyond, min(1, without_domain)) - beyond

    @property
    def whole(self) -> bool:
        """Whether all members must share one domain."""
        return self.rule is not None and not self.price


def blocks_of(compiled: CompiledProblem, unit: int = 0) -> list[Block]:
    """Group the member classes: those that a policy puts into one domain come as one.

    Hard policies first, the widest before others; then soft ones, the dearest first, where a
    unit of weight costs `unit` points.
    """
    free = set(range(len(compiled.member_classes)))
    found: list[Block] = []
    parts = _parts(compiled)
    binding = [
        rule
        for rule in rules_of(compiled.problem).all
        if keeps_together(rule.policy, compiled.fleet)
    ]
    hard = [
        rule for rule in binding if rule.policy.hard and not compiled.problem.running(rule.group)
    ]
    soft = [rule for rule in binding if rule.weight and unit]
    hard.sort(key=lambda rule: -len(compiled.member_classes_below(rule.group)))
    soft.sort(key=lambda rule: -rule.weight)
    for rule in hard + soft:
        member_classes = [
            member_class
            for member_class in compiled.member_classes_below(rule.group)
            if member_class in free
        ]
        if member_classes:
            inside = tuple(
                part
                for part in parts
                if free.issuperset(part.member_classes)
                and set(part.member_classes) <= set(member_classes)
            )
            if inside and not rule.policy.hard:
                continue  # what more domains cost is then left to the search
            ceiling = (
                _ceiling(compiled, set(member_classes))
                if len(member_classes) > 1 and not inside
                else None
            )
            found.append(
                Block(
                    tuple(member_classes),
                    rule,
                    level_on(rule.policy, compiled.fleet),
                    unit * rule.weight,
                    inside,
                    ceiling,
                )
            )
            free -= set(member_classes)
    for part in parts:
        if free.issuperset(part.member_classes):
            found.append(Block(part.member_classes, None, parts=(part,)))
            free -= set(part.member_classes)
    return found + [Block((member_class,), None) for member_class in sorted(free)]


def _parts(compiled: CompiledProblem) -> list[ChunkedPart]:
    return [
        ChunkedPart(
            tuple(compiled.member_classes_below(group)),
            policy.number,
            policy.inner,
            policy.per_host,
        )
        for group, policy in chunks_of(compiled.problem).items()
    ]


def _ceiling(compiled: CompiledProblem, member_classes: set[int]) -> Ints | None:
    here = Partial(compiled, compiled.fleet.codes(HOST))
    rooms = [
        room
        for rule in rules_of(compiled.problem).hard
        if member_classes <= set(compiled.member_classes_below(rule.group))
        and (room := members_per_host(rule.policy, rule.group, here)) is not None
    ]
    return np.minimum.reduce(rooms) if rooms else None
