"""Solve with `survives` policies by cutting: solve without them, test every loss, cut, solve again.

An answer that survives is the best of all, since leaving a policy out only makes a problem easier.
Where it does not, the losses that break it join one model of the placement, each as a scenario
(`scenario.py`); that model is solved and its answer tested again. What a scenario does not model is
excluded placement by placement (`nogoods.py`).

For example, A is to survive the loss of a host and needs a trait of h0 and h1; B may be anywhere. A
host takes one member, and h0, h1 and h2 cost 0, 1 and 2::

    solve without `survives`: A on h0, B on h1, cost 1
    test: after the loss of h0, A has no place, since B is on h1
    cut: the scenario of that loss joins the model
    solve: A on h1, B on h0, cost 1; the same for the loss of h1, whose scenario joins as well
    solve: A on h0, B on h2, cost 2
    test: after the loss of h0, A goes to h1; it survives

Source: logic-based Benders decomposition, Hooker & Ottosson (2003), doi:10.1007/s10107-003-0375-9.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.survivability import (
    CheckedAfterSolve,
    FailureModel,
    checked_after_solve,
)
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.errors import BrokenAnswer
from groupsolver.model.application import Application
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.class_ranks import ranks_in_class
from groupsolver.model.result import Objective, Result
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.cp_sat import (
    CANDIDATES_PER_SECOND,
    SearchOutcome,
    build_constraints,
    solve_hinted,
)
from groupsolver.solver.exact.numa import CellCounts
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.infeasible import infeasible_result
from groupsolver.solver.lexicographic.tiers import Minimise, bound_of_hosts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE
from groupsolver.solver.survivability.nogoods import Nogood, Nogoods
from groupsolver.solver.survivability.recovery import LossRecovery, Recoveries
from groupsolver.solver.survivability.scenario import Scenario, ScenarioTemplate

TIME_SHARE_WITHOUT_SURVIVES = 0.5  # share of the time, for the answer without `survives`
TIME_SHARE_TO_TEST = 0.5  # share of the time left, for losses; the check takes as long again
MAX_VARIABLES = 50_000  # variables of a model over all hosts
MIN_CANDIDATES = 50  # candidates of each member class in a larger model
MAX_ROUNDS = 300  # models for one goal
# Losses that join a model at a time. It may need few of them, and each makes the model larger.
MAX_LOSSES_PER_ROUND = 8


def survives_rules(problem: Problem) -> list[tuple[Rule, FailureModel]]:
    """Return the rules that the pipeline leaves out, each with what is lost together."""
    return [
        (rule, rule.policy.failure_model)
        for rule in rules_of(problem).all
        if isinstance(rule.policy, CheckedAfterSolve)
    ]


def without_survives(app: Application[Any]) -> Application[Any]:
    """Return an application without the policies that are checked after the solve."""
    groups = []
    for group in app.groups:
        policies = tuple(policy for policy in group.policies if not checked_after_solve(policy))
        groups.append(group.model_copy(update={"policies": policies}))
    return app.model_copy(update={"groups": tuple(groups)})


class SurvivalCuts:
    """The search for a placement that survives, of one solve.

    Parameters
    ----------
    original : CompiledProblem
        The application as the user gave it.
    objective : {"pack", "spread", "cost"}
    minimise : callable
        The pipeline.
    budget : Budget

    Attributes
    ----------
    plain : CompiledProblem
        The application without `survives`, for the pipeline.
    part : PartialBudget
        The time for that.
    """

    def __init__(
        self, original: CompiledProblem, objective: Objective, minimise: Minimise, budget: Budget
    ) -> None:
        self.original = original
        self.objective = objective
        self.budget = budget
        app = without_survives(original.problem.app)
        self.plain = CompiledProblem(Problem(app, original.problem.hosts), original.fleet)
        self.rules = survives_rules(original.problem)
        self.best = Incumbent(original, objective, budget)
        self.recoveries = Recoveries(original, minimise, budget)
        self.hard = {rule for rule, _ in self.rules if rule.policy.hard}
        # Quiet, since what is found without `survives` is no answer yet.
        seconds = TIME_SHARE_WITHOUT_SURVIVES * budget.left()
        self.part = PartialBudget(budget, seconds, budget.limits.gap, quiet=True)

    @cached_property
    def forgiven(self) -> dict[Rule, int]:
        """By rule: how many running members find no place already.

        Hard rules forgive that many; soft ones forgive none.
        """
        forgiven = {rule: 0 for rule, _ in self.rules}
        if not self.original.problem.running_members:
            return forgiven
        for found in self.recoveries.of(self.rules, View(self.original.problem, {})):
            key = found.rule
            if key in self.hard:
                forgiven[key] = max(forgiven[key], found.recovery.most)
        return forgiven

    def test(self, assignment: list[Assignment], inside: CellCounts | None) -> list[LossRecovery]:
        """Test a placement against every loss, and offer it where no hard rule is broken.

        Returns
        -------
        list of LossRecovery
            The losses that break a hard rule, or that a soft rule has to pay for.
        """
        placement, cells = self.best.name_members(assignment, inside)
        view = View(self.original.problem, placement, cells)
        if self._recovers(view):
            witness = self.recoveries.witness
            self.best.offer(assignment, "survive", inside=inside, witness=witness)
            return []
        limits = {key: limit for key, limit in self.forgiven.items() if key in self.hard}
        costly: list[LossRecovery] = []
        broken = 0
        for found in self.recoveries.of(self.rules, view, limits, TIME_SHARE_TO_TEST):
            if found.recovery.most <= self.forgiven[found.rule]:
                continue
            costly.append(found)
            broken += found.rule in self.hard
            if broken == MAX_LOSSES_PER_ROUND:
                break  # enough to learn from
        # What was not looked at in time may be broken: the check would look at it without a limit.
        if not broken and self.recoveries.complete:
            witness = self.recoveries.witness
            self.best.offer(assignment, "survive", inside=inside, witness=witness)
        return costly

    def _recovers(self, view: View) -> bool:
        """Return whether all lost members find a place after every loss.

        Then what running members alone would lack does not matter, and is not looked for.
        """
        none_left = dict.fromkeys(self.hard, 0)
        found = self.recoveries.of(self.rules, view, none_left, TIME_SHARE_TO_TEST)
        return all(not one.recovery.most for one in found) and self.recoveries.complete

    def nothing(self) -> Result:
        """Return the result for a problem in which nothing is left to place."""
        self.test([], {})
        if self.best.value is not None:
            self.best.prove(self.best.value)
        return self.best.result()

    def answer(self, easier: Incumbent) -> Result:
        """Return the result for the whole problem, given what was found without `survives`."""
        relaxed = easier.result()
        assignment = easier.assignments
        if assignment is None or relaxed.bound is None:
            return relaxed
        costly = self.test(assignment, easier.inside)
        if not costly:
            self.best.prove(relaxed.bound)
            return self.best.result()
        loop = _CutLoop(self, costly, assignment, relaxed.bound)
        outcome = loop.run()
        if outcome is _GoalStatus.INFEASIBLE:
            return infeasible_result(self.original.problem, self.budget)
        if self.best.value is not None:
            proved = outcome is _GoalStatus.PROVED
            bound = self.best.value if proved else loop.bound(self._relaxed_bound(relaxed.bound))
            self.best.prove(bound)
        return self.best.result()

    def _relaxed_bound(self, bound: int) -> int:
        """Return what the solve without `survives` proved of the objective of the whole."""
        if all(rule.tier is None for rule in rules_of(self.original.problem).all):
            return bound
        # A worse tier may buy better hosts. Not the value itself, which would read as a proof.
        value = self.best.value
        least = bound_of_hosts(self.plain, self.objective)
        return least if value is None else min(least, value - 1)


class _GoalStatus(Enum):
    """What became of a goal: the cost of a tier, or the objective."""

    PROVED = "proved"
    OPEN = "open"
    INFEASIBLE = "infeasible"


class _CutLoop:
    """Model after model, goal after goal: the cost of each tier, then the objective.

    Parameters
    ----------
    cuts : SurvivalCuts
    costly : list of LossRecovery
        The losses that the first placement pays for.
    assignment : list of (int, int)
        The first placement.
    least : int
        A lower bound of the objective.
    """

    def __init__(
        self,
        cuts: SurvivalCuts,
        costly: list[LossRecovery],
        assignment: list[Assignment],
        least: int,
    ) -> None:
        self._cuts = cuts
        self._least = least
        self._hint = assignment
        self._eligibility = find_eligibility(cuts.plain, cuts.objective, SINGLE_STAGE)
        self._nogoods = Nogoods()
        self._templates: dict[tuple[str, Loss], ScenarioTemplate] = {}
        num_candidates = sum(int((most > 0).sum()) for most in self._eligibility.max_members)
        # Whether the models have every host and only true cuts, so that what they prove is proved.
        self._complete = num_candidates * (3 + len(costly)) <= MAX_VARIABLES
        self._has_cells = bool(cuts.plain.fleet.cells.width)
        rules = rules_of(cuts.original.problem).all
        self._tiers = sorted({rule.tier for rule in rules if rule.tier is not None})
        self._limits: dict[int, int] = {}  # of the tiers that are done
        self._proved: int | None = None  # the best bound of the objective
        self._known_rows = self._rows_of(costly, assignment)
        self._candidates = [
            self._candidates_of(class_index, len(costly))
            for class_index in range(len(cuts.plain.member_classes))
        ]
        self._learn(costly, assignment)

    def _rows_of(self, costly: list[LossRecovery], assignment: list[Assignment]) -> Ints:
        """Return the rows of the first placement and of its recoveries, ascending."""
        row_of = self._cuts.original.fleet.rows
        rows = {row for _, row in assignment}
        for found in costly:
            rows |= {row_of[host] for host in found.recovery.placement.values()}
        return np.array(sorted(rows), dtype=np.int64)

    def _candidates_of(self, class_index: int, num_costly: int) -> Ints:
        """Return all hosts of a member class, or the cheapest in all and of each domain."""
        most = self._eligibility.max_members[class_index]
        price = self._eligibility.prices[class_index]
        rows = np.flatnonzero(most)
        if self._complete:
            return rows
        num_classes = len(self._eligibility.max_members)
        number = max(MIN_CANDIDATES, MAX_VARIABLES // (num_classes * (3 + num_costly)))
        rows = rows[np.argsort(price[rows], kind="stable")]
        known = self._known_rows[most[self._known_rows] > 0]
        chosen = [known, rows[: number // 2]]
        for _, failure_model in self._cuts.rules:
            codes = self._cuts.plain.fleet.codes(failure_model.level)[rows]
            by_rank = np.argsort(ranks_in_class(codes), kind="stable")
            chosen.append(rows[by_rank][: number // 2])
        found: Ints = np.unique(np.concatenate(chosen))
        return found

    def bound(self, least: int) -> int:
        """Return the best bound of the objective, given another one."""
        # With tiers, what a model proved holds within their limits alone.
        if self._proved is None or self._tiers:
            return least
        return max(least, self._proved)

    def run(self) -> _GoalStatus:
        """Reach every goal in turn, until one is not proved."""
        for goal in (*self._tiers, None):
            outcome = self._reach(goal)
            if outcome is not _GoalStatus.PROVED:
                return outcome
            if goal is not None:
                self._limits[goal] = self._cuts.best.tiers[goal]
        return _GoalStatus.PROVED

    def _reach(self, goal: int | None) -> _GoalStatus:
        """Minimise a tier, or the objective where `goal` is None."""
        for _ in range(MAX_ROUNDS):
            if not self._time_for_model():
                return _GoalStatus.OPEN
            outcome = self._solve(self._build(goal))
            if outcome.infeasible:
                return self._refuted()
            if outcome.placement is None:
                return _GoalStatus.OPEN
            if goal is None:
                self._take_bound(outcome.bound)
            costly = self._cuts.test(outcome.placement, outcome.inside)
            if self._reached(goal, outcome.bound):
                return _GoalStatus.PROVED if self._complete else _GoalStatus.OPEN
            if not self._learn(costly, outcome.placement):
                return _GoalStatus.OPEN
        return _GoalStatus.OPEN

    def _time_for_model(self) -> bool:
        left = self._cuts.budget.left()
        size = sum(map(len, self._candidates)) * (1 + len(self._templates))
        return left > 0 and size <= CANDIDATES_PER_SECOND * left

    def _build(self, goal: int | None) -> ModelBuilder:
        """Build the model of a round: the placement, what is known of losses, and the goal."""
        cuts = self._cuts
        builder = build_constraints(cuts.plain, self._eligibility, self._candidates)
        scenarios = self._scenarios(builder)
        self._nogoods.post(builder, cuts.rules, cuts.forgiven, scenarios)
        for tier, limit in self._limits.items():
            builder.bound(tier, limit)
        paid_by_tiers = 0
        if goal is None:
            paid_by_tiers = unit_of(cuts.objective) * sum(self._limits.values())
        builder.minimize(paid_by_tiers, goal)
        if goal is None and not self._tiers:
            builder.floor(self._least)
        return builder

    def _scenarios(self, builder: ModelBuilder) -> list[tuple[str, Loss, Scenario]]:
        return [
            (group, loss, template.add_to(builder, self._known_rows, self._complete))
            for (group, loss), template in self._templates.items()
        ]

    def _solve(self, builder: ModelBuilder) -> SearchOutcome:
        budget = self._cuts.budget
        # Quiet, since a placement is no answer before it was tested.
        aside = PartialBudget(budget, budget.left(), 0.0, quiet=True)
        until = budget.elapsed() + budget.left()
        hint = self._cuts.best.assignments or self._hint
        return solve_hinted(builder, self._candidates, hint, aside, until, 0.0)

    def _refuted(self) -> _GoalStatus:
        """Return what it means that a model has no placement."""
        if not self._complete:
            return _GoalStatus.OPEN
        if self._cuts.best.value is not None:
            raise BrokenAnswer("the search for what survives refuted what the check accepts")
        return _GoalStatus.INFEASIBLE

    def _take_bound(self, bound: int | None) -> None:
        """Keep and report a bound of the objective."""
        if not self._complete or bound is None:
            return
        self._proved = bound if self._proved is None else max(bound, self._proved)
        self._cuts.budget.report("survive", bound=None if self._tiers else self._proved)

    def _reached(self, goal: int | None, bound: int | None) -> bool:
        """Whether the best placement costs no more than a model's bound."""
        best = self._cuts.best
        value = best.value if goal is None else best.tiers.get(goal)
        if not best.placed or value is None or bound is None:
            return False
        return value <= bound

    def _learn(self, costly: list[LossRecovery], assignment: list[Assignment]) -> bool:
        """Add what a placement taught; return False if that was known.

        A loss that is new joins the model as a scenario. Where all have, the scenarios do not see
        why the placement pays, and nogoods exclude it.
        """
        learnt = False
        worst = sorted(costly, key=lambda found: -found.recovery.most)[:MAX_LOSSES_PER_ROUND]
        for found in worst:
            key = found.rule.group, found.full_loss
            if key not in self._templates:
                self._templates[key] = ScenarioTemplate(self._cuts.original, *key)
                learnt = True
        if learnt:
            return True
        for found in costly:
            template = self._templates.get((found.rule.group, found.full_loss))
            if template is not None:
                learnt |= self._exclude(found, template, assignment)
        return learnt

    def _exclude(
        self, found: LossRecovery, template: ScenarioTemplate, assignment: list[Assignment]
    ) -> bool:
        """Add a nogood of a placement and a loss; return False if it was known."""
        least, most, _ = found.recovery
        key = found.rule
        breaks_hard = key in self._cuts.hard and least > self._cuts.forgiven[key]
        proved = least == most or breaks_hard
        # Not proved, the nogood may price a placement too high. With cells, the same counts on
        # hosts may be in other cells, and cost less.
        self._complete &= proved and not self._has_cells
        gone = set(template.gone.tolist())
        return self._nogoods.add(Nogood.of(found, assignment, gone, least if proved else most))
