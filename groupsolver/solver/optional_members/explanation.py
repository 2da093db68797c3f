"""Why an application with optional members cannot be placed, and what would help.

What is explained is one selection: the smallest members that are required, and no others. It is an
ordinary application, and it is impossible, since every selection is. Its conflict holds for the
application only where no other selection escapes it, so one more question is asked: the same rules,
with all members, of which those that are not required may be left out.

A fix that makes the selection possible makes the application possible.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.optional_members import requirements, without_members
from groupsolver.model.result import Explanation, Objective
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.explain.feasibility import FIRST_PLACEMENT_GAP, Solve
from groupsolver.solver.explain.pipeline import Reasons, find_reasons, time_to_describe
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.optional_members.selections import OptionalClasses

TIME_SHARE_REASONS = 0.8  # of the time left; the rest is for the question whether they hold
TIME_SHARE_QUESTION = 0.5  # of the time left, for each conflict


def explain_optional_members(
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
    """Return why an application with optional members cannot be placed, or its placement.

    The parameters are those of `explain_problem`.
    """
    if not known:
        result = pipeline(problem.app, fleet, objective, budget)
        if result.status != "infeasible":
            return Explanation.model_validate(result.model_dump())
    classes = OptionalClasses(CompiledProblem(problem, fleet))
    app = without_members(problem.app, classes.left_out(classes.smallest()))
    part = PartialBudget(budget, TIME_SHARE_REASONS * budget.left(), budget.limits.gap, quiet=True)
    selected = Problem(app, problem.hosts)
    if any(len(one.below) > 1 for one in requirements(problem.app)):
        # Fewer members of one group are no lower number of several groups together.
        costs = (costs or Costs()).model_copy(update={"fewer": None})
    reasons = find_reasons(
        selected, fleet, objective, part, pipeline, costs=costs, fixes=fixes, every=every, own=own
    )
    conflicts = [
        conflict
        for conflict in reasons.conflicts
        if _holds_for_all(problem, reasons, conflict, fleet, objective, budget, pipeline)
    ]
    never = reasons.impossible_on_empty_fleet
    if never and not (conflicts and _selections_are_alike(problem, classes)):
        never = None  # another selection may fit an empty fleet
    return replace(
        reasons,
        problem=problem,
        seconds=budget.elapsed(),
        conflicts=tuple(conflicts),
        impossible_on_empty_fleet=never,
        optional_groups=frozenset(one.group for one in requirements(problem.app)),
    ).explanation(reveal, seconds=time_to_describe(budget))


def _holds_for_all(
    problem: Problem,
    reasons: Reasons,
    conflict: MinimalConflict,
    fleet: CompiledFleet,
    objective: Objective,
    budget: Budget,
    pipeline: Solve,
) -> bool:
    """Return whether the rules of a conflict are impossible whatever members are placed."""
    required = requirements(problem.app)
    if any(len(one.below) > 1 for one in required):
        return False  # a size rule is about one group, and says nothing of several together
    if budget.left() <= 0:
        return False
    placed = frozenset(member.group for member in reasons.rules.problem.new_members)
    # Of these nothing is required; their members may help others.
    free = frozenset(one.group for one in required) - placed
    app = reasons.rules.application(conflict.atoms, problem, free)
    part = PartialBudget(
        budget, TIME_SHARE_QUESTION * budget.left(), FIRST_PLACEMENT_GAP, quiet=True
    )
    return pipeline(app, fleet, objective, part).status == "infeasible"


def _selections_are_alike(problem: Problem, classes: OptionalClasses) -> bool:
    """Return whether a larger selection is never easier to place than the smallest."""
    return classes.alike() and all(rule.policy.monotone for rule in rules_of(problem).hard)
