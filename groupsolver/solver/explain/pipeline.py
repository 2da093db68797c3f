"""Why an application cannot be placed, and what would help: one function, `find_reasons`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from groupsolver.changes.application import FewerMembers
from groupsolver.changes.change import Change
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Conflict, Explanation, Fix, Limits, Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.corrections import VerifiedFix
from groupsolver.solver.explain.empty_fleet import impossible_on_empty_fleet
from groupsolver.solver.explain.feasibility import FeasibilityOracle, RuleFeasibility, Solve
from groupsolver.solver.explain.fixes import find_fixes
from groupsolver.solver.explain.messages import describe_conflict
from groupsolver.solver.explain.quickxplain import (
    MinimalConflict,
    find_conflict,
    find_impossible_part,
)
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    PolicyRule,
    RuleAtom,
    split_policies,
)
from groupsolver.solver.infeasible import closed_host_warnings, conflict_of_all_rules

MAX_FIXES = 6  # in an answer
SECONDS_TO_DESCRIBE = 2.0  # for conflicts in words, where no budget is left to say
MIN_SECONDS_TO_DESCRIBE = 0.3  # where all time went into the search


@dataclass(frozen=True)
class Reasons:
    """Why an application cannot be placed, before it is put into words: these depend on the reader.

    Attributes
    ----------
    problem : Problem
    rules : ApplicationRules
    fleet : CompiledFleet
    seconds : float
    conflicts : tuple of MinimalConflict
        Empty if none was found in time.
    fixes : tuple of VerifiedFix
        The cheapest first.
    impossible_on_empty_fleet : bool or None
        None if it was not decided in time.
    possible_without_others : bool or None
        Whether it would be possible without the policies of groups that are not the reader's own;
        None if it was not decided, or there are no such policies.
    optional_groups : frozenset of str
        Groups with `at_least`: the problem of the rules has as many members of them as are
        required.
    """

    problem: Problem
    rules: ApplicationRules
    fleet: CompiledFleet
    seconds: float
    conflicts: tuple[MinimalConflict, ...] = ()
    fixes: tuple[VerifiedFix, ...] = ()
    impossible_on_empty_fleet: bool | None = None
    possible_without_others: bool | None = None
    optional_groups: frozenset[str] = frozenset()

    def explanation(
        self,
        reveal: bool = True,
        may_be_shown: Callable[[VerifiedFix], bool] = lambda _: True,
        seconds: float = SECONDS_TO_DESCRIBE,
    ) -> Explanation:
        """Return the reasons in words.

        Parameters
        ----------
        reveal : bool, default True
            Whether hosts and domains are named.
        may_be_shown : callable, optional
            Decides for each fix whether it is part of the answer; by default all are.
        seconds : float, default 2
            Then no more is counted for sentences: the rules of conflicts are named alone.
        """
        clock = Budget(Limits(seconds=seconds), None)

        def stop() -> bool:
            return clock.left() <= 0

        conflicts = []
        for conflict in self.conflicts:
            described = describe_conflict(self.rules, conflict, self.fleet, reveal, stop)
            conflicts.append(self._with_required_members(described))
        if not conflicts:
            conflicts = [conflict_of_all_rules(self.problem)]
        fixes = [self._describe_fix(fix, reveal) for fix in self.fixes if may_be_shown(fix)]
        conflicts[0] = conflicts[0].model_copy(update={"fixes": tuple(fixes[:MAX_FIXES])})
        return Explanation(
            status="infeasible",
            seconds=self.seconds,
            warnings=self._warnings(reveal),
            conflict=conflicts[0],
            conflicts=tuple(conflicts),
            never=self.impossible_on_empty_fleet,
        )

    def _describe_fix(self, fix: VerifiedFix, reveal: bool) -> Fix:
        sentence = "; ".join(self._describe_change(change, reveal) for change in fix.changes)
        return Fix(change=sentence, cost=fix.cost, placement=fix.result.placement)

    def _warnings(self, reveal: bool) -> tuple[str, ...]:
        """Return the warnings; those that say something of the fleet only where it is revealed."""
        if reveal:
            return self.problem.warnings + closed_host_warnings(self.problem)
        return self.problem.app_warnings

    def _describe_change(self, change: Change, reveal: bool) -> str:
        if isinstance(change, FewerMembers) and change.group in self.optional_groups:
            return change.describe_required()
        return change.describe(reveal)

    def _with_required_members(self, conflict: Conflict) -> Conflict:
        """Return a conflict whose sentences say that more members may be placed."""
        policies = [
            one.model_copy(update={"sentence": f"at least {one.sentence}"})
            if one.policy == "members" and one.group in self.optional_groups
            else one
            for one in conflict.policies
        ]
        return conflict.model_copy(update={"policies": tuple(policies)})


@dataclass(frozen=True)
class _Options:
    """What to look for; the parameters of `find_reasons`."""

    costs: Costs | None
    fixes: bool
    every: bool
    own: Collection[str] | None


def find_reasons(
    problem: Problem,
    fleet: CompiledFleet,
    objective: Objective,
    budget: Budget,
    pipeline: Solve,
    *,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    own: Collection[str] | None = None,
) -> Reasons:
    """Find out why an application is impossible, where this was proved already.

    Parameters
    ----------
    problem : Problem
    fleet : CompiledFleet
    objective : {"pack", "spread", "cost"}
    budget : Budget
        Its time is used. What is not proved in it is marked as open.
    pipeline : callable
        The ordinary solve.
    costs : Costs, optional
    fixes : bool, default True
        Whether to look for fixes, and for what an empty fleet would change.
    every : bool, default False
        Whether to look for further conflicts.
    own : collection of str, optional
        Groups whose policies may be changed and whose running members may be moved; by default all.
        A conflict has policies of other groups only if it was proved that there is none without.
    """
    feasibility = _feasibility(problem, fleet, objective, budget, pipeline)
    return _reasons(problem, feasibility, None, _Options(costs, fixes, every, own))


def explain_problem(
    problem: Problem,
    fleet: CompiledFleet,
    objective: Objective,
    budget: Budget,
    pipeline: Solve,
    *,
    known: bool = True,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    reveal: bool = True,
    own: Collection[str] | None = None,
) -> Explanation:
    """Return why an application cannot be placed, or its placement if it can.

    The other parameters are those of `find_reasons`.

    Parameters
    ----------
    known : bool, default True
        Whether it was proved already that the application is impossible.
    reveal : bool, default True
        Whether hosts and domains are named.
    """
    feasibility = _feasibility(problem, fleet, objective, budget, pipeline)
    start = None
    if not known:
        # A question about a part is usually answered faster than the one about the whole.
        start = find_impossible_part(feasibility, _own_rules(feasibility.rules.atoms, own))
        if start is None:
            result = pipeline(problem.app, fleet, objective, budget)
            if result.status != "infeasible":
                return Explanation.model_validate(result.model_dump())
    reasons = _reasons(problem, feasibility, start, _Options(costs, fixes, every, own))
    return reasons.explanation(reveal, seconds=time_to_describe(budget))


def time_to_describe(budget: Budget) -> float:
    """Return the seconds in which conflicts are put into words: what is left, and always some."""
    return max(budget.left(), MIN_SECONDS_TO_DESCRIBE)


def reasons_without_search(
    problem: Problem,
    fleet: CompiledFleet,
    seconds: float,
    possible_without_others: bool | None = None,
) -> Reasons:
    """Return what is known of an application that is impossible, without looking for a conflict."""
    return Reasons(
        problem,
        ApplicationRules(problem),
        fleet,
        seconds,
        possible_without_others=possible_without_others,
    )


def _feasibility(
    problem: Problem, fleet: CompiledFleet, objective: Objective, budget: Budget, pipeline: Solve
) -> RuleFeasibility:
    rules = ApplicationRules(Problem(split_policies(problem), problem.hosts))
    return RuleFeasibility(rules, fleet, FeasibilityOracle(pipeline, objective, budget))


def _reasons(
    problem: Problem,
    feasibility: RuleFeasibility,
    start: list[RuleAtom] | None,
    options: _Options,
) -> Reasons:
    """Return the reasons.

    Parameters
    ----------
    start : list of RuleAtom or None
        Rules that are known to be impossible together, without policies of groups beside `own`.
    """
    rules = feasibility.rules
    fleet = feasibility.fleet
    oracle = feasibility.oracle
    feasibility.mark_impossible(rules.atoms)
    first = _preferred_conflict(feasibility, rules.atoms, options.own, start)
    oracle.budget.report("conflict")
    own_rules = _own_rules(rules.atoms, options.own)
    possible_without_others = None
    if len(own_rules) < len(rules.atoms):
        # The search for a conflict asked this already, so that it costs nothing here.
        possible_without_others = feasibility.possible(own_rules)
    conflicts = [] if first is None else [first]
    if first is not None and options.every:
        conflicts += further_conflicts(feasibility, first, options.own)
    fixes: list[VerifiedFix] = []
    impossible_when_empty = None
    if first is not None and options.fixes:
        costs = options.costs or Costs()
        for fix in find_fixes(rules, fleet, oracle, costs, first, options.own):
            oracle.budget.report("fix")
            fixes.append(fix)
        fixes.sort(key=lambda fix: fix.cost)
        impossible_when_empty = impossible_on_empty_fleet(rules, fleet, first, oracle)
    return Reasons(
        problem,
        rules,
        fleet,
        oracle.budget.elapsed(),
        tuple(conflicts),
        tuple(fixes),
        impossible_when_empty,
        possible_without_others,
    )


def _own_rules(atoms: list[RuleAtom], own: Collection[str] | None) -> list[RuleAtom]:
    """Return the rules without the policies of groups beside `own`."""
    if own is None:
        return atoms
    return [atom for atom in atoms if not isinstance(atom, PolicyRule) or atom.group in own]


def _preferred_conflict(
    feasibility: RuleFeasibility,
    atoms: list[RuleAtom],
    own: Collection[str] | None,
    start: list[RuleAtom] | None = None,
) -> MinimalConflict | None:
    """Find a conflict; one without the policies of groups beside `own` if there is one."""
    own_rules = _own_rules(atoms, own)
    conflict = find_conflict(feasibility, own_rules, start)
    if conflict is not None or start or len(own_rules) == len(atoms):
        return conflict
    # Only a proof that there is no conflict among the own rules allows others to take part.
    if feasibility.possible(own_rules) is not True:
        return None
    return find_conflict(feasibility, atoms)


def further_conflicts(
    feasibility: RuleFeasibility, first: MinimalConflict, own: Collection[str] | None = None
) -> list[MinimalConflict]:
    """Return more conflicts, until what is left is possible.

    No policy and no size is part of two conflicts.
    """
    left = [atom for atom in feasibility.rules.atoms if atom not in first.policies_and_sizes]
    conflicts: list[MinimalConflict] = []
    while True:
        conflict = _preferred_conflict(feasibility, left, own)
        if conflict is None:
            return conflicts
        conflicts.append(conflict)
        left = [atom for atom in left if atom not in conflict.policies_and_sizes]
