"""Rows of the relaxation for groups that may not share a domain: which of them has it.

A domain is given to a group as a whole or in part. The group's columns there are open that far::

    x <= max_members * y[side, domain]
    sum(y[side, domain] for each side) <= limit
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import mutually_exclusive_groups
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram


@dataclass(frozen=True)
class PostedSide:
    """The rows that open columns to one side.

    Attributes
    ----------
    side : int
    columns, rows : (E,) int64
        Columns of the table, and the row of each in the linear program.
    """

    side: int
    columns: Ints
    rows: Ints


@dataclass
class ExclusionRows:
    """Groups of which at most `limit` may have members in one domain.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where the groups may share.
    sides : list of list of int
        The member classes of each group.
    limit : int
    columns : (E,) int64
        The columns, ascending, that had rows in the last restricted master.
    dual : (sides, E) float64
        What it is worth there to open each of them to a group, at least 0.
    """

    codes: Ints
    sides: list[list[int]]
    limit: int
    columns: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    dual: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def post(self, core: CoreColumns, program: LinearProgram) -> list[PostedSide]:
        """Add the rows over a core and return what `read_duals` needs."""
        posted = []
        openers = [np.zeros(0, dtype=np.int64)]
        opened_domains = [np.zeros(0, dtype=np.int64)]
        for side, variables in enumerate(self._contested(core)):
            code = self.codes[core.rows(variables)]
            domains, position = np.unique(code, return_inverse=True)
            opener = program.add_variables(np.zeros(len(domains)), np.ones(len(domains)))
            rows = program.add_opening_rows(
                variables, opener[position], core.max_members(variables)
            )
            posted.append(PostedSide(side, core.index[variables], rows))
            openers.append(opener)
            opened_domains.append(domains)
        # One row a domain, over the openers of all sides.
        domains, row = np.unique(np.concatenate(opened_domains), return_inverse=True)
        high = np.full(len(domains), float(self.limit))
        program.add_rows(np.concatenate(openers), row, np.ones(len(row)), len(domains), high=high)
        return posted

    def _contested(self, core: CoreColumns) -> list[Ints]:
        """Return each side's variables in domains where more than `limit` sides have some."""
        codes = self.codes[core.table.row[core.index]]
        classes = core.table.member_class[core.index]
        variables = [np.flatnonzero(np.isin(classes, side) & (codes >= 0)) for side in self.sides]
        domains = np.concatenate([np.unique(codes[some]) for some in variables])
        # In a domain where no more sides have columns than may share it, nothing is contested.
        side_count = np.bincount(domains)
        return [
            some[side_count[codes[some]] > self.limit] if len(some) else some for some in variables
        ]

    def read_duals(self, posted: list[PostedSide], dual: Floats) -> None:
        """Take the duals of the posted rows."""
        # Few columns are posted: what is kept does not grow with the table.
        self.columns = np.unique(np.concatenate([one.columns for one in posted]))
        self.dual = np.zeros((len(self.sides), len(self.columns)))
        for one in posted:
            at = np.searchsorted(self.columns, one.columns)
            # A row's dual is at most 0, since opening a column can only lower the value.
            self.dual[one.side, at] = np.maximum(0, -dual[one.rows])

    def prices(self) -> Floats:
        """(E,) float64: what each of `columns` costs in addition."""
        prices: Floats = self.dual.sum(axis=0)
        return prices

    def worth(self, columns: Columns) -> float:
        """Return what the domains bring in at most, each given to the groups that pay most."""
        codes = self.codes[columns.row[self.columns]]
        max_members = columns.max_members[self.columns]
        size = int(codes.max(initial=-1)) + 1
        counted = codes >= 0
        paid = [
            np.bincount(codes[counted], (dual * max_members)[counted], minlength=size)
            for dual in self.dual
        ]
        return float(np.sort(np.array(paid), axis=0)[-self.limit :].sum())


def exclusion_rows_of(compiled: CompiledProblem) -> list[ExclusionRows]:
    """Return the rows of every hard policy that keeps groups out of each other's domains."""
    rows = []
    for rule in rules_of(compiled.problem).hard:
        exclusive = mutually_exclusive_groups(rule.policy, rule.group, compiled.problem)
        if exclusive is None:
            continue
        groups, limit = exclusive
        below = [compiled.member_classes_below(group) for group in groups]
        sides = [side for side in below if side]
        if len(sides) > limit:
            rows.append(ExclusionRows(_codes_without_running(compiled, rule, groups), sides, limit))
    return rows


def _codes_without_running(compiled: CompiledProblem, rule: Rule, groups: tuple[str, ...]) -> Ints:
    """(H,) int64: domain of each host, -1 where a group of the rule has running members.

    There the rule does not ask for less than what is broken already.
    """
    level = str(level_on(rule.policy, compiled.fleet))
    codes = compiled.fleet.codes(level)
    running = np.sum([compiled.running(group, level) for group in groups], axis=0)
    if not len(running):
        return codes
    free = (codes >= 0) & (running == 0)[np.maximum(codes, 0)]
    return np.where(free, codes, -1)
