"""Soft policies with priorities: strict tiers, one after the other, and the objective last.

Each stage is the same problem with other prices. Tiers that are done keep their optimum, those to
come are left out; the last stage has the objective and all tiers at their optimum. As most batches
can have every tier for nothing, that is tried first: all of them as hard rules, in one stage.

Least of all a tier costs what running members alone cost where that can only grow, and nothing
otherwise. At that least a policy is a hard rule (`_holds`), and prunes as such; a tier that costs
more is a budget: one linear constraint over what its policies cost, which the relaxation ignores.

Source: sequential lexicographic optimisation, Isermann (1982), doi:10.1007/BF01720540.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.errors import BrokenAnswer
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.lexicographic.tier_parts import only, parts_of
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE, Stage

Minimise = Callable[[CompiledProblem, Objective, Stage, Incumbent, Budget], bool]

TRIED = 0.4  # of the time left, for all tiers at their least
EACH = 0.2  # of a stage's time left, for each part of a tier
UNPLACED = 0.8  # of the time left, for the first tier where there is no placement yet


class Tiers:
    """The tiers of a problem: what each costs at least, and the problems of the stages.

    Parameters
    ----------
    compiled problem : CompiledProblem
        The application as it was told.

    Attributes
    ----------
    least : dict of int to int
        By priority, ascending: what its policies cost at least, in units of weight.
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self._ground = compiled
        before = View(compiled.problem, {})
        self._standing = {
            (rule.group, id(rule.policy)): rule.policy.violations(rule.group, before)
            for rule in tiered(compiled.problem)
        }
        priorities = sorted(rule.tier for rule in tiered(compiled.problem) if rule.tier is not None)
        self.least = {
            priority: sum(map(self._least, self._rules(priority))) for priority in priorities
        }

    def _rules(self, priority: int) -> list[Rule]:
        return [rule for rule in tiered(self._ground.problem) if rule.tier == priority]

    def _least(self, rule: Rule) -> int:
        policy = rule.policy
        return (
            (policy.weight or 0) * self._standing[rule.group, id(policy)] if policy.monotone else 0
        )

    def _holds(self, group: str, policy: Policy) -> bool:
        """Whether a policy at its least is the same as a hard one: its measure does not grow."""
        return policy.monotone or not self._standing[group, id(policy)]

    def step(self, priority: int) -> int:
        """Give what all costs of a tier are multiples of."""
        return math.gcd(*(rule.policy.weight or 0 for rule in self._rules(priority)))

    def stage(
        self, limits: Mapping[int, int], target: int | None, offset: int
    ) -> tuple[CompiledProblem, Stage]:
        """Give the problem of a stage; see `Stage`."""
        problem, budgets = self._ground.problem, {}
        for priority, limit in limits.items():
            rules = self._rules(priority)
            held = [
                rule
                for rule in rules
                if limit == self.least[priority] and self._holds(rule.group, rule.policy)
            ]
            if len(held) < len(rules):
                budgets[priority] = limit - sum(map(self._least, held))
        groups = []
        for group in problem.app.groups:
            told = [self._told(group.name, policy, limits, target) for policy in group.policies]
            groups.append(
                group.model_copy(update={"policies": tuple(one for one in told if one is not None)})
            )
        app = problem.app.model_copy(update={"groups": tuple(groups)})
        compiled = CompiledProblem(Problem(app, problem.hosts), self._ground.fleet)
        return compiled, Stage(target, dict(limits), budgets, offset)

    def _told(
        self, group: str, policy: Policy, limits: Mapping[int, int], target: int | None
    ) -> Policy | None:
        """Give a policy as a stage has it, None where it has none."""
        if policy.hard or (policy.priority is None and target is None):
            return policy
        if policy.priority is None or policy.priority not in limits:
            return (
                policy.model_copy(update={"priority": None}) if policy.priority == target else None
            )
        if limits[policy.priority] == self.least[policy.priority] and self._holds(group, policy):
            return policy.model_copy(
                update={"weight": None}
            )  # with a priority still: see `Policy.declared_hard`
        return policy


def tiered(problem: Problem) -> list[Rule]:
    """Give the soft rules that have a priority."""
    return [rule for rule in rules_of(problem).all if rule.tier is not None]


class Course:
    """The stages of one run, in order, and what is known of each tier so far.

    Parameters
    ----------
    compiled problem : CompiledProblem
        The application as it was told.
    objective : {"pack", "spread", "cost"}
    best : Incumbent
    run : Run
    minimise : callable
        The pipeline: improves `best` by one stage's problem; false where it has no placement.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        objective: Objective,
        best: Incumbent,
        budget: Budget,
        minimise: Minimise,
    ) -> None:
        self._objective = objective
        self._best = best
        self._budget = budget
        self._minimise = minimise
        self._ground = compiled
        self._tiers = Tiers(compiled)
        self._least = self._tiers.least
        self._proved = dict(
            self._least
        )  # by tier: what it costs at least within the limits of those before
        self._limits: dict[int, int] = {}  # of the tiers that are done
        self._bound = bound_of_hosts(compiled, objective)  # of the objective

    def follow(self) -> bool:
        """Solve stage by stage; false where there is no placement at all."""
        left, tried, refuted = list(self._least), False, False
        while left and self._budget.left() > 0:
            if not tried:
                tried, refuted = True, not self._all_at_least(left)
                if self._best.value is not None:
                    self._limits |= {tier: self._least[tier] for tier in left}
                    return self._last()
            tier = left.pop(0)
            if refuted and not left:
                self._proved[tier] += self._tiers.step(tier)
            if not self._tier(tier, len(left)):
                return False
            if not self._best.placed:
                return True
            self._limits[tier] = self._best.tiers[tier]
            tried = (
                self._limits[tier] == self._least[tier]
            )  # the others were tried together with it at that
        return self._last() if not left else self._too_late()

    def _all_at_least(self, left: list[int]) -> bool:
        limits = self._limits | {tier: self._least[tier] for tier in left}
        seconds = TRIED * self._budget.left()
        possible = self._solve(
            None, limits, self._bound, PartialBudget(self._budget, seconds, self._budget.limits.gap)
        )
        if self._best.value is not None:
            self._bound = max(self._bound, self._best.bound or self._bound)
        return possible

    def _tier(self, tier: int, after: int) -> bool:
        share = 1 / (after + 2) if self._best.placed else UNPLACED
        part = PartialBudget(self._budget, share * self._budget.left(), 0.0)
        possible = self._solve(tier, self._limits, self._proved[tier], part)
        self._proved[tier] = max(self._proved[tier], self._best.bound or 0)
        return possible

    def _last(self) -> bool:
        exact = (
            self._limits == self._proved
        )  # otherwise the search's own figures fall short of the objective
        part = (
            self._budget
            if exact
            else PartialBudget(self._budget, math.inf, self._budget.limits.gap)
        )
        self._solve(None, self._limits, self._bound, part)
        return self._best.value is not None or self._too_late()

    def _too_late(self) -> bool:
        """Answer what there is; of its objective only the hosts' bound is proved."""
        self._best.enter(SINGLE_STAGE, self._budget)
        self._best.prove(self._bound)
        return True

    def _solve(
        self, target: int | None, limits: Mapping[int, int], bound: int, part: Budget
    ) -> bool:
        offset = (
            0
            if target is not None
            else unit_of(self._objective) * sum(self._proved[tier] for tier in limits)
        )
        compiled, stage = self._tiers.stage(limits, target, offset)
        if target is not None:
            stage = replace(stage, floor=lambda budget: self._floor(target, budget))
        self._best.enter(stage, part)
        self._best.prove(bound)
        if self._best.gap <= part.limits.gap:  # proved by an earlier stage
            part.report("relax", self._best.value, self._best.bound)
            return True
        possible = self._minimise(compiled, self._objective, stage, self._best, part)
        if not possible and self._best.value is not None:
            raise BrokenAnswer("a stage refuted what an earlier one placed")
        return possible

    def _floor(self, tier: int, budget: Budget) -> int:
        """Bound a tier within the limits of those before it by the sum over parts that it looks at."""
        problem, fleet = self._ground.problem, self._ground.fleet
        rules = [rule for rule in rules_of(problem).all if rule.tier == tier]
        total = 0
        for part in parts_of(problem, rules):
            compiled = CompiledProblem(Problem(only(problem, part, tier), problem.hosts), fleet)
            tiers = Tiers(compiled)
            if budget.left() <= 0 or tier not in tiers.least:
                continue
            # A tier at its least has each of its policies at that; another costs a part no more than the whole.
            limits = {
                earlier: tiers.least[earlier] if limit == self._least[earlier] else limit
                for earlier, limit in self._limits.items()
                if earlier in tiers.least
            }
            staged, stage = tiers.stage(limits, tier, 0)
            aside = PartialBudget(budget, EACH * budget.left(), 0.0, quiet=True)
            best = Incumbent(compiled, self._objective, aside)
            best.enter(stage, aside)
            best.prove(tiers.least[tier])
            self._minimise(staged, self._objective, stage, best, aside)
            total += best.bound or 0
        return total


def bound_of_hosts(compiled: CompiledProblem, objective: Objective) -> int:
    """Bound the objective by the cheapest hosts of each member class alone, whatever the tiers."""
    known, total = find_eligibility(compiled, objective), 0
    for member_class, most, prices in zip(
        compiled.member_classes, known.max_members, known.prices, strict=True
    ):
        rows = np.flatnonzero(most)
        rows = rows[np.argsort(prices[rows], kind="stable")]
        before = np.cumsum(most[rows]) - most[rows]
        total += int((np.clip(member_class.number - before, 0, most[rows]) * prices[rows]).sum())
    return total
