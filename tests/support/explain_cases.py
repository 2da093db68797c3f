"""Small applications as rules, for tests of the modules that explain."""

from __future__ import annotations

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.feasibility import FeasibilityOracle, RuleFeasibility
from groupsolver.solver.explain.quickxplain import MinimalConflict, find_conflict
from groupsolver.solver.explain.rules import ApplicationRules, split_policies
from groupsolver.solver.pipeline import answer


class ExplainCase:
    """An application on a fleet, with its rules and an oracle."""

    def __init__(self, app: Application, fleet: Fleet, seconds: float = 60.0) -> None:
        self.fleet: CompiledFleet = compile_fleet(fleet)
        self.rules = application_rules(app, self.fleet)
        self.budget = Budget(Limits(seconds=seconds, workers=1), None)
        self.oracle = FeasibilityOracle(answer, "pack", self.budget)
        self.feasibility = RuleFeasibility(self.rules, self.fleet, self.oracle)

    def conflict(self) -> MinimalConflict:
        conflict = find_conflict(self.feasibility)
        assert conflict is not None
        return conflict

    def application(self) -> Application:
        """The application of the hard rules alone."""
        return self.rules.application(self.rules.atoms)  # type: ignore[return-value]


def application_rules(app: Application, fleet: CompiledFleet) -> ApplicationRules:
    split = split_policies(Problem(app, fleet.index))
    return ApplicationRules(Problem(split, fleet.index))
