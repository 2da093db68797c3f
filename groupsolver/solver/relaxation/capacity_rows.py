"""Rows of the relaxation: what blocks compete for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import whole_sizes
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.columns import Slots

PARTS = (1, 2)  # a host's room also in units of just above a half and a third of it


@dataclass
class Family:
    """Rows of one kind: ``sum(weight * slots taken in domain d) <= room[d]``.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where the family says nothing.
    size : (member classes,) int64
        What a member takes.
    room : (D,) int64
    unit : (D,) int64, optional
        Sizes and room are counted in whole units of this, rounded down (Chvatal 1973,
        doi:10.1016/0012-365X(73)90167-2): what is left over of a host serves nobody.
    first_only : bool
        Counts first slots alone.
    cap : float
        What a unit beyond the room costs, where that is allowed.
    dual : (D,) float64
        What one unit of room is worth, at least 0.
    """

    codes: Ints
    size: Ints
    room: Ints
    unit: Ints | None = None
    first_only: bool = False
    cap: float = np.inf
    dual: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.dual = np.zeros(len(self.room))
        if self.unit is not None:
            self.room = self.room // self.unit

    def weights(self, slots: Slots, which: Ints | slice) -> Floats:
        """What each slot takes of its domain's row."""
        codes, sizes = self.codes[slots.row[which]], self.size[slots.member_class[which]]
        if self.unit is not None:
            sizes = sizes // self.unit[np.maximum(codes, 0)]
        counted = (codes >= 0) & slots.first[which] if self.first_only else codes >= 0
        return np.where(counted, sizes, 0).astype(np.float64)


def families_of(compiled: CompiledProblem, survey: Survey) -> list[Family]:
    """Give the rows: room of hosts, members of a group in a domain, first members on a host."""
    fleet, member_classes = compiled.fleet, compiled.member_classes
    here = fleet.codes(HOST)
    found = []
    for name in sorted({name for member_class in member_classes for name, _ in member_class.size}):
        weight = np.array(
            [dict(member_class.size).get(name, 0) for member_class in member_classes],
            dtype=np.int64,
        )
        free = fleet.free(name)
        found.append(Family(here, weight, free))
        found += [Family(here, weight, free, free // (parts + 1) + 1) for parts in PARTS]
    found += [Family(codes, weight, room) for codes, weight, room in whole_sizes(compiled)]
    partial = Partial(compiled, here)
    for rule in rules_of(compiled.problem).hard:
        below = compiled.member_classes_below(rule.group)
        room = members_per_host(rule.policy, rule.group, partial)
        if (
            room is not None
            and below
            and (level_on(rule.policy, compiled.fleet) != HOST or len(below) > 1)
        ):
            found.append(_ceiling(compiled, rule, below, room))
    if survey.beyond_first:
        ones = np.ones(len(fleet), dtype=np.int64)
        found.append(
            Family(
                here,
                np.ones(len(member_classes), dtype=np.int64),
                ones,
                None,
                True,
                survey.beyond_first,
            )
        )
    return found


def _ceiling(compiled: CompiledProblem, rule: Rule, below: list[int], room: Ints) -> Family:
    level = str(level_on(rule.policy, compiled.fleet))
    codes = compiled.fleet.codes(level)
    by_domain = np.zeros(max(1, compiled.fleet.domains(level)), dtype=np.int64)
    by_domain[codes[codes >= 0]] = room[codes >= 0]
    weight = np.zeros(len(compiled.member_classes), dtype=np.int64)
    weight[below] = 1
    return Family(codes, weight, by_domain)
