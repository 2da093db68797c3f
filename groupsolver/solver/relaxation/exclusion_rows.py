"""Rows of the relaxation for groups that may not share a domain: which of them has it.

A domain is given to a group as a whole or in part; its slots there are open to the group that far.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import mutually_exclusive_groups
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import Floats, Ints
from groupsolver.solver.relaxation.columns import Slots
from groupsolver.solver.relaxation.linear_program import LinearProgram


@dataclass
class Rivals:
    """Groups of which at most `limit` may stand in one domain.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where nothing is said.
    sides : list of list of int
        The member classes of each group.
    limit : int
    dual : (sides, N) float64
        What it is worth to open a slot to a group, at least 0.
    """

    codes: Ints
    sides: list[list[int]]
    limit: int
    dual: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def post(
        self, slots: Slots, columns: Ints, program: LinearProgram
    ) -> list[tuple[int, Ints, Ints]]:
        """Add the rows over a core; give side, slots and rows for what `keep` reads off."""
        codes = self.codes[slots.row[columns]]
        mine = [
            np.flatnonzero(np.isin(slots.member_class[columns], side) & (codes >= 0))
            for side in self.sides
        ]
        number = np.bincount(np.concatenate([np.unique(codes[at]) for at in mine]))
        posted, given, where = [], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for side, every in enumerate(mine):
            at = every[number[codes[every]] > self.limit] if len(every) else every
            domains, inside = np.unique(codes[at], return_inverse=True)
            open_ = program.columns(np.zeros(len(domains)), np.ones(len(domains)))
            each = np.arange(len(at))
            values = np.r_[np.ones(len(at)), -slots.most[columns[at]].astype(np.float64)]
            rows = program.rows(
                np.r_[at, open_[inside]], np.r_[each, each], values, len(at), high=np.zeros(len(at))
            )
            posted.append((side, columns[at], rows))
            given.append(open_)
            where.append(domains)
        domains, at = np.unique(np.concatenate(where), return_inverse=True)
        high = np.full(len(domains), float(self.limit))
        program.rows(np.concatenate(given), at, np.ones(len(at)), len(domains), high=high)
        return posted

    def keep(self, posted: list[tuple[int, Ints, Ints]], dual: Floats, slots: Slots) -> None:
        """Read the rows' duals off."""
        self.dual = np.zeros((len(self.sides), len(slots)))
        for side, which, rows in posted:
            self.dual[side, which] = np.maximum(0, -dual[rows])

    def prices(self) -> Floats:
        """(N,) float64: what each slot costs on top."""
        found: Floats = self.dual.sum(axis=0)
        return found

    def worth(self, slots: Slots) -> float:
        """Give what the domains bring in at most, each given to the groups that pay best for it."""
        codes, size = self.codes[slots.row], int(self.codes.max(initial=-1)) + 1
        inside = codes >= 0
        paid = [
            np.bincount(codes[inside], (dual * slots.most)[inside], minlength=size)
            for dual in self.dual
        ]
        return float(np.sort(np.array(paid), axis=0)[-self.limit :].sum())


def rivals_of(compiled: CompiledProblem) -> list[Rivals]:
    """Give the rows of every hard policy that keeps groups out of each other's domains, where none of them runs."""
    found = []
    for rule in rules_of(compiled.problem).hard:
        rivals = mutually_exclusive_groups(rule.policy, rule.group, compiled.problem)
        if rivals is not None:
            groups, limit = rivals
            sides = [side for side in map(compiled.member_classes_below, groups) if side]
            if len(sides) > limit:
                found.append(Rivals(_free(compiled, rule, groups), sides, limit))
    return found


def _free(compiled: CompiledProblem, rule: Rule, groups: tuple[str, ...]) -> Ints:
    level = str(level_on(rule.policy, compiled.fleet))
    taken = np.sum([compiled.running(group, level) for group in groups], axis=0) > 0
    codes = compiled.fleet.codes(level)
    return np.where((codes >= 0) & ~taken[np.maximum(codes, 0)], codes, -1) if len(taken) else codes
