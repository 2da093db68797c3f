"""Parts of a problem that are infeasible by themselves: small models, quickly refuted.

Leaving members out makes a problem easier, as long as every policy that they could have helped is
left out with them. So one part without a placement refutes the whole, and a part with few members
keeps few candidates.

For example, group A of 3 members has to stay on 2 hosts, one member on each. With A alone, CP-SAT
sees 6 candidates; with everything else in the application it may see 100,000.
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
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND, solve_candidates
from groupsolver.solver.heuristic.constructive import construct
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import prepare
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_quotient import quotient_fleet
from groupsolver.solver.presolve.subproblem import build_subproblem, policies_where
from groupsolver.solver.presolve.tight_host_sets import tight_host_sets

# A gap that the first placement reaches. Unlike an infinite one it keeps the linear relaxation.
FIRST_PLACEMENT_GAP = 1e18
MAX_CANDIDATES = 15_000  # candidates of a part that is still worth a try
TIME_SHARE_PER_PART = 0.3  # share of the time left, for each part


def has_infeasible_part(
    problem: Problem, fleet: CompiledFleet, objective: Objective, budget: Budget
) -> bool:
    """Return whether some part of the problem is proved infeasible.

    Single groups come first, then sets of groups that rules join. Each set is tried without
    capacity before: contradicting rules are found on a few hosts that stand for all.
    """
    joined = _parts(problem)
    tight = tight_host_sets(CompiledProblem(problem, fleet))
    for part in dict.fromkeys((*joined, *tight)):
        if budget.left() <= 0:
            break
        if len(part) > 1 and _rules_contradict(problem, fleet, part, budget):
            return True
        app = _part_of_application(problem, part)
        compiled = CompiledProblem(Problem(app, fleet.index), fleet)
        if _is_infeasible(compiled, objective, budget):
            return True
    return False


def _rules_contradict(
    problem: Problem, fleet: CompiledFleet, part: frozenset[str], budget: Budget
) -> bool:
    """Return whether the rules of a part contradict each other whatever room there is."""
    app = _part_of_application(problem, part, with_capacity=False)
    few_hosts = quotient_fleet(CompiledProblem(Problem(app, fleet.index), fleet))
    compiled = CompiledProblem(Problem(app, few_hosts.index), few_hosts)
    return _is_infeasible(compiled, "cost", budget)


def _is_infeasible(compiled: CompiledProblem, objective: Objective, budget: Budget) -> bool:
    """Return whether a problem is proved infeasible: by counting, by relaxation or by CP-SAT."""
    eligibility = find_eligibility(compiled, objective)
    if eligibility.has_too_few_places(compiled):
        return True
    prepared = prepare(compiled, eligibility, budget)
    if prepared is None:
        return False
    if prepared.refuted:
        return True
    aside = PartialBudget(budget, TIME_SHARE_PER_PART * budget.left(), 0.0, quiet=True)
    best = Incumbent(compiled, objective, aside)
    # Most parts are feasible, and are placed much faster than searched.
    for assignment in construct(prepared, best, budget):
        best.offer(assignment, "construct")
        if best.placed:
            return False
    seconds = TIME_SHARE_PER_PART * budget.left()
    if prepared.candidate_count > min(MAX_CANDIDATES, CANDIDATES_PER_SECOND * seconds):
        return False
    outcome = solve_candidates(
        compiled, eligibility, prepared.candidates, None, budget, seconds, FIRST_PLACEMENT_GAP
    )
    return outcome.infeasible


def _parts(problem: Problem) -> Iterator[frozenset[str]]:
    """Yield the sets of groups whose new members are taken together, single groups first.

    Two groups are in one set if a hard rule counts members of both, or a chain of such rules.
    """
    placed = {member.group for member in problem.new_members}
    in_order = [group for group in problem.groups if group in placed]
    for group in in_order:
        yield frozenset([group])
    joined = DisjointSets(in_order)
    for rule in rules_of(problem).hard:
        counted = groups_counted(rule.policy, rule.group, problem) & placed
        # A rule that counts everyone joins nothing in particular.
        if counted != placed:
            joined.join(counted)
    for part in dict.fromkeys(joined.parts().values()):
        if 1 < len(part) < len(placed):
            yield part


def _part_of_application(
    problem: Problem, part: frozenset[str], with_capacity: bool = True
) -> Application[Any]:
    """Return the application with the new members of some groups alone.

    It keeps the hard rules that bind the part as they bind the whole: monotone ones, since fewer
    members break them less, and those that count no new member outside.
    """
    placed = {member.group for member in problem.new_members}

    def keep(group: str, policy: Policy) -> bool:
        if not policy.hard:
            return False
        return policy.monotone or groups_counted(policy, group, problem) & placed <= part

    resource_classes = {name for member in problem.new_members for name, _ in member.size}
    ignored = () if with_capacity else resource_classes
    return build_subproblem(problem, part, policies_where(problem, keep), ignored)
