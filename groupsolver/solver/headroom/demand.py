"""What copies of an application ask of hosts, in numbers: units, what a host takes of them, ceilings.

A unit is a lot of one copy, or all lots that a hard policy puts on one host together. Over k copies, n of
a unit in each, k n units stand on hosts, wherever each copy's own stand. Rules of a copy add ceilings:
where no copy has more than m members of a group in a domain, k copies have at most k m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Survey, survey

MANY = 2**40  # members on a host: more than any has room for
Members = dict[int, int]  # by lot


@dataclass(frozen=True)
class Ceiling:
    """``low * k <= sum(weight * units in d) <= high * k`` for each domain d of a level, over k copies.

    Attributes
    ----------
    level : str
    weight : (U,) float64
    low, high : float
    counted : (D,) bool or None
        The domains that `low` speaks of; None: all.
    group : str
        Whose rule it is, and `kind` which.
    """

    level: str
    weight: Floats
    high: float
    low: float
    counted: Mask | None
    group: str
    kind: str


@dataclass(frozen=True)
class Whole:
    """Units that each copy has in one domain of a level above host: members of one group."""

    level: str
    units: tuple[int, ...]
    group: str
    kind: str


@dataclass(frozen=True)
class Demand:
    """What one copy asks.

    Attributes
    ----------
    ground : Ground
        Of one copy.
    names : tuple of str
        Resource classes, R of them.
    units : tuple of dict of int to int
        Members by lot in each unit, U of them.
    number : (U,) int64
        How many of each unit a copy has.
    size : (U, R) int64
    slots : (U, H) int64
        How many of each unit a host takes, alone.
    necessary, even : tuple of Ceiling
        What any k copies keep; and what lets members be dealt evenly to k copies so that rules hold.
    wholes : tuple of Whole
    """

    ground: Ground
    names: tuple[str, ...]
    units: tuple[Members, ...]
    number: Ints
    size: Ints
    slots: Ints
    necessary: tuple[Ceiling, ...]
    even: tuple[Ceiling, ...]
    wholes: tuple[Whole, ...]

    def levels(self) -> list[str]:
        """Give the levels above host that ceilings and wholes speak of."""
        told = {one.level for one in (*self.necessary, *self.even)} | {one.level for one in self.wholes}
        told -= {HOST}
        return sorted(told, key=lambda level: (self.ground.fleet.domains(level), level))

    def free(self) -> Ints:
        """(H, R) int64: what is free of each host that something may land on."""
        fleet = self.ground.fleet
        columns = [np.where(fleet.ready, fleet.free(name), 0) for name in self.names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(fleet), 0), dtype=np.int64)


def demand_of(ground: Ground) -> Demand:
    """Read it from the rules of one copy."""
    known = survey(ground, "pack")
    units = _units(ground)
    names = tuple(sorted({name for lot in ground.lots for name, _ in lot.size}))
    sizes = [[dict(lot.size).get(name, 0) for name in names] for lot in ground.lots]
    size = [[sum(n * sizes[lot][r] for lot, n in unit.items()) for r in range(len(names))] for unit in units]
    number = [ground.lots[next(iter(unit))].number if len(unit) == 1 and 1 in unit.values() else 1 for unit in units]
    necessary, even = _ceilings(ground, units)
    wholes = tuple(
        Whole(str(ground.level(rule)), tuple(inside), rule.group, rule.policy.kind)
        for rule in ground.scene.hard()
        if rule.policy.binds_on(ground.fleet)
        and ground.level(rule) != HOST
        and (inside := _inside(units, ground.lots_below(rule.group)))
    )
    return Demand(
        ground,
        names,
        tuple(units),
        np.array(number, dtype=np.int64),
        np.array(size, dtype=np.int64).reshape(len(units), len(names)),
        _slots(ground, known, units, dict(zip(names, np.array(size).T, strict=True)) if names else {}),
        tuple(necessary),
        tuple(even),
        wholes,
    )


def _units(ground: Ground) -> list[Members]:
    """Join the lots that must share a host; others are units by themselves, a member each."""
    joined = {lot: frozenset([lot]) for lot in range(len(ground.lots))}
    bound: set[int] = set()
    for rule in ground.scene.hard():
        if rule.policy.binds_on(ground.fleet) and ground.level(rule) == HOST:
            together = frozenset().union(*(joined[lot] for lot in ground.lots_below(rule.group)))
            bound |= together
            joined |= dict.fromkeys(together, together)
    found = dict.fromkeys(joined.values())
    return [{lot: ground.lots[lot].number if lot in bound else 1 for lot in sorted(lots)} for lots in found]


def _inside(units: list[Members], lots: list[int]) -> list[int]:
    """Give the units that have members of some lots: where these are bound to one place, so are they."""
    return [number for number, unit in enumerate(units) if unit.keys() & set(lots)]


def _slots(ground: Ground, known: Survey, units: list[Members], size: dict[str, Ints]) -> Ints:
    fleet = ground.fleet
    found = []
    for number, unit in enumerate(units):
        slots = np.where(fleet.ready, np.int64(MANY), np.int64(0))
        for name, amounts in size.items():
            if amounts[number]:
                slots = np.minimum(slots, fleet.free(name) // amounts[number])
        for lot, count in unit.items():
            alone = fleet.slots(dict(ground.lots[lot].size), MANY)
            slots = np.where(known.most[lot] >= count, np.minimum(slots, alone // count), 0)
        found.append(slots)
    return np.array(found, dtype=np.int64).reshape(len(units), len(fleet))


def _ceilings(ground: Ground, units: list[Members]) -> tuple[list[Ceiling], list[Ceiling]]:
    necessary, even = [], []
    for rule in ground.scene.hard():
        policy, group, level = rule.policy, rule.group, str(ground.level(rule))
        weight = _weights(ground, units, group)
        if not weight.any():
            continue
        most, window = policy.most_in_one(group, ground), policy.even(group, ground)
        if most is not None:
            necessary.append(Ceiling(level, weight, float(most), 0.0, None, group, policy.kind))
        if window is not None:
            low = float(window[0]) if level != HOST else 0.0  # hosts are many: they are not held to it here
            counted = ground.spread_over(group, level) if low else None
            even.append(Ceiling(level, weight, float(window[1]), low, counted, group, policy.kind))
        rivals = policy.rivals(group, ground.scene)
        if rivals is not None:
            share = np.zeros(len(units))
            for one in rivals[0]:
                share += _weights(ground, units, one) / max(1, ground.scene.size(one))
            necessary.append(Ceiling(level, share, float(rivals[1]), 0.0, None, group, policy.kind))
    return necessary, even


def _weights(ground: Ground, units: list[Members], group: str) -> Floats:
    below = set(ground.lots_below(group))
    return np.array([float(sum(n for lot, n in unit.items() if lot in below)) for unit in units])
