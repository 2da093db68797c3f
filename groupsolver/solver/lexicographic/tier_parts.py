"""Lower bounds of a tier, part by part: each part has only the members that its policies count.

Members that are left out make a part easier, as long as every policy that they could have helped
is left out with them; and no policy of the tier belongs to two parts. So the sum over parts is a
lower bound, and a part has few candidates where the whole has many that all cost the same.

For example, of three groups with soft policies in tier 0, where one rule counts A and B together::

    parts {A, B} and {C}: the tier costs at least 4 for {A, B} and 1 for {C}, so 5 in all
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import Rule
from groupsolver.model.application import Application
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.solver.presolve.subproblem import build_subproblem, policies_where


def tier_parts(problem: Problem, rules: list[Rule]) -> Iterator[frozenset[str]]:
    """Yield the parts of a tier: sets of groups with new members, joined where a rule counts both.

    Groups that no rule counts are in no part. A part with all groups is the whole problem and is
    left out.
    """
    placed = {member.group for member in problem.new_members}
    joined = DisjointSets(placed)
    counted_groups: set[str] = set()
    for rule in rules:
        counted = groups_counted(rule.policy, rule.group, problem) & placed
        counted_groups |= counted
        joined.join(counted)
    part_of = joined.parts()
    parts = [part_of[group] for group in problem.groups if group in counted_groups]
    for part in dict.fromkeys(parts):
        if part < placed:
            yield part


def part_of_application(problem: Problem, part: frozenset[str], tier: int) -> Application[Any]:
    """Return the application with new members of some groups alone.

    Hard rules and those of earlier tiers stay if they bind the part as they bind the whole: they
    are monotone, or count no new member outside. Rules of the tier, of later ones and of none stay
    if they count new members of the part and none outside.
    """
    placed = {member.group for member in problem.new_members}

    def keep(group: str, policy: Policy) -> bool:
        counted = groups_counted(policy, group, problem) & placed
        has_earlier_priority = policy.priority is not None and policy.priority < tier
        if policy.hard or has_earlier_priority:
            return policy.monotone or counted <= part
        return bool(counted) and counted <= part

    return build_subproblem(problem, part, policies_where(problem, keep))
