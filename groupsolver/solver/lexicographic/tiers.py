"""Soft policies with priorities: strict tiers, one after the other, and the objective last.

Each stage is the same problem with other prices. Tiers that are done keep their optimum, later ones
are left out; the last stage has the objective and all tiers at their optimum. As most applications
can have every tier for nothing, that is tried first: all of them as hard rules, in one stage.

The least that a tier can cost is what running members alone cost where that can only grow, and
nothing otherwise. Where a tier costs its least, its policies are hard rules (`Tiers.holds_hard`),
and prune as such. A tier that costs more is a budget: one linear constraint over what its policies
cost, which the relaxation ignores.

For example, with tiers 0 and 1 that together cannot cost nothing::

    stage 1: the objective, tiers 0 and 1 at 0     infeasible
    stage 2: the cost of tier 0                    0
    stage 3: the cost of tier 1, tier 0 at 0       200
    stage 4: the objective, tiers at 0 and 200     the answer

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
from groupsolver.solver.lexicographic.tier_parts import part_of_application, tier_parts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.stage import SINGLE_STAGE, Stage

Minimise = Callable[[CompiledProblem, Objective, Stage, Incumbent, Budget], bool]

TIME_SHARE_ALL_AT_LEAST = 0.4  # share of the time left, for all tiers at their least
TIME_SHARE_PER_PART = 0.2  # share of a stage's time left, for each part of a tier
TIME_SHARE_UNPLACED = 0.8  # share of the time left, for the first tier without a placement yet


class Tiers:
    """The tiers of a problem: what each costs at least, and the problems of the stages.

    Parameters
    ----------
    compiled : CompiledProblem
        The application as the user gave it.

    Attributes
    ----------
    least : dict of int to int
        By priority, ascending: what its policies cost at least, in units of weight.
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self._compiled = compiled
        rules = prioritized_rules(compiled.problem)
        nothing_placed = View(compiled.problem, {})
        self._running_measure = {
            (rule.group, id(rule.policy)): rule.policy.violations(rule.group, nothing_placed)
            for rule in rules
        }
        priorities = sorted(rule.tier for rule in rules if rule.tier is not None)
        self.least = {
            priority: sum(map(self._least_cost, self._rules(priority))) for priority in priorities
        }

    def _rules(self, priority: int) -> list[Rule]:
        return [rule for rule in prioritized_rules(self._compiled.problem) if rule.tier == priority]

    def _least_cost(self, rule: Rule) -> int:
        """Return what a rule costs at least, in units of weight."""
        policy = rule.policy
        if not policy.monotone:
            return 0  # new members may lower the measure
        return (policy.weight or 0) * self._running_measure[rule.group, id(policy)]

    def holds_hard(self, group: str, policy: Policy) -> bool:
        """Whether a policy at its least is the same as a hard one: its measure does not grow.

        A hard rule allows what running members break already. Where new members could lower that,
        the least is 0, and a hard rule would allow too much.
        """
        return policy.monotone or not self._running_measure[group, id(policy)]

    def step(self, priority: int) -> int:
        """Return the greatest number that all costs of a tier are multiples of.

        For example, policies of weight 4 and 6 cost 0, 4, 6, 8, ...: multiples of 2.
        """
        return math.gcd(*(rule.policy.weight or 0 for rule in self._rules(priority)))

    def stage(
        self, limits: Mapping[int, int], target: int | None, offset: int
    ) -> tuple[CompiledProblem, Stage]:
        """Return the problem of a stage, and the stage.

        Parameters
        ----------
        limits : mapping of int to int
            By priority of each earlier tier: what it may cost.
        target : int or None
            Priority of the tier that is minimised; None: the objective.
        offset : int
            See `Stage`.
        """
        problem = self._compiled.problem
        groups = []
        for group in problem.app.groups:
            staged = [
                self._staged_policy(group.name, policy, limits, target) for policy in group.policies
            ]
            policies = tuple(policy for policy in staged if policy is not None)
            groups.append(group.model_copy(update={"policies": policies}))
        app = problem.app.model_copy(update={"groups": tuple(groups)})
        compiled = CompiledProblem(Problem(app, problem.hosts), self._compiled.fleet)
        return compiled, Stage(target, dict(limits), self._budgets(limits), offset)

    def _budgets(self, limits: Mapping[int, int]) -> dict[int, int]:
        """Return what is left of each limit for the policies that are not held hard."""
        budgets = {}
        for priority, limit in limits.items():
            rules = self._rules(priority)
            at_least = limit == self.least[priority]
            held = [rule for rule in rules if at_least and self.holds_hard(rule.group, rule.policy)]
            if len(held) < len(rules):
                budgets[priority] = limit - sum(map(self._least_cost, held))
        return budgets

    def _staged_policy(
        self, group: str, policy: Policy, limits: Mapping[int, int], target: int | None
    ) -> Policy | None:
        """Return a policy as a stage has it, None where the stage leaves it out."""
        priority = policy.priority
        if policy.hard:
            return policy
        if priority is None:
            return policy if target is None else None
        if priority not in limits:
            # The target's policies are priced like ones without a priority.
            return policy.model_copy(update={"priority": None}) if priority == target else None
        if limits[priority] == self.least[priority] and self.holds_hard(group, policy):
            # Its priority stays, which tells it from a policy that the user made hard: see
            # `Policy.declared_hard`.
            return policy.model_copy(update={"weight": None})
        return policy


def prioritized_rules(problem: Problem) -> list[Rule]:
    """Return the soft rules that have a priority."""
    return [rule for rule in rules_of(problem).all if rule.tier is not None]


class LexicographicSolve:
    """The stages of one solve, in order, and what is known of each tier so far.

    Parameters
    ----------
    compiled : CompiledProblem
        The application as the user gave it.
    objective : {"pack", "spread", "cost"}
    best : Incumbent
    budget : Budget
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
        self._compiled = compiled
        self._objective = objective
        self._best = best
        self._budget = budget
        self._minimise = minimise
        self._tiers = Tiers(compiled)
        self._least = self._tiers.least
        # By tier: a lower bound of its cost within the limits of those before.
        self._proved = dict(self._least)
        self._limits: dict[int, int] = {}  # of the tiers that are done
        self._objective_bound = bound_of_hosts(compiled, objective)

    def run(self) -> bool:
        """Solve stage by stage; return False where there is no placement at all."""
        open_tiers = list(self._least)
        all_tried = False
        all_refuted = False
        while open_tiers and self._budget.left() > 0:
            if not all_tried:
                all_tried = True
                all_refuted = not self._try_all_at_least(open_tiers)
                if self._best.value is not None:
                    self._limits |= {tier: self._least[tier] for tier in open_tiers}
                    return self._minimise_objective()
            tier = open_tiers.pop(0)
            if all_refuted and not open_tiers:
                # Of all tiers at their least only this one is open, so it costs at least one more.
                self._proved[tier] += self._tiers.step(tier)
            if not self._minimise_tier(tier, len(open_tiers)):
                return False
            if not self._best.placed:
                return True
            self._limits[tier] = self._best.tiers[tier]
            # The later tiers were tried together with this one at its least already.
            all_tried = self._limits[tier] == self._least[tier]
        if open_tiers:
            return self._finish_out_of_time()
        return self._minimise_objective()

    def _try_all_at_least(self, open_tiers: list[int]) -> bool:
        """Minimise the objective with all tiers at their least; return False where refuted."""
        limits = self._limits | {tier: self._least[tier] for tier in open_tiers}
        seconds = TIME_SHARE_ALL_AT_LEAST * self._budget.left()
        part = PartialBudget(self._budget, seconds, self._budget.limits.gap)
        possible = self._solve_stage(None, limits, self._objective_bound, part)
        if self._best.value is not None:
            self._objective_bound = max(
                self._objective_bound, self._best.bound or self._objective_bound
            )
        return possible

    def _minimise_tier(self, tier: int, num_later: int) -> bool:
        """Minimise one tier; return False where there is no placement."""
        # An equal share for this tier, for each later one and for the objective.
        share = 1 / (num_later + 2) if self._best.placed else TIME_SHARE_UNPLACED
        part = PartialBudget(self._budget, share * self._budget.left(), 0.0)
        possible = self._solve_stage(tier, self._limits, self._proved[tier], part)
        self._proved[tier] = max(self._proved[tier], self._best.bound or 0)
        return possible

    def _minimise_objective(self) -> bool:
        """Run the last stage; always True, since a placement was found before."""
        # Where a tier is not proved, the stage's offset falls short of what the tiers cost, and the
        # search's own bounds fall short of the objective: they are not shown to the watcher.
        exact = self._limits == self._proved
        part = self._budget
        if not exact:
            part = PartialBudget(self._budget, math.inf, self._budget.limits.gap)
        self._solve_stage(None, self._limits, self._objective_bound, part)
        return self._best.value is not None or self._finish_out_of_time()

    def _finish_out_of_time(self) -> bool:
        """Answer with the placement at hand; of its objective only the hosts' bound is proved."""
        self._best.enter(SINGLE_STAGE, self._budget)
        self._best.prove(self._objective_bound)
        return True

    def _solve_stage(
        self, target: int | None, limits: Mapping[int, int], bound: int, part: Budget
    ) -> bool:
        """Solve one stage, given a lower bound of it; return False where it has no placement."""
        offset = 0
        if target is None:
            proved = sum(self._proved[tier] for tier in limits)
            offset = unit_of(self._objective) * proved
        compiled, stage = self._tiers.stage(limits, target, offset)
        if target is not None:
            stage = replace(stage, floor=lambda budget: self._bound_by_parts(target, budget))
        self._best.enter(stage, part)
        self._best.prove(bound)
        if self._best.gap <= part.limits.gap:
            # An earlier stage has proved this one as well.
            part.report("relax", self._best.value, self._best.bound)
            return True
        possible = self._minimise(compiled, self._objective, stage, self._best, part)
        if not possible and self._best.value is not None:
            raise BrokenAnswer("a stage refuted what an earlier one placed")
        return possible

    def _bound_by_parts(self, tier: int, budget: Budget) -> int:
        """Return a lower bound of a tier within the limits of those before it.

        The bound is the sum over the parts of the tier, see `tier_parts`.
        """
        problem = self._compiled.problem
        rules = [rule for rule in rules_of(problem).all if rule.tier == tier]
        total = 0
        for part in tier_parts(problem, rules):
            app = part_of_application(problem, part, tier)
            compiled = CompiledProblem(Problem(app, problem.hosts), self._compiled.fleet)
            tiers = Tiers(compiled)
            if budget.left() > 0 and tier in tiers.least:
                total += self._bound_of_part(compiled, tiers, tier, budget)
        return total

    def _bound_of_part(
        self, compiled: CompiledProblem, tiers: Tiers, tier: int, budget: Budget
    ) -> int:
        """Return a lower bound of what a tier costs for one part."""
        limits = {}
        for earlier, limit in self._limits.items():
            if earlier in tiers.least:
                # A tier at its least has each of its policies at that. Any other tier costs a part
                # no more than the whole.
                at_least = limit == self._least[earlier]
                limits[earlier] = tiers.least[earlier] if at_least else limit
        staged, stage = tiers.stage(limits, tier, 0)
        aside = PartialBudget(budget, TIME_SHARE_PER_PART * budget.left(), 0.0, quiet=True)
        best = Incumbent(compiled, self._objective, aside)
        best.enter(stage, aside)
        best.prove(tiers.least[tier])
        self._minimise(staged, self._objective, stage, best, aside)
        return best.bound or 0


def bound_of_hosts(compiled: CompiledProblem, objective: Objective) -> int:
    """Return a lower bound of the objective, whatever the tiers: the cheapest hosts of each class.

    ``sum(price[h] * members[h])`` with the members of a class on its cheapest hosts, each as full
    as it may be. For 5 members on hosts of 3, 1 and 4 places at 1, 2 and 9 points::

        3 * 1 + 1 * 2 + 1 * 9 = 14
    """
    eligibility = find_eligibility(compiled, objective)
    total = 0
    for member_class, most, prices in zip(
        compiled.member_classes, eligibility.max_members, eligibility.prices, strict=True
    ):
        rows = np.flatnonzero(most)
        rows = rows[np.argsort(prices[rows], kind="stable")]
        places = most[rows]
        places_before = np.cumsum(places) - places
        members = np.clip(member_class.number - places_before, 0, places)
        total += int((members * prices[rows]).sum())
    return total
