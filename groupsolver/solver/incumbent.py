"""The best placement so far, checked, and the best proved bound."""

from __future__ import annotations

import math

from groupsolver.checking.check import Verdict, judge
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.errors import BrokenAnswer
from groupsolver.model.result import Cells, Objective, Placement, Result, Witness, gap_of
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.numa import Inside, cells_of, inside_of
from groupsolver.solver.stage import WHOLE, Stage

Stand = tuple[int, int]  # a member of a member class, on a row of the fleet


class Incumbent:
    """Collects placements and bounds of one run, over all of its stages.

    Placements are compared tier by tier, then by the objective; `value` and bounds are the stage's.

    Parameters
    ----------
    compiled problem : CompiledProblem
        The application as it was told, so that placements are held against nothing else.
    objective : {"pack", "spread", "cost"}
    run : Run
    """

    def __init__(self, compiled: CompiledProblem, objective: Objective, budget: Budget) -> None:
        self._ground = compiled
        self._objective = objective
        self._budget = budget
        self._stage = WHOLE
        self._bound: int | None = None
        self._verdict: Verdict | None = None
        self._placement: Placement | None = None
        self._cells: Cells = {}
        self.stands: list[Stand] | None = None
        self.inside: Inside = {}

    def enter(self, stage: Stage, budget: Budget) -> None:
        """Begin a stage: nothing is proved of it yet."""
        self._stage, self._budget, self._bound = stage, budget, None

    @property
    def value(self) -> int | None:
        """What the stage minimises, of the best placement; None where that is not within the stage's limits."""
        return self._stage.value(self._verdict) if self._verdict else None

    @property
    def placed(self) -> bool:
        """Whether there is a placement, within the stage's limits or not."""
        return self._verdict is not None

    @property
    def bound(self) -> int | None:
        """The best proved bound of `value`."""
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
        """Whether the proved gap is small enough, or the run is over."""
        return (
            math.isfinite(self.gap) and self.gap <= self._budget.limits.gap
        ) or self._budget.left() <= 0

    def named(self, stands: list[Stand], inside: Inside | None = None) -> tuple[Placement, Cells]:
        """Deal names and cells out to what stands; `inside` tells cells that are decided already."""
        placement = _named(self._ground, stands)
        return placement, cells_of(
            self._ground, placement, inside_of(self._ground, stands, inside or {})
        )

    def offer(
        self,
        stands: list[Stand],
        phase: str,
        must_hold: bool = False,
        inside: Inside | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Take a placement if it passes the check and is better; `inside` tells cells that are decided already.

        One outside the limits of the stage is left, better or not.

        Raises
        ------
        BrokenAnswer
            Where it does not pass although it `must_hold`.
        """
        placement, cells = self.named(stands, inside)
        verdict = judge(self._ground.problem, placement, self._objective, cells, witness)
        if verdict.violations or self._stage.value(verdict) is None:
            if must_hold:
                raise BrokenAnswer(
                    "; ".join(map(str, verdict.violations)) or f"tiers: {verdict.tiers}"
                )
        elif self._verdict is None or verdict.rank < self._verdict.rank:
            self._verdict, self._placement, self.stands = verdict, placement, stands
            self._cells, self.inside = cells, inside or {}
            self._budget.better(phase, verdict.objective, self._bound)

    def prove(self, bound: int) -> None:
        """Take a lower bound of every placement within the limits if it is better."""
        at_most = bound if self.value is None else min(bound, self.value)
        self._bound = at_most if self._bound is None else max(self._bound, at_most)

    def result(self) -> Result:
        """Give the answer: optimal, feasible, or unknown where nothing was found."""
        if self._verdict is None or self._bound is None:
            return out_of_time(self._ground, self._budget)
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
            warnings=self._ground.problem.warnings,
            witness=self._verdict.witness,
        )


def out_of_time(compiled: CompiledProblem, budget: Budget) -> Result:
    """Answer for a run that ended before anything was found or refuted."""
    return Result(status="unknown", seconds=budget.elapsed(), warnings=compiled.problem.warnings)


def nothing(compiled: CompiledProblem, objective: Objective, budget: Budget) -> Result:
    """Answer for a batch in which nothing is left to place."""
    best = Incumbent(compiled, objective, budget)
    best.offer([], "check", must_hold=True)
    best.prove(judge(compiled.problem, {}, objective).objective)
    return best.result()


def _named(compiled: CompiledProblem, stands: list[Stand]) -> Placement:
    """Deal the members' names out, in the file's order, over hosts in the fleet's."""
    host: Placement = {}
    by_lot: dict[int, list[int]] = {}
    for member_class, row in sorted(stands):
        by_lot.setdefault(member_class, []).append(row)
    for member_class, rows in by_lot.items():
        for id_, row in zip(compiled.member_classes[member_class].ids, rows, strict=True):
            host[id_] = compiled.fleet.names[row]
    return {member.id: host[member.id] for member in compiled.problem.new_members}
