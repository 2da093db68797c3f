"""The demand of copies of an application in numbers: units, and limits on them in each domain.

A unit is one member of a member class of a copy, or all member classes that a hard policy puts on
one host together. k copies that each have n of a unit have k n of it on hosts, wherever each copy
is. The rules of a copy become limits over all copies: where no copy has more than m members of a
group in a domain, k copies have at most k m.

Example: a copy has 2 members of A, at most one a rack, and 3 of B that share a host. Its units are
``A`` (2 of them) and ``3 B`` (1 of it), and of k copies no rack has more than k units ``A``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.eligibility import occupiable_domains
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.headroom import balanced_window, most_in_one_domain
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import keeps_together, mutually_exclusive_groups
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Eligibility, find_eligibility

UNBOUNDED_MEMBERS = 2**40  # members on a host: more than any has room for
Members = dict[int, int]  # by position of the member class: how many members


@dataclass(frozen=True)
class DomainLimit:
    """``low k <= sum(weight * units in d) <= high k`` for k copies and each domain d of a level.

    Attributes
    ----------
    level : str
    weight : (U,) float64
    high, low : float
    counted : (D,) bool or None
        The domains to which `low` applies; None: all.
    group : str
        The group of the rule.
    kind : str
        The rule's kind.
    """

    level: str
    weight: Floats
    high: float
    low: float
    counted: Mask | None
    group: str
    kind: str


@dataclass(frozen=True)
class Confinement:
    """Units that each copy has in one domain of a level above host: members of one group."""

    level: str
    units: tuple[int, ...]
    group: str
    kind: str


@dataclass(frozen=True)
class Demand:
    """The demand of one copy.

    Attributes
    ----------
    compiled : CompiledProblem
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
    necessary : tuple of DomainLimit
        Limits that any k copies keep.
    sufficient : tuple of DomainLimit
        Limits on totals that members can be dealt from to k copies so that each keeps its rules.
    confinements : tuple of Confinement
    """

    compiled: CompiledProblem
    names: tuple[str, ...]
    units: tuple[Members, ...]
    number: Ints
    size: Ints
    slots: Ints
    necessary: tuple[DomainLimit, ...]
    sufficient: tuple[DomainLimit, ...]
    confinements: tuple[Confinement, ...]

    def levels(self) -> list[str]:
        """Return the levels above host of limits and confinements, those of few domains first."""
        used = {limit.level for limit in (*self.necessary, *self.sufficient)}
        used |= {confinement.level for confinement in self.confinements}
        used -= {HOST}
        return sorted(used, key=lambda level: (self.compiled.fleet.domains(level), level))

    def free(self) -> Ints:
        """(H, R) int64: what is free of each host that something may land on."""
        fleet = self.compiled.fleet
        if not self.names:
            return np.zeros((fleet.row_count, 0), dtype=np.int64)
        columns = [np.where(fleet.enabled, fleet.free(name), 0) for name in self.names]
        return np.stack(columns, axis=1)


def demand_of(compiled: CompiledProblem) -> Demand:
    """Return the demand of the one copy of a problem."""
    units = _units(compiled)
    classes = compiled.member_classes
    names = sorted({name for member_class in classes for name, _ in member_class.size})
    size = _sizes(compiled, units, names)
    necessary, sufficient = _limits(compiled, units)
    return Demand(
        compiled=compiled,
        names=tuple(names),
        units=tuple(units),
        number=np.array([_number(compiled, unit) for unit in units], dtype=np.int64),
        size=size,
        slots=_slots(compiled, find_eligibility(compiled, "pack"), units, names, size),
        necessary=tuple(necessary),
        sufficient=tuple(sufficient),
        confinements=tuple(_confinements(compiled, units)),
    )


def _shares_domain(compiled: CompiledProblem, rule: Rule, host: bool) -> bool:
    """Return whether a rule puts all members below its group in one domain, at host or above."""
    at_host = level_on(rule.policy, compiled.fleet) == HOST
    return keeps_together(rule.policy, compiled.fleet) and at_host == host


def _units(compiled: CompiledProblem) -> list[Members]:
    """Join the member classes that must share a host; a member of any other class is a unit."""
    joined = DisjointSets(range(len(compiled.member_classes)))
    sharing: set[int] = set()
    for rule in rules_of(compiled.problem).hard:
        if _shares_domain(compiled, rule, host=True):
            below = compiled.member_classes_below(rule.group)
            joined.join(below)
            sharing.update(below)
    units = []
    for together in dict.fromkeys(joined.parts().values()):
        unit = {}
        for member_class in sorted(together):
            whole_class = member_class in sharing
            unit[member_class] = compiled.member_classes[member_class].number if whole_class else 1
        units.append(unit)
    return units


def _number(compiled: CompiledProblem, unit: Members) -> int:
    """Return how many of a unit a copy has."""
    if len(unit) > 1:
        return 1
    [(member_class, members)] = unit.items()
    return compiled.member_classes[member_class].number if members == 1 else 1


def _sizes(compiled: CompiledProblem, units: list[Members], names: list[str]) -> Ints:
    """(U, R) int64: what a unit takes."""
    size = np.zeros((len(units), len(names)), dtype=np.int64)
    column = {name: at for at, name in enumerate(names)}
    for row, unit in enumerate(units):
        for member_class, members in unit.items():
            for name, amount in compiled.member_classes[member_class].size:
                size[row, column[name]] += members * amount
    return size


def _confinements(compiled: CompiledProblem, units: list[Members]) -> list[Confinement]:
    confinements = []
    unit_of = _unit_of_class(units)
    for rule in rules_of(compiled.problem).hard:
        if not _shares_domain(compiled, rule, host=False):
            continue
        below = compiled.member_classes_below(rule.group)
        # Where a class of a unit is confined, so is the rest of the unit.
        inside = sorted({unit_of[member_class] for member_class in below})
        if inside:
            level = str(level_on(rule.policy, compiled.fleet))
            confinements.append(Confinement(level, tuple(inside), rule.group, rule.policy.kind))
    return confinements


def _slots(
    compiled: CompiledProblem,
    known: Eligibility,
    units: list[Members],
    names: list[str],
    size: Ints,
) -> Ints:
    fleet = compiled.fleet
    found = np.zeros((len(units), fleet.row_count), dtype=np.int64)
    for number, unit in enumerate(units):
        slots = np.where(fleet.enabled, np.int64(UNBOUNDED_MEMBERS), np.int64(0))
        for name, amount in zip(names, size[number].tolist(), strict=True):
            if amount:
                slots = np.minimum(slots, fleet.free(name) // amount)
        for member_class, members in unit.items():
            of_member = dict(compiled.member_classes[member_class].size)
            alone = fleet.slots(of_member, UNBOUNDED_MEMBERS) // members
            enough = known.max_members[member_class] >= members
            slots = np.where(enough, np.minimum(slots, alone), 0)
        found[number] = slots
    return found


def _limits(
    compiled: CompiledProblem, units: list[Members]
) -> tuple[list[DomainLimit], list[DomainLimit]]:
    """Return the necessary limits, and the sufficient ones."""
    necessary: list[DomainLimit] = []
    sufficient: list[DomainLimit] = []
    unit_of = _unit_of_class(units)
    for rule in rules_of(compiled.problem).hard:
        policy = rule.policy
        group = rule.group
        level = str(level_on(rule.policy, compiled.fleet))
        weight = _weights(compiled, units, unit_of, group)
        if not weight.any():
            continue
        most = most_in_one_domain(policy, group, compiled)
        if most is not None:
            high = float(most)
            necessary.append(DomainLimit(level, weight, high, 0.0, None, group, policy.kind))
        window = balanced_window(policy, group, compiled)
        if window is not None:
            # Hosts are many: lower limits are not kept there.
            low = float(window[0]) if level != HOST else 0.0
            high = float(window[1])
            counted = occupiable_domains(compiled, group, level) if low else None
            sufficient.append(DomainLimit(level, weight, high, low, counted, group, policy.kind))
        exclusive = mutually_exclusive_groups(policy, group, compiled.problem)
        if exclusive is not None:
            groups, limit = exclusive
            # A copy has some of a group in a domain: at least this share of the group.
            share = np.zeros(len(units))
            for one in groups:
                weight_of_one = _weights(compiled, units, unit_of, one)
                share += weight_of_one / max(1, compiled.problem.size(one))
            high = float(limit)
            necessary.append(DomainLimit(level, share, high, 0.0, None, group, policy.kind))
    return necessary, sufficient


def _unit_of_class(units: list[Members]) -> dict[int, int]:
    """Return the position of the unit that each member class is in."""
    return {member_class: position for position, unit in enumerate(units) for member_class in unit}


def _weights(
    compiled: CompiledProblem, units: list[Members], unit_of: dict[int, int], group: str
) -> Floats:
    """(U,) float64: how many members below a group a unit has."""
    weights = np.zeros(len(units))
    for member_class in set(compiled.member_classes_below(group)):
        unit = unit_of[member_class]
        weights[unit] += units[unit][member_class]
    return weights
