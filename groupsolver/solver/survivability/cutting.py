"""`survives`: the pipeline runs without it; then its answer is held against every loss, and searched on where it falls.

An answer that survives is best of all, since leaving a policy out only makes a problem easier. Where
it falls, the losses after which it does join one model of the placement, each as a scenario of its own
(`scenario.py`), and that model is solved, and looked at, again. What a scenario does not see is
excluded placement by placement: what is left of it is not to be seen again, or at its true price.

Source: logic-based Benders decomposition, Hooker & Ottosson (2003), doi:10.1007/s10107-003-0375-9.
"""

from __future__ import annotations

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
from groupsolver.solver.exact.cp_sat import RATE, posted, solved
from groupsolver.solver.exact.numa import Inside
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.infeasible import infeasible_result
from groupsolver.solver.lexicographic.tiers import Minimise, bound_of_hosts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE
from groupsolver.solver.survivability.nogoods import Memory, Seen
from groupsolver.solver.survivability.recovery import Fall, Recoveries
from groupsolver.solver.survivability.scenario import Aftermath, Scenario

TIME_SHARE_WITHOUT_SURVIVES = 0.5  # of the time, for the answer without `survives`
MAX_VARIABLES = 50_000  # variables of a model over all hosts
ROUNDS = 300  # models, at most
WORST = 8  # losses that join a model at a time: it may do with few


def asking(problem: Problem) -> list[tuple[Rule, FailureModel]]:
    """Give the rules that the pipeline leaves out."""
    return [
        (rule, rule.policy.failure_model)
        for rule in rules_of(problem).all
        if isinstance(rule.policy, CheckedAfterSolve)
    ]


def easier(app: Application[Any]) -> Application[Any]:
    """Give an application without the policies that ask again."""
    groups = tuple(
        group.model_copy(
            update={
                "policies": tuple(one for one in group.policies if not checked_after_solve(one))
            }
        )
        for group in app.groups
    )
    return app.model_copy(update={"groups": groups})


class SurvivalCuts:
    """One search for a placement that survives.

    Parameters
    ----------
    told : CompiledProblem
        The application as it was told.
    objective : {"pack", "spread", "cost"}
    minimise : callable
        The pipeline.
    run : Run
    """

    def __init__(
        self, told: CompiledProblem, objective: Objective, minimise: Minimise, budget: Budget
    ) -> None:
        self.told, self.objective, self.budget = told, objective, budget
        self.plain = CompiledProblem(
            Problem(easier(told.problem.app), told.problem.hosts), told.fleet
        )
        self.rules = asking(told.problem)
        self.best = Incumbent(told, objective, budget)
        self.recoveries = Recoveries(told, minimise, budget)
        self.hard = {id(rule) for rule, _ in self.rules if rule.policy.hard}
        # What running members alone lack already is forgiven to hard rules.
        before = (
            list(self.recoveries.of(self.rules, View(told.problem, {})))
            if told.problem.running_members
            else []
        )
        self.forgiven = {
            id(rule): max(
                (fall.found.most for fall in before if fall.rule is rule and rule.policy.hard),
                default=0,
            )
            for rule, _ in self.rules
        }
        # What is found without `survives` is no answer yet, so nobody hears of it.
        self.part = PartialBudget(
            budget, TIME_SHARE_WITHOUT_SURVIVES * budget.left(), budget.limits.gap, quiet=True
        )

    def look(self, stands: list[Assignment], inside: Inside | None) -> list[Fall]:
        """Take a placement with its recoveries; give the losses that cost, or break, something."""
        placement, cells = self.best.name_members(stands, inside)
        limits = {key: limit for key, limit in self.forgiven.items() if key in self.hard}
        falls: list[Fall] = []
        dead = 0
        for fall in self.recoveries.of(
            self.rules, View(self.told.problem, placement, cells), limits
        ):
            if fall.found.most > self.forgiven[id(fall.rule)]:
                falls.append(fall)
                dead += id(fall.rule) in self.hard
                if dead == WORST:  # enough to learn from
                    break
        if not dead:
            self.best.offer(stands, "survive", inside=inside, witness=self.recoveries.witness)
        return falls

    def nothing(self) -> Result:
        """Answer for a batch in which nothing is left to place."""
        self.look([], {})
        if self.best.value is not None:
            self.best.prove(self.best.value)
        return self.best.result()

    def answer(self, easy: Incumbent) -> Result:
        """Give the answer to the whole from that without `survives`."""
        relaxed = easy.result()
        if easy.assignments is None or relaxed.bound is None:
            return relaxed
        falls = self.look(easy.assignments, easy.inside)
        if not falls:
            self.best.prove(relaxed.bound)
            return self.best.result()
        course = _Course(self, falls, easy.assignments, relaxed.bound)
        proved = course.follow()
        if proved is None:
            return infeasible_result(self.told.problem, self.budget)
        if self.best.value is not None:
            bound = relaxed.bound
            if any(
                rule.tier is not None for rule in rules_of(self.told.problem).all
            ):  # a worse tier may buy better hosts
                bound = min(bound_of_hosts(self.plain, self.objective), self.best.value - 1)
            self.best.prove(self.best.value if proved else max(bound, course.bound(bound)))
        return self.best.result()


class _Course:
    """Model after model, goal after goal: each tier, then the objective."""

    def __init__(
        self, survival: SurvivalCuts, falls: list[Fall], stands: list[Assignment], least: int
    ) -> None:
        self.of, self.least, self.hint = survival, least, stands
        told, plain = survival.told, survival.plain
        self.survey = find_eligibility(plain, survival.objective, SINGLE_STAGE)
        self.memory = Memory()
        self.aftermaths: dict[tuple[str, Loss], Aftermath] = {}
        self.complete = (
            sum(int((most > 0).sum()) for most in self.survey.max_members) * (3 + len(falls))
            <= MAX_VARIABLES
        )
        self.cells = bool(plain.fleet.cells.width)
        self.tiers = sorted(
            {rule.tier for rule in rules_of(told.problem).all if rule.tier is not None}
        )
        self.limits: dict[int, int] = {}
        self.last: int | None = None
        rows = {row for _, row in stands}
        for fall in falls:
            rows |= {told.fleet.rows[host] for host in fall.found.placement.values()}
        self.extra = np.array(sorted(rows), dtype=np.int64)
        self.candidates = [
            self._few(member_class, len(falls)) for member_class in range(len(plain.member_classes))
        ]
        self.learn(falls, stands)

    def _few(self, member_class: int, falls: int) -> Ints:
        """Give all hosts, or the cheapest in all and of each domain."""
        most, price = self.survey.max_members[member_class], self.survey.prices[member_class]
        rows = np.flatnonzero(most)
        if self.complete:
            return rows
        number = max(50, MAX_VARIABLES // (len(self.survey.max_members) * (3 + falls)))
        rows = rows[np.argsort(price[rows], kind="stable")]
        chosen = [self.extra[most[self.extra] > 0], rows[: number // 2]]
        for _, failure_model in self.of.rules:
            codes = self.of.plain.fleet.codes(failure_model.level)[rows]
            rank = ranks_in_class(codes)
            chosen.append(rows[np.argsort(rank, kind="stable")][: number // 2])
        found: Ints = np.unique(np.concatenate(chosen))
        return found

    def bound(self, least: int) -> int:
        """Give the best bound of the objective that a model proved."""
        return least if self.last is None or self.tiers else max(least, self.last)

    def follow(self) -> bool | None:
        """Reach every goal: whether all are proved; None where there is no placement."""
        for goal in (*self.tiers, None):
            proved = self._reach(goal)
            if not proved:
                return proved
            if goal is not None:
                self.limits[goal] = self.of.best.tiers[goal]
        return True

    def _reach(self, goal: int | None) -> bool | None:
        budget, best = self.of.budget, self.of.best
        for _ in range(ROUNDS):
            size = sum(map(len, self.candidates)) * (1 + len(self.aftermaths))
            if budget.left() <= 0 or size > RATE * budget.left():
                return False
            builder = posted(self.of.plain, self.survey, self.candidates)
            self.memory.post(builder, self.of.rules, self.of.forgiven, self._scenarios(builder))
            for tier, limit in self.limits.items():
                builder.bound(tier, limit)
            paid = unit_of(self.of.objective) * sum(self.limits.values()) if goal is None else 0
            builder.minimize(paid, goal)
            if goal is None and not self.tiers:
                builder.floor(self.least)
            aside = PartialBudget(
                budget, budget.left(), 0.0, quiet=True
            )  # what it finds is no answer before it was looked at
            until = budget.elapsed() + budget.left()
            answer = solved(
                builder, self.candidates, best.assignments or self.hint, aside, until, 0.0
            )
            if answer.infeasible:
                if self.complete and best.value is not None:
                    raise BrokenAnswer(
                        "the search for what survives refuted what the check accepts"
                    )
                return None if self.complete else False
            if answer.placement is None:
                return False
            if self.complete and answer.bound is not None and goal is None:
                self.last = max(answer.bound, self.last or answer.bound)
                budget.report("survive", bound=None if self.tiers else self.last)
            falls = self.of.look(answer.placement, answer.inside)
            value = best.value if goal is None else best.tiers.get(goal)
            if (
                best.placed
                and value is not None
                and answer.bound is not None
                and value <= answer.bound
            ):
                return self.complete
            if not self.learn(falls, answer.placement):
                return False
        return False

    def _scenarios(self, builder: ModelBuilder) -> list[tuple[str, Loss, Scenario]]:
        return [
            (group, loss, aftermath.beside(builder, self.extra, self.complete))
            for (group, loss), aftermath in self.aftermaths.items()
        ]

    def learn(self, falls: list[Fall], stands: list[Assignment]) -> bool:
        """Add what a placement taught: a scenario for each loss it falls by, or itself where that is known."""
        learnt = False
        for fall in sorted(falls, key=lambda fall: -fall.found.most)[:WORST]:
            key = fall.rule.group, fall.whole
            if key not in self.aftermaths:
                self.aftermaths[key] = Aftermath(self.of.told, *key)
                learnt = True
        if not learnt:
            for fall in [
                fall for fall in falls if (fall.rule.group, fall.whole) in self.aftermaths
            ]:
                least, most, _ = fall.found
                proved = least == most or (
                    id(fall.rule) in self.of.hard and least > self.of.forgiven[id(fall.rule)]
                )
                self.complete &= proved and not self.cells
                gone = self.aftermaths[fall.rule.group, fall.whole].gone
                learnt |= self.memory.note(
                    Seen.of(fall, stands, set(gone.tolist()), least if proved else most)
                )
        return learnt
