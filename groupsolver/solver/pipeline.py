"""The pipeline, in one straight function, `minimise`: prepare, construct, refute, prove."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_callable,
    require_flags,
    require_limits,
    require_names,
    require_objective,
    require_solver_fleet,
)
from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.errors import require_type
from groupsolver.model.application import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse, compiled_with_running
from groupsolver.model.notebook import remember
from groupsolver.model.optional_members import has_optional_members
from groupsolver.model.result import Explanation, Limits, Objective, Result, Watch
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.domain_branching import branch_on_domains
from groupsolver.solver.exact.infeasible_parts import has_infeasible_part
from groupsolver.solver.exact.packing_proof import prove_by_patterns
from groupsolver.solver.exact.staged_proof import prove
from groupsolver.solver.explain.pipeline import Reasons, explain_problem, find_reasons
from groupsolver.solver.heuristic.constructive import construct, construct_quickly
from groupsolver.solver.incumbent import Incumbent, empty_result
from groupsolver.solver.infeasible import infeasible_result
from groupsolver.solver.lexicographic.tiers import LexicographicSolve, prioritized_rules
from groupsolver.solver.optional_members.explanation import explain_optional_members
from groupsolver.solver.optional_members.pipeline import OptionalMembersSolve
from groupsolver.solver.preparation import prepare
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.opening_floors import with_openings
from groupsolver.solver.search.pipeline import is_large, minimise_by_search
from groupsolver.solver.stage import SINGLE_STAGE, Stage
from groupsolver.solver.survivability.cutting import SurvivalCuts, survives_rules

MAX_EXPLAIN_SECONDS = 10.0  # that an infeasible answer of `solve` takes to say why


def solve(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | FleetInUse,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    progress: Watch | None = None,
    explain: bool = True,
) -> Result:
    """Place all members of an application, or prove that it cannot be done.

    Parameters
    ----------
    app : Application
    fleet : Fleet, CompiledFleet or Cluster
        A fleet that is used again is better compiled once, with `compile_fleet`. On a cluster, the
        answer holds against all that runs, and nothing is committed.
    objective : {"pack", "spread", "cost"}, default "pack"
    limits : Limits, optional
        Bounds on the whole call, from the compiled fleet to the answer.
    progress : callable, optional
        Called with a `Progress` for each better placement and bound; a true answer stops the solve.
    explain : bool, default True
        Whether an infeasible answer says which rules contradict each other and what would help.
        This takes at most 10 s of the time that is left; `groupsolver.explain` has no such limit.
        Otherwise the conflict has all hard policies.

    Returns
    -------
    Result
        Infeasible and out of time are answers, not errors. Every placement has passed `check`.

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other.
    BrokenAnswer, UnknownSolverStatus
        A bug of this library.
    BaseException
        What `progress` raised, once the solve has stopped.
    """
    _require(app, fleet, objective, limits, progress)
    require_flags(explain=explain)
    given = app
    app, compiled_fleet = compiled_with_running(app, fleet)
    require_covered(app, compiled_fleet.index)
    result = solve_uncovered(
        app,
        compiled_fleet,
        objective=objective,
        limits=limits,
        progress=progress,
        explain=explain,
    )
    remember(result, given, fleet, objective)
    return result


def solve_uncovered(
    app: Application[Any],
    compiled_fleet: CompiledFleet,
    *,
    objective: Objective,
    limits: Limits | None,
    progress: Watch | None,
    explain: bool = True,
) -> Result:
    """Solve where hosts may have less in use than their running members take: see `solve`.

    For the question what would be if something were freed, whatever it is.
    """
    budget = Budget(limits or Limits(), progress)
    result = answer(app, compiled_fleet, objective, budget)
    if explain and result.status == "infeasible":
        problem = Problem(app, compiled_fleet.index)
        seconds = min(MAX_EXPLAIN_SECONDS, budget.left())
        part = PartialBudget(budget, seconds, 0.0, quiet=True)
        explain_it = explain_optional_members if has_optional_members(app) else explain_problem
        explanation = explain_it(problem, compiled_fleet, objective, part, answer)
        result = explanation.as_result()
    budget.raise_watch_error()
    return result


def explain(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | FleetInUse,
    *,
    objective: Objective = "pack",
    limits: Limits | None = None,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    reveal: bool = True,
    own: Collection[str] | None = None,
    progress: Watch | None = None,
) -> Explanation:
    """Explain why an application cannot be placed, and what would help; or place it.

    Parameters
    ----------
    app, fleet, objective, limits, progress
        As for `solve`.
    costs : Costs, optional
        What changes cost: the cheapest are proposed.
    fixes : bool, default True
        Whether to look for changes that would help, and whether an empty fleet would.
    every : bool, default False
        Whether to look for further conflicts, until the rest is possible.
    reveal : bool, default True
        Whether sentences name hosts and domains that the application does not name; otherwise they
        are counted. Placements of fixes name hosts in any case.
    own : collection of str, optional
        Groups whose policies may be changed and whose running members may be moved; by default
        all. Rules of other groups are part of a conflict only where it is proved that there is no
        conflict without them.

    Returns
    -------
    Explanation
        A conflict is ``minimal`` where it was proved in time that each proper part of it is
        possible. Each fix was shown to help by an ordinary solve.

    Raises
    ------
    The same as `solve`.
    """
    _require(app, fleet, objective, limits, progress)
    require_type("costs", costs, (Costs, type(None)), "Costs or None")
    require_flags(fixes=fixes, every=every, reveal=reveal)
    require_names("own", own)
    given = app
    app, compiled_fleet = compiled_with_running(app, fleet)
    require_covered(app, compiled_fleet.index)
    budget = Budget(limits or Limits(), progress)
    explain_it = explain_optional_members if has_optional_members(app) else explain_problem
    explanation = explain_it(
        Problem(app, compiled_fleet.index),
        compiled_fleet,
        objective,
        budget,
        answer,
        known=False,
        costs=costs,
        fixes=fixes,
        every=every,
        own=own,
        reveal=reveal,
    )
    budget.raise_watch_error()
    remember(explanation, given, fleet, objective)
    return explanation


def why_not(
    app: Application[Any],
    fleet: CompiledFleet,
    *,
    objective: Objective,
    limits: Limits,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    own: Collection[str] | None = None,
) -> Reasons:
    """Find out why an application cannot be placed, where `solve` has proved that it cannot.

    The parameters are those of `explain`. The reasons may then be put into words for several
    readers.
    """
    budget = Budget(limits, None)
    problem = Problem(app, fleet.index)
    return find_reasons(
        problem, fleet, objective, budget, answer, costs=costs, fixes=fixes, every=every, own=own
    )


def answer(
    app: Application[Any], compiled_fleet: CompiledFleet, objective: Objective, budget: Budget
) -> Result:
    """Return the answer, with all hard rules as its conflict where it is infeasible."""
    if has_optional_members(app):
        return OptionalMembersSolve(app, compiled_fleet, objective, budget, answer).run()
    original = CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)
    survival = None
    if survives_rules(original.problem):
        survival = SurvivalCuts(original, objective, minimise, budget)
    if not original.problem.new_members:
        return empty_result(original, objective, budget) if survival is None else survival.nothing()
    # What survives is solved without the policy first, in a part of the time.
    compiled = original if survival is None else survival.plain
    part = budget if survival is None else survival.part
    best = Incumbent(compiled, objective, part)
    if prioritized_rules(compiled.problem):
        possible = LexicographicSolve(compiled, objective, best, part, minimise).run()
    else:
        possible = minimise(compiled, objective, SINGLE_STAGE, best, part)
    if not possible:
        return infeasible_result(original.problem, budget)
    return best.result() if survival is None else survival.answer(best)


def minimise(
    original: CompiledProblem,
    objective: Objective,
    stage: Stage,
    best: Incumbent,
    budget: Budget,
) -> bool:
    """Improve `best` until it is proved for a stage, or the time is over.

    Returns
    -------
    bool
        False: there is no placement within the limits of the stage.
    """
    merged = merge_interchangeable(original)
    eligibility = find_eligibility(merged.compiled, objective, stage)
    eligibility = with_openings(merged.compiled, eligibility)
    if budget.left() <= 0:
        return True
    if eligibility.has_too_few_places(merged.compiled):
        return False
    candidates = reduce_hosts(merged.compiled, eligibility)
    if budget.left() <= 0:
        return True
    if stage is SINGLE_STAGE and is_large(candidates):
        return minimise_by_search(merged, objective, eligibility, candidates, best, budget)
    weight_unit = unit_of(eligibility.objective)

    def quick(candidates: list[Ints], blocks: list[Block]) -> float:
        for assignments in construct_quickly(
            merged.compiled, eligibility, candidates, blocks, budget
        ):
            best.offer(merged.to_original(assignments), "construct")
        return math.inf if best.value is None or stage is not SINGLE_STAGE else best.value

    prepared = prepare(merged.compiled, eligibility, budget, weight_unit, quick, candidates)
    if prepared is None:
        return True
    if prepared.refuted:
        return False
    # Every placement of the original is one of the merged problem at the same cost, so the bound
    # holds for both.
    best.prove(prepared.relaxed.bounds.proved)
    budget.report("relax", bound=best.bound)
    placements = iter(()) if best.done else construct(prepared, best, budget)
    for assignments in placements:
        best.offer(merged.to_original(assignments), "construct")
        if best.done:
            break
    # Two steps that cost time, and only where the cheap ones left a question open.
    if stage.floor is not None and not best.done:
        best.prove(stage.floor(budget))
    # What the heuristic does not find may not exist: small parts are refuted in milliseconds.
    if best.value is None and has_infeasible_part(
        original.problem, original.fleet, objective, budget
    ):
        return False
    prove_by_patterns(merged, prepared, best, budget)
    columns = prepared.columns
    relaxed = prepared.relaxed
    branch_on_domains(merged, eligibility, columns, candidates, relaxed, best, budget)
    return prove(merged, eligibility, columns, candidates, relaxed.bounds, best, budget)


def _require(
    app: object, fleet: object, objective: object, limits: object, progress: object
) -> None:
    """Refuse arguments of wrong types. Raises `TypeError`, and `BadInput` for the objective."""
    require_application(app)
    require_solver_fleet(fleet)
    require_objective(objective)
    require_limits(limits)
    require_callable("progress", progress)
