"""Parts of a batch that are impossible by themselves: small models, quickly refuted.

Members that are left out make a batch easier, as long as every policy that they could have
helped is left out with them. So one part without a placement refutes the whole; and a part
with few members keeps few candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.cp_sat import RATE, exact
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import prepare
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_quotient import quotient_fleet
from groupsolver.solver.presolve.subproblem import build_subproblem, policies_where
from groupsolver.solver.presolve.tight_host_sets import tight_host_sets

FIRST_PLACEMENT_GAP = 1e18  # a gap that the first placement reaches; unlike an infinite one it keeps the linear relaxation
MAX_CANDIDATES = 15_000  # candidates of a part that is still worth a try
TIME_SHARE_PER_PART = 0.3  # of the time left, for each part


def refuted(problem: Problem, fleet: CompiledFleet, objective: Objective, budget: Budget) -> bool:
    """Say whether some part of the batch is proved impossible: groups alone first, then those that rules join."""
    for part in dict.fromkeys(
        (*_parts(problem), *tight_host_sets(CompiledProblem(problem, fleet)))
    ):
        if budget.left() <= 0:
            break
        if len(part) > 1 and _impossible(
            CompiledProblem(Problem(_only(problem, part, room=False), fleet.index), fleet),
            budget,
            False,
        ):
            return True
        if _impossible(
            CompiledProblem(Problem(_only(problem, part), fleet.index), fleet),
            budget,
            True,
            objective,
        ):
            return True
    return False


def _impossible(
    compiled: CompiledProblem, budget: Budget, room: bool, objective: Objective = "cost"
) -> bool:
    if (
        not room
    ):  # whether rules contradict each other whatever room there is, is a question of few hosts
        few = quotient_fleet(compiled)
        compiled = CompiledProblem(Problem(compiled.problem.app, few.index), few)
    eligibility = find_eligibility(compiled, objective)
    if eligibility.has_too_few_places(compiled):
        return True
    prepared = prepare(compiled, eligibility, budget)
    if prepared is None:
        return False
    if prepared.refuted:
        return True
    best = Incumbent(
        compiled,
        objective,
        PartialBudget(budget, TIME_SHARE_PER_PART * budget.left(), 0.0, quiet=True),
    )
    for assignments in construct(prepared, best, budget):
        best.offer(assignments, "construct")
        if best.placed:  # most parts are possible, and are placed much faster than searched
            return False
    if prepared.candidate_count > min(MAX_CANDIDATES, RATE * TIME_SHARE_PER_PART * budget.left()):
        return False
    return exact(
        compiled,
        eligibility,
        prepared.candidates,
        None,
        budget,
        TIME_SHARE_PER_PART * budget.left(),
        gap=FIRST_PLACEMENT_GAP,
    ).infeasible


def _parts(problem: Problem) -> Iterator[frozenset[str]]:
    """Give sets of groups whose new members are taken together."""
    placed = {member.group for member in problem.new_members}
    in_order = [group for group in problem.groups if group in placed]
    yield from (frozenset([group]) for group in in_order)
    joined = DisjointSets(in_order)
    for rule in rules_of(problem).hard:
        counted = groups_counted(rule.policy, rule.group, problem) & placed
        if counted != placed:  # a rule that looks at everyone joins nothing in particular
            joined.join(counted)
    parts = dict.fromkeys(joined.parts().values())
    yield from (part for part in parts if 1 < len(part) < len(placed))


def _only(problem: Problem, part: frozenset[str], room: bool = True) -> Application[Any]:
    """Give the application with the new members of some groups alone, and the hard rules that then still bind."""
    placed = {member.group for member in problem.new_members}

    def stays(group: str, policy: Policy) -> bool:
        return policy.hard and (
            policy.monotone or groups_counted(policy, group, problem) & placed <= part
        )

    classes = {name for member in problem.new_members for name, _ in member.size}
    return build_subproblem(problem, part, policies_where(problem, stays), () if room else classes)
