"""Rows of the relaxation for prices that rise from member to member, one for each step.

Each row has the room up to one step, and what is above it pays that step. With
``room[j] = max(0, free + j)``::

    cost = step * sum(max(0, members counted in row j - room[j]) for each row j)

A column of a host has the price of its class's further members already, so each row counts only
those members that do not pay its step (`CapacityRows.before`). With two classes a and b of two
members each on a host, one of them free, a and b pay one step each for their second member::

    row 0, room 1: counts the first of each, 1 above
    row 1, room 2: counts all four, 2 above
    row 2, room 3: counts all four, 1 above
    2 + 1 + 2 + 1 = 0 + 1 + 2 + 3

Few domains reach more than the first step, so the rows of later steps are cutting planes: they are
posted from the next restricted master on once the solution of one crosses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Mask
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram
from groupsolver.solver.relaxation.rising_prices import RisingPrice
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows

MIN_STEPS = 8  # of a price that rises, at least
MAX_STEP_ROWS = 20_000  # of all its domains
CROSSED = 1e-6  # members above the room of a row, from which on the row is posted


@dataclass
class RisingRows:
    """The rows of one price that rises.

    Attributes
    ----------
    rising : RisingPrice
    steps : list of CapacityRows
        The rows of each step; duals of rows that are not posted are 0.
    wanted : list of (D,) bool, one for each step
        The domains whose row is posted: of the first step all, of the others those that some
        solution has crossed.
    """

    rising: RisingPrice
    steps: list[CapacityRows]
    wanted: list[Mask] = field(default_factory=list)

    def __post_init__(self) -> None:
        for step in self.steps:
            is_first = step is self.steps[0]
            self.wanted.append(np.full(len(step.room), is_first, dtype=np.bool_))

    def post(self, core: CoreColumns, program: LinearProgram) -> None:
        """Post all rows that are wanted and can bind."""
        for step, wanted in zip(self.steps, self.wanted, strict=True):
            step.posted = []
            if wanted.any():
                step.post(core, program, wanted)

    def want_crossed(self, core: CoreColumns, x: Floats) -> bool:
        """Want the rows that a solution crosses; return whether there is any.

        Parameters
        ----------
        core : CoreColumns
        x : (C, ...) float64
            Members of each column of the core, the first variables of a program.
        """
        may_cross = self._above_the_first_step(core, x)
        if not may_cross.any():
            return False
        any_crossed = False
        for number, step in enumerate(self.steps):
            crossed = may_cross & (step.load(core, x) > step.room + CROSSED)
            any_crossed |= bool((crossed & ~self.wanted[number]).any())
            self.wanted[number] |= crossed
        return any_crossed

    def _above_the_first_step(self, core: CoreColumns, x: Floats) -> Mask:
        """(D,) bool: where a solution has more members than the second row has room for."""
        if len(self.steps) < 2:
            return np.zeros(len(self.rising.free), dtype=np.bool_)
        columns = core.table
        codes = self.rising.codes[columns.row[core.index]]
        counted = (codes >= 0) & self.rising.counted[columns.member_class[core.index]]
        placed = x[: len(core.index)]
        members = np.bincount(codes[counted], placed[counted], minlength=len(self.rising.free))
        return members > self.steps[1].room + CROSSED

    def read_duals(self, dual: Floats) -> None:
        """Set the duals of all steps; each is between 0 and the price of a step."""
        for step in self.steps:
            step.read_duals(dual)

    def prices(self, columns: Columns) -> Floats:
        """(N,) float64: what the steps that each column takes are worth."""
        total = np.zeros(len(columns))
        for step in self.steps:
            if step.dual.any():
                total += step.prices(columns)
        return total

    def worth(self) -> float:
        """Return what the room of all steps is worth."""
        return sum(step.worth() for step in self.steps)


def rising_rows_of(compiled: CompiledProblem, columns: Columns) -> list[RisingRows]:
    """Return the rows of each price that rises."""
    return [RisingRows(one, _steps(compiled, columns, one)) for one in columns.rising]


def _steps(compiled: CompiledProblem, columns: Columns, rising: RisingPrice) -> list[CapacityRows]:
    """Return one row for each step that some domain can reach."""
    codes = rising.codes[columns.row]
    counted = (codes >= 0) & rising.counted[columns.member_class]
    load = np.zeros(len(rising.free), dtype=np.int64)
    numbers = np.array([one.number for one in compiled.member_classes], dtype=np.int64)
    for class_index in np.flatnonzero(rising.counted).tolist():
        part = columns.of(class_index)
        inside = counted[part]
        most = np.bincount(
            codes[part][inside], columns.max_members[part][inside], minlength=len(load)
        )
        load += np.minimum(most, numbers[class_index]).astype(np.int64)
    reach = load - np.maximum(0, rising.free)
    number = int(reach.max(initial=0))
    touched = int(np.count_nonzero(reach > 0))
    number = min(number + int(max(0, -rising.free.min(initial=0))), _max_steps(touched))
    size = rising.counted.astype(np.int64)
    before = rising.before if rising.by_host else None
    return [
        CapacityRows(
            rising.codes,
            size,
            np.maximum(0, rising.free + j),
            before=before,
            excess_price=float(rising.step),
        )
        for j in range(number)
    ]


def _max_steps(domains: int) -> int:
    """Return how many steps have rows: fewer with many domains, of which each has few members."""
    return max(MIN_STEPS, MAX_STEP_ROWS // max(1, domains))
