"""The best placement so far, checked, and the best proved bound."""

from __future__ import annotations

import math

from groupsolver.checking.check import Verdict, judge
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.errors import BrokenAnswer
from groupsolver.model.result import Cells, Method, Objective, Placement, Result, Witness, gap_of
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.numa import CellCounts, count_by_cell, name_cells
from groupsolver.solver.stage import SINGLE_STAGE, Stage

Assignment = tuple[int, int]  # (class_index, row): one member of a member class on a host


class Incumbent:
    """Collects placements and bounds of one call, over all of its stages.

    Placements are compared tier by tier, then by the objective. `value` and `bound` are those of
    the current stage.

    Parameters
    ----------
    compiled : CompiledProblem
        The original problem: placements are checked against nothing else.
    objective : {"pack", "spread", "cost"}
    budget : Budget

    Attributes
    ----------
    assignments : list of (int, int) or None
        ``(class_index, row)`` of each member in the best placement; None where there is none.
    inside : dict of (int, int) to list of int
        By assignment, how many members are in each NUMA cell of the host, where decided.
    """

    def __init__(self, compiled: CompiledProblem, objective: Objective, budget: Budget) -> None:
        self._compiled = compiled
        self._objective = objective
        self._budget = budget
        self._stage = SINGLE_STAGE
        self._bound: int | None = None
        self._verdict: Verdict | None = None
        self._placement: Placement | None = None
        self._cells: Cells = {}
        self.assignments: list[Assignment] | None = None
        self.inside: CellCounts = {}
        self._method: Method = "exact"

    def enter(self, stage: Stage, budget: Budget) -> None:
        """Begin a stage. Its bound starts unknown; the best placement is kept."""
        self._stage = stage
        self._budget = budget
        self._bound = None

    @property
    def value(self) -> int | None:
        """What the stage minimises, for the best placement.

        None where there is no placement, or where it exceeds the stage's limits.
        """
        return self._stage.value(self._verdict) if self._verdict else None

    @property
    def placed(self) -> bool:
        """Whether there is a placement, within the stage's limits or not."""
        return self._verdict is not None

    @property
    def rank(self) -> tuple[int, ...] | None:
        """What the best placement is compared by: tier by tier, then the objective."""
        return self._verdict.rank if self._verdict else None

    @property
    def bound(self) -> int | None:
        """The best proved lower bound of `value`."""
        return self._bound

    @property
    def tiers(self) -> dict[int, int]:
        """By priority, what the best placement costs there, in units of weight."""
        return dict(self._verdict.tiers) if self._verdict else {}

    @property
    def gap(self) -> float:
        """The proved gap, infinite while there is no placement or no bound."""
        if self.value is None or self._bound is None:
            return math.inf
        return gap_of(self.value, min(self._bound, self.value))

    @property
    def done(self) -> bool:
        """Whether the proved gap is small enough, or the time is over."""
        gap = self.gap
        if math.isfinite(gap) and gap <= self._budget.limits.gap:
            return True
        return self._budget.left() <= 0

    def name_members(
        self, assignments: list[Assignment], inside: CellCounts | None = None
    ) -> tuple[Placement, Cells]:
        """Return hosts and NUMA cells by member id; `inside` has the cells already decided."""
        placement = _name_members(self._compiled, assignments)
        cell_counts = count_by_cell(self._compiled, assignments, inside or {})
        return placement, name_cells(self._compiled, placement, cell_counts)

    def offer(
        self,
        assignments: list[Assignment],
        phase: str,
        must_hold: bool = False,
        inside: CellCounts | None = None,
        witness: Witness | None = None,
        method: Method = "exact",
    ) -> None:
        """Take a placement if it passes the check, keeps the stage's limits and is better.

        Parameters
        ----------
        assignments : list of (int, int)
            ``(class_index, row)`` of each member.
        phase : str
            The step of the pipeline that found it.
        must_hold : bool, default False
            Whether a placement that does not pass is a bug.
        inside : dict, optional
            Cells that are already decided.
        witness : Witness, optional
            Recoveries that prove `survives`.
        method : {"exact", "search"}, default "exact"
            Whether it comes from the large-neighbourhood search.

        Raises
        ------
        BrokenAnswer
            Where it does not pass although it `must_hold`.
        """
        placement, cells = self.name_members(assignments, inside)
        verdict = judge(self._compiled.problem, placement, self._objective, cells, witness)
        if verdict.violations or self._stage.value(verdict) is None:
            if must_hold:
                violations = "; ".join(map(str, verdict.violations))
                raise BrokenAnswer(violations or f"tiers: {verdict.tiers}")
            return
        # The rank compares earlier tiers first, so a better placement may have a higher objective.
        if self._verdict is None or verdict.rank < self._verdict.rank:
            self._verdict = verdict
            self._placement = placement
            self._cells = cells
            self.assignments = assignments
            self.inside = inside or {}
            self._method = method
            self._budget.report_incumbent(phase, verdict.objective, self._bound, placement)

    def prove(self, bound: int) -> None:
        """Take a lower bound of every placement within the limits, if it is better."""
        # A bound above the best placement says that nothing is better than that placement.
        bound = bound if self.value is None else min(bound, self.value)
        self._bound = bound if self._bound is None else max(self._bound, bound)

    def result(self) -> Result:
        """Return the answer: optimal, feasible, or unknown where nothing was found."""
        if self._verdict is None or self._bound is None:
            return unknown_result(self._compiled, self._budget)
        value = self._verdict.objective
        bound = min(self._bound, value)
        return Result(
            status="optimal" if bound == value else "feasible",
            placement=self._placement,
            cells=self._cells,
            objective=value,
            bound=bound,
            gap=gap_of(value, bound),
            seconds=self._budget.elapsed(),
            penalties=self._verdict.penalties,
            warnings=self._compiled.problem.warnings,
            witness=self._verdict.witness,
            method=self._method,
        )


def unknown_result(compiled: CompiledProblem, budget: Budget) -> Result:
    """Return the answer of a call that ended before anything was found or refuted."""
    return Result(status="unknown", seconds=budget.elapsed(), warnings=compiled.problem.warnings)


def empty_result(compiled: CompiledProblem, objective: Objective, budget: Budget) -> Result:
    """Return the answer for an application that has no new members."""
    best = Incumbent(compiled, objective, budget)
    best.offer([], "check", must_hold=True)
    best.prove(judge(compiled.problem, {}, objective).objective)
    return best.result()


def _name_members(compiled: CompiledProblem, assignments: list[Assignment]) -> Placement:
    """Deal out the members' ids in the file's order, over hosts in the order of the fleet."""
    # Members of a class are alike, so any order of their hosts will do; this one is repeatable.
    rows_of: dict[int, list[int]] = {}
    for class_index, row in sorted(assignments):
        rows_of.setdefault(class_index, []).append(row)
    host_of: Placement = {}
    for class_index, rows in rows_of.items():
        ids = compiled.member_classes[class_index].ids
        for id_, row in zip(ids, rows, strict=True):
            host_of[id_] = compiled.fleet.names[row]
    return {member.id: host_of[member.id] for member in compiled.problem.new_members}
