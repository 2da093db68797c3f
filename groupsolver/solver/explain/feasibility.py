"""Whether an application has a placement: the ordinary solve, stopped at the first placement."""

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
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    CapacityRule,
    RuleAtom,
    RuleAtoms,
    SizeRule,
)
from groupsolver.solver.presolve.host_quotient import quotient_fleet

Solve = Callable[[Application[Any], CompiledFleet, Objective, Budget], Result]

FIRST_PLACEMENT_GAP = 1e18  # a gap that the first placement reaches
TIME_SHARE_PER_QUESTION = 0.4  # of the time left, for each question


class FeasibilityOracle:
    """Answers whether applications have a placement, within one budget.

    Parameters
    ----------
    pipeline : callable
        The ordinary solve, as `groupsolver.solver.pipeline` has it.
    objective : {"pack", "spread", "cost"}
        It guides the heuristic and so decides which placement is found first.
    budget : Budget
        Its time is shared by all questions.
    """

    def __init__(self, pipeline: Solve, objective: Objective, budget: Budget) -> None:
        self._pipeline = pipeline
        self._objective = objective
        self.budget = budget

    def solve(
        self,
        app: Application[Any],
        fleet: CompiledFleet,
        time_share: float = TIME_SHARE_PER_QUESTION,
        objective: Objective | None = None,
        gap: float = FIRST_PLACEMENT_GAP,
    ) -> Result:
        """Return some placement, or the proof that there is none, or ``unknown``.

        Parameters
        ----------
        time_share : float
            Fraction of the time left that the question may take.
        objective : {"pack", "spread", "cost"}, optional
            By default the oracle's.
        gap : float
            By default any placement is good enough.
        """
        left = self.budget.left()
        if left <= 0:
            return Result(status="unknown")
        budget = PartialBudget(self.budget, time_share * left, gap, quiet=True)
        try:
            return self._pipeline(app, fleet, objective or self._objective, budget)
        except BadInput:
            # A change may lead to sums beyond 64 bits. Such a change is not worth a proposal.
            return Result(status="unknown")


class RuleFeasibility:
    """Answers which sets of one application's rules are possible together, and remembers it.

    Leaving out rules never makes an application impossible, so that

    - a subset of a possible set is possible;
    - a superset of an impossible set is impossible.

    Parameters
    ----------
    rules : ApplicationRules
    fleet : CompiledFleet
    oracle : FeasibilityOracle
    """

    def __init__(
        self, rules: ApplicationRules, fleet: CompiledFleet, oracle: FeasibilityOracle
    ) -> None:
        self.rules = rules
        self.fleet = fleet
        self.oracle = oracle
        self._possible: list[RuleAtoms] = []
        self._impossible: list[RuleAtoms] = []

    @property
    def out_of_time(self) -> bool:
        """Whether no new question is answered any more."""
        return self.oracle.budget.left() <= 0

    def mark_impossible(self, atoms: Iterable[RuleAtom]) -> None:
        """Note that some rules are known to contradict each other."""
        self._impossible.append(frozenset(atoms))

    def possible(
        self, atoms: Iterable[RuleAtom], smaller_fleet: CompiledFleet | None = None
    ) -> bool | None:
        """Return whether some rules hold together in some placement; None if time was too short.

        Parameters
        ----------
        atoms : iterable of RuleAtom
        smaller_fleet : CompiledFleet, optional
            A fleet on which these rules are as possible as on the whole one.
        """
        asked = frozenset(atoms)
        if any(asked <= known for known in self._possible):
            return True
        if any(asked >= known for known in self._impossible):
            return False
        # An application is not even made of the rules where there is no time for the answer.
        if self.out_of_time:
            return None
        if self._impossible_without_capacity(asked):
            return False
        status = self._solve(asked, smaller_fleet)
        if status == "unknown":
            return None
        if status == "infeasible":
            self._impossible.append(asked)
            return False
        self._possible.append(asked)
        return True

    def _impossible_without_capacity(self, asked: RuleAtoms) -> bool:
        """Return whether several groups contradict each other on hosts of any capacity.

        Without capacity rules a few hosts stand for all, so that the answer often comes much
        faster.
        """
        without_capacity = frozenset(atom for atom in asked if not isinstance(atom, CapacityRule))
        if without_capacity == asked or _size_count(asked) < 2:
            return False
        smaller_fleet = self._quotient(self.rules.application(without_capacity))
        if smaller_fleet is self.fleet:
            return False
        return self.possible(without_capacity, smaller_fleet) is False

    def _solve(self, asked: RuleAtoms, smaller_fleet: CompiledFleet | None) -> Status:
        app = self.rules.application(asked)
        if smaller_fleet is not None:
            return self.oracle.solve(app, smaller_fleet).status
        has_capacity = any(isinstance(atom, CapacityRule) for atom in asked)
        if _size_count(asked) > 1 and not has_capacity:
            return self.oracle.solve(app, self._quotient(app)).status
        return self.oracle.solve(app, self.fleet).status

    def _quotient(self, app: Application[Any]) -> CompiledFleet:
        """Return few hosts that stand for all, for members that consume nothing."""
        return quotient_fleet(CompiledProblem(Problem(app, self.fleet.index), self.fleet))


def _size_count(atoms: RuleAtoms) -> int:
    return sum(isinstance(atom, SizeRule) for atom in atoms)
