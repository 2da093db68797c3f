"""Lots that are bound to one domain together, and the others by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Rule
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.group_chunks import Chunks


@dataclass(frozen=True)
class Part:
    """Lots of a block whose members come in chunks, each in one domain of a level of their own.

    Attributes
    ----------
    lots : tuple of int
    number : int
        How many chunks; each has an equal share of each lot.
    level : str
        That of a chunk's domain.
    per_host : int or None
        How many members of one chunk may share a host.
    """

    lots: tuple[int, ...]
    number: int
    level: str
    per_host: int | None


@dataclass(frozen=True)
class Block:
    """Lots that are put down in one go.

    Attributes
    ----------
    lots : tuple of int
    rule : Rule or None
        Binds them all to one domain still to be chosen, or prices each domain beyond the first.
    level : str or None
        That of the one domain.
    price : int
        Points of a further domain; 0 where the rule is hard.
    parts : tuple of Part
        Those of its lots whose members come in chunks.
    ceiling : (H,) int64 or None
        How many members of all its lots each host may take, where a hard policy bounds it.
    """

    lots: tuple[int, ...]
    rule: Rule | None
    level: str | None = None
    price: int = 0
    parts: tuple[Part, ...] = ()
    ceiling: Ints | None = field(default=None, compare=False)

    def codes(self, ground: Ground, rows: Ints) -> Ints:
        """Give the domain of each of some rows of the fleet; one for all where nothing binds."""
        return ground.fleet.codes(self.level)[rows] if self.level else np.zeros(len(rows), dtype=np.int64)

    def size(self, ground: Ground) -> int:
        """How many domains there are."""
        return max(1, ground.fleet.domains(self.level)) if self.level else 1

    def used(self, ground: Ground) -> Mask:
        """(D,) bool: domains where running members stand, so that more cost nothing further."""
        if self.rule is None or self.level is None:
            return np.ones(1, dtype=np.bool_)
        used = ground.running(self.rule.group, self.level) > 0
        return used if len(used) else np.zeros(1, dtype=np.bool_)

    def credit(self, ground: Ground) -> int:
        """Give how many further domains are free: the first, where none is used yet."""
        if self.rule is None or self.level is None:
            return 0
        adrift = ground.running_adrift(self.rule.group, self.level)
        beyond = int(np.count_nonzero(self.used(ground))) + adrift - 1
        return max(0, beyond, min(1, adrift)) - beyond

    @property
    def whole(self) -> bool:
        """Whether all members must share one domain."""
        return self.rule is not None and not self.price


def blocks_of(ground: Ground, unit: int = 0) -> list[Block]:
    """Group the lots: those that a policy puts into one domain come as one.

    Hard policies first, the widest before others; then soft ones, the dearest first, where a
    unit of weight costs `unit` points.
    """
    free = set(range(len(ground.lots)))
    found: list[Block] = []
    parts = _parts(ground)
    binding = [rule for rule in ground.scene.rules if rule.policy.binds_on(ground.fleet)]
    hard = [rule for rule in binding if rule.policy.hard and not ground.scene.running(rule.group)]
    soft = [rule for rule in binding if rule.weight and unit]
    hard.sort(key=lambda rule: -len(ground.lots_below(rule.group)))
    soft.sort(key=lambda rule: -rule.weight)
    for rule in hard + soft:
        lots = [lot for lot in ground.lots_below(rule.group) if lot in free]
        if lots:
            inside = tuple(part for part in parts if free.issuperset(part.lots) and set(part.lots) <= set(lots))
            if inside and not rule.policy.hard:
                continue  # what more domains cost is then left to the search
            ceiling = _ceiling(ground, set(lots)) if len(lots) > 1 and not inside else None
            found.append(Block(tuple(lots), rule, ground.level(rule), unit * rule.weight, inside, ceiling))
            free -= set(lots)
    for part in parts:
        if free.issuperset(part.lots):
            found.append(Block(part.lots, None, parts=(part,)))
            free -= set(part.lots)
    return found + [Block((lot,), None) for lot in sorted(free)]


def _parts(ground: Ground) -> list[Part]:
    chunks = [(rule.group, rule.policy) for rule in ground.scene.rules if isinstance(rule.policy, Chunks)]
    return [
        Part(tuple(ground.lots_below(group)), policy.number, policy.inner, policy.per_host) for group, policy in chunks
    ]


def _ceiling(ground: Ground, lots: set[int]) -> Ints | None:
    here = Partial(ground, ground.fleet.codes(HOST))
    rooms = [
        room
        for rule in ground.scene.hard()
        if lots <= set(ground.lots_below(rule.group)) and (room := rule.policy.room(rule.group, here)) is not None
    ]
    return np.minimum.reduce(rooms) if rooms else None
