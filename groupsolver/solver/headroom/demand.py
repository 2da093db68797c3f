"""What copies of an application ask of hosts, in numbers: units, what a host takes of them, ceilings.

A unit is a member class of one copy, or all member classes that a hard policy puts on one host together. Over k copies, n of
a unit in each, k n units stand on hosts, wherever each copy's own stand. Rules of a copy add ceilings:
where no copy has more than m members of a group in a domain, k copies have at most k m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.eligibility import occupiable_domains
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.headroom import balanced_window, most_in_one_domain
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import keeps_together, mutually_exclusive_groups
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Eligibility, find_eligibility

UNBOUNDED_MEMBERS = 2**40  # members on a host: more than any has room for
Members = dict[int, int]  # by member class


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
    compiled problem : CompiledProblem
        Of one copy.
    names : tuple of str
        Resource classes, R of them.
    units : tuple of dict of int to int
        Members by member class in each unit, U of them.
    number : (U,) int64
        How many of each unit a copy has.
    size : (U, R) int64
    slots : (U, H) int64
        How many of each unit a host takes, alone.
    necessary, even : tuple of Ceiling
        What any k copies keep; and what lets members be dealt evenly to k copies so that rules hold.
    wholes : tuple of Whole
    """

    compiled: CompiledProblem
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
        told = {one.level for one in (*self.necessary, *self.even)} | {
            one.level for one in self.wholes
        }
        told -= {HOST}
        return sorted(told, key=lambda level: (self.compiled.fleet.domains(level), level))

    def free(self) -> Ints:
        """(H, R) int64: what is free of each host that something may land on."""
        fleet = self.compiled.fleet
        columns = [np.where(fleet.ready, fleet.free(name), 0) for name in self.names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(fleet), 0), dtype=np.int64)


def demand_of(compiled: CompiledProblem) -> Demand:
    """Read it from the rules of one copy."""
    known = find_eligibility(compiled, "pack")
    units = _units(compiled)
    names = tuple(
        sorted({name for member_class in compiled.member_classes for name, _ in member_class.size})
    )
    sizes = [
        [dict(member_class.size).get(name, 0) for name in names]
        for member_class in compiled.member_classes
    ]
    size = [
        [
            sum(n * sizes[member_class][r] for member_class, n in unit.items())
            for r in range(len(names))
        ]
        for unit in units
    ]
    number = [
        compiled.member_classes[next(iter(unit))].number
        if len(unit) == 1 and 1 in unit.values()
        else 1
        for unit in units
    ]
    necessary, even = _ceilings(compiled, units)
    wholes = tuple(
        Whole(
            str(level_on(rule.policy, compiled.fleet)), tuple(inside), rule.group, rule.policy.kind
        )
        for rule in rules_of(compiled.problem).hard
        if keeps_together(rule.policy, compiled.fleet)
        and level_on(rule.policy, compiled.fleet) != HOST
        and (inside := _inside(units, compiled.member_classes_below(rule.group)))
    )
    return Demand(
        compiled,
        names,
        tuple(units),
        np.array(number, dtype=np.int64),
        np.array(size, dtype=np.int64).reshape(len(units), len(names)),
        _slots(
            compiled, known, units, dict(zip(names, np.array(size).T, strict=True)) if names else {}
        ),
        tuple(necessary),
        tuple(even),
        wholes,
    )


def _units(compiled: CompiledProblem) -> list[Members]:
    """Join the member classes that must share a host; others are units by themselves, a member each."""
    joined = DisjointSets(range(len(compiled.member_classes)))
    bound: set[int] = set()
    for rule in rules_of(compiled.problem).hard:
        together = keeps_together(rule.policy, compiled.fleet)
        if together and level_on(rule.policy, compiled.fleet) == HOST:
            below = compiled.member_classes_below(rule.group)
            joined.join(below)
            bound.update(below)
    found = dict.fromkeys(joined.parts().values())
    return [
        {
            class_index: compiled.member_classes[class_index].number if class_index in bound else 1
            for class_index in sorted(part)
        }
        for part in found
    ]


def _inside(units: list[Members], member_classes: list[int]) -> list[int]:
    """Give the units that have members of some member classes: where these are bound to one place, so are they."""
    return [number for number, unit in enumerate(units) if unit.keys() & set(member_classes)]


def _slots(
    compiled: CompiledProblem, known: Eligibility, units: list[Members], size: dict[str, Ints]
) -> Ints:
    fleet = compiled.fleet
    found = []
    for number, unit in enumerate(units):
        slots = np.where(fleet.ready, np.int64(UNBOUNDED_MEMBERS), np.int64(0))
        for name, amounts in size.items():
            if amounts[number]:
                slots = np.minimum(slots, fleet.free(name) // amounts[number])
        for member_class, count in unit.items():
            alone = fleet.slots(dict(compiled.member_classes[member_class].size), UNBOUNDED_MEMBERS)
            slots = np.where(
                known.max_members[member_class] >= count, np.minimum(slots, alone // count), 0
            )
        found.append(slots)
    return np.array(found, dtype=np.int64).reshape(len(units), len(fleet))


def _ceilings(
    compiled: CompiledProblem, units: list[Members]
) -> tuple[list[Ceiling], list[Ceiling]]:
    necessary, even = [], []
    for rule in rules_of(compiled.problem).hard:
        policy, group, level = rule.policy, rule.group, str(level_on(rule.policy, compiled.fleet))
        weight = _weights(compiled, units, group)
        if not weight.any():
            continue
        most, window = (
            most_in_one_domain(policy, group, compiled),
            balanced_window(policy, group, compiled),
        )
        if most is not None:
            necessary.append(Ceiling(level, weight, float(most), 0.0, None, group, policy.kind))
        if window is not None:
            low = (
                float(window[0]) if level != HOST else 0.0
            )  # hosts are many: they are not held to it here
            counted = occupiable_domains(compiled, group, level) if low else None
            even.append(Ceiling(level, weight, float(window[1]), low, counted, group, policy.kind))
        rivals = mutually_exclusive_groups(policy, group, compiled.problem)
        if rivals is not None:
            share = np.zeros(len(units))
            for one in rivals[0]:
                share += _weights(compiled, units, one) / max(1, compiled.problem.size(one))
            necessary.append(Ceiling(level, share, float(rivals[1]), 0.0, None, group, policy.kind))
    return necessary, even


def _weights(compiled: CompiledProblem, units: list[Members], group: str) -> Floats:
    below = set(compiled.member_classes_below(group))
    return np.array(
        [
            float(sum(n for member_class, n in unit.items() if member_class in below))
            for unit in units
        ]
    )
