"""The best placement so far, checked, and the best proved bound."""

from __future__ import annotations

import math

from groupsolver.check import Verdict, judge
from groupsolver.constraints.ground import Ground
from groupsolver.errors import BrokenAnswer
from groupsolver.model.result import Objective, Placement, Result, gap_of
from groupsolver.solver.run import Run

Stand = tuple[int, int]  # a member of a lot, on a row of the fleet


class Incumbent:
    """Collects placements and bounds of one run.

    Parameters
    ----------
    ground : Ground
    objective : {"pack", "spread", "cost"}
    run : Run
    bound : int
        Proved lower bound to begin with.
    """

    def __init__(self, ground: Ground, objective: Objective, run: Run, bound: int) -> None:
        self._ground = ground
        self._objective = objective
        self._run = run
        self._bound = bound
        self._verdict: Verdict | None = None
        self._placement: Placement | None = None
        self.stands: list[Stand] | None = None
        run.tell("relax", bound=bound)

    @property
    def value(self) -> int | None:
        """Objective of the best placement."""
        return self._verdict.objective if self._verdict else None

    @property
    def gap(self) -> float:
        """The proved gap, infinite while there is no placement."""
        return math.inf if self.value is None else gap_of(self.value, min(self._bound, self.value))

    @property
    def done(self) -> bool:
        """Whether the proved gap is small enough, or the run is over."""
        return self.gap <= self._run.limits.gap or self._run.left() <= 0

    def offer(self, stands: list[Stand], phase: str, must_hold: bool = False) -> None:
        """Take a placement if it passes the check and is better.

        Raises
        ------
        BrokenAnswer
            Where it does not pass although it `must_hold`.
        """
        placement = _named(self._ground, stands)
        verdict = judge(self._ground.scene, placement, self._objective)
        if verdict.violations:
            if must_hold:
                raise BrokenAnswer("; ".join(map(str, verdict.violations)))
        elif self.value is None or verdict.objective < self.value:
            self._verdict, self._placement, self.stands = verdict, placement, stands
            self._run.tell(phase, verdict.objective, self._bound)

    def prove(self, bound: int) -> None:
        """Take a lower bound of every placement if it is better."""
        self._bound = max(self._bound, bound if self.value is None else min(bound, self.value))

    def result(self) -> Result:
        """Give the answer: optimal, feasible, or unknown where nothing was found."""
        if self._verdict is None:
            return out_of_time(self._ground, self._run)
        value = self._verdict.objective
        bound = min(self._bound, value)
        return Result(
            status="optimal" if bound == value else "feasible",
            placement=self._placement,
            objective=value,
            bound=bound,
            gap=gap_of(value, bound),
            seconds=self._run.elapsed(),
            penalties=self._verdict.penalties,
            warnings=self._ground.scene.warnings,
        )


def out_of_time(ground: Ground, run: Run) -> Result:
    """Answer for a run that ended before anything was found or refuted."""
    return Result(status="unknown", seconds=run.elapsed(), warnings=ground.scene.warnings)


def nothing(ground: Ground, objective: Objective, run: Run) -> Result:
    """Answer for a batch in which nothing is left to place."""
    verdict = judge(ground.scene, {}, objective)
    best = Incumbent(ground, objective, run, verdict.objective)
    best.offer([], "check", must_hold=True)
    return best.result()


def _named(ground: Ground, stands: list[Stand]) -> Placement:
    """Deal the members' names out, in the file's order, over hosts in the fleet's."""
    host: Placement = {}
    by_lot: dict[int, list[int]] = {}
    for lot, row in sorted(stands):
        by_lot.setdefault(lot, []).append(row)
    for lot, rows in by_lot.items():
        for id_, row in zip(ground.lots[lot].ids, rows, strict=True):
            host[id_] = ground.fleet.names[row]
    return {member.id: host[member.id] for member in ground.scene.batch}
