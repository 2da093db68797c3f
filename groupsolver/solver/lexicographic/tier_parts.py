"""What a tier costs at least: part by part, each with the few members that its policies look at.

Members that are left out make a part easier, as long as every policy that they could have helped
is left out with them; and no policy of the tier belongs to two parts. So the sum over parts is a
lower bound, and a part has few candidates where the whole has many that all cost the same.
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


def parts_of(problem: Problem, rules: list[Rule]) -> Iterator[frozenset[str]]:
    """Give sets of groups with new members, joined where one of some rules looks at both; not if that is all."""
    placed = {member.group for member in problem.new_members}
    joined = DisjointSets(placed)
    seen: set[str] = set()
    for rule in rules:
        counted = groups_counted(rule.policy, rule.group, problem) & placed
        if counted:
            seen |= counted
            joined.join(counted)
    parts = joined.parts()
    yield from (
        part
        for part in dict.fromkeys(parts[group] for group in problem.groups if group in seen)
        if part < placed
    )


def only(problem: Problem, part: frozenset[str], tier: int) -> Application[Any]:
    """Give the application with new members of some groups alone.

    Of its policies those that bind a part as they bind the whole, and of the tier and others that have
    a price those that look at no member outside.
    """
    placed = {member.group for member in problem.new_members}

    def stays(group: str, policy: Policy) -> bool:
        counted = groups_counted(policy, group, problem) & placed
        earlier = policy.hard or (policy.priority is not None and policy.priority < tier)
        return (earlier and policy.monotone) or (counted <= part and (earlier or bool(counted)))

    return build_subproblem(problem, part, policies_where(problem, stays))
