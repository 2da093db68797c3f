"""Lots that are bound to one domain together, and the others by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.ground import Ground
from groupsolver.constraints.scene import Rule
from groupsolver.model.compiled import Ints


@dataclass(frozen=True)
class Block:
    """Lots that are put down in one go; `rule` binds them all to one domain still to be chosen."""

    lots: tuple[int, ...]
    rule: Rule | None

    @property
    def level(self) -> str | None:
        """The level of the one domain, if any."""
        return self.rule.policy.at if self.rule else None

    def codes(self, ground: Ground, rows: Ints) -> Ints:
        """Give the domain of each of some rows of the fleet; one for all where nothing binds."""
        return ground.fleet.codes(self.level)[rows] if self.level else np.zeros(len(rows), dtype=np.int64)

    def size(self, ground: Ground) -> int:
        """How many domains there are."""
        return ground.fleet.domains(self.level) if self.level else 1


def blocks_of(ground: Ground) -> list[Block]:
    """Group the lots: those that a hard policy puts into one domain come as one, the widest such policy first."""
    free = set(range(len(ground.lots)))
    found: list[Block] = []
    binding = [
        rule for rule in ground.scene.hard() if rule.policy.binds_whole and not ground.scene.running(rule.group)
    ]
    for rule in sorted(binding, key=lambda rule: -len(ground.lots_below(rule.group))):
        lots = [lot for lot in ground.lots_below(rule.group) if lot in free]
        if lots:
            found.append(Block(tuple(lots), rule))
            free -= set(lots)
    return found + [Block((lot,), None) for lot in sorted(free)]
