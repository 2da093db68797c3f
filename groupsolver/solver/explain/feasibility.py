"""Whether an application has a placement: the ordinary solve, stopped at the first, and what it has said before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.errors import BadInput
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective, Result, Status
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.explain.rules import Atomized, CapacityRule, RuleAtom, RuleAtoms, SizeRule
from groupsolver.solver.presolve.host_quotient import quotient_fleet

Solve = Callable[[Application[Any], CompiledFleet, Objective, Budget], Result]

FIRST_PLACEMENT_GAP = 1e18  # a gap that the first placement reaches
TIME_SHARE_PER_QUESTION = 0.4  # of the time left, for each question


class Oracle:
    """Asks the solver.

    Parameters
    ----------
    answer : callable
        The pipeline, as `groupsolver.solver.pipeline` has it.
    objective : {"pack", "spread", "cost"}
        Guides the heuristic; which placement is found, and none other.
    run : Run
        Whose time it takes.
    """

    def __init__(self, answer: Solve, objective: Objective, budget: Budget) -> None:
        self._answer = answer
        self._objective = objective
        self.budget = budget

    def ask(
        self,
        app: Application[Any],
        fleet: CompiledFleet,
        share: float = TIME_SHARE_PER_QUESTION,
        objective: Objective | None = None,
        gap: float = FIRST_PLACEMENT_GAP,
    ) -> Result:
        """Give some placement, or the proof that there is none, or neither in a share of the time left."""
        left = self.budget.left()
        if left <= 0:
            return Result(status="unknown")
        budget = PartialBudget(self.budget, share * left, gap, quiet=True)
        try:
            return self._answer(app, fleet, objective or self._objective, budget)
        except BadInput:  # a change may ask for sums that leave 64 bits: it is none to propose
            return Result(status="unknown")


class Asked:
    """Which sets of one application's atoms are possible.

    Parameters
    ----------
    atomized : Atomized
    fleet : CompiledFleet
    oracle : Oracle
    """

    def __init__(self, atomized: Atomized, fleet: CompiledFleet, oracle: Oracle) -> None:
        self.atomized = atomized
        self.fleet = fleet
        self.oracle = oracle
        self._possible: list[RuleAtoms] = []
        self._impossible: list[RuleAtoms] = []

    def refuse(self, atoms: Iterable[RuleAtom]) -> None:
        """Take it as known that some rules contradict each other."""
        self._impossible.append(frozenset(atoms))

    def possible(self, atoms: Iterable[RuleAtom], few: CompiledFleet | None = None) -> bool | None:
        """Whether some rules can be kept together; None: not decided in time. `few`: a fleet just as good for them."""
        rules = frozenset(atoms)
        if any(rules <= known for known in self._possible):
            return True
        if any(rules >= known for known in self._impossible):
            return False
        if self._impossible_anyhow(rules):
            return False
        status = self._asked(rules, few)
        if status == "unknown":
            return None
        (self._impossible if status == "infeasible" else self._possible).append(rules)
        return status != "infeasible"

    def _impossible_anyhow(self, rules: RuleAtoms) -> bool:
        """Whether groups contradict each other whatever room there is: often answered much faster, on few hosts."""
        roomless = frozenset(atom for atom in rules if not isinstance(atom, CapacityRule))
        if roomless == rules or sum(isinstance(atom, SizeRule) for atom in rules) < 2:
            return False
        app = self.atomized.application(roomless)
        few = quotient_fleet(CompiledProblem(Problem(app, self.fleet.index), self.fleet))
        return few is not self.fleet and self.possible(roomless, few) is False

    def _asked(self, rules: RuleAtoms, few: CompiledFleet | None) -> Status:
        app, fleet = self.atomized.application(rules), few or self.fleet
        sizes = sum(isinstance(atom, SizeRule) for atom in rules)
        if few is None and sizes > 1 and not any(isinstance(atom, CapacityRule) for atom in rules):
            fleet = quotient_fleet(CompiledProblem(Problem(app, fleet.index), fleet))
        return self.oracle.ask(app, fleet).status
