"""The answer *infeasible*, before anything narrows its conflict down."""

from __future__ import annotations

from collections import Counter

from groupsolver.constraints.capacity.host_capacity import takes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import admits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Host
from groupsolver.model.optional_members import (
    describe_required_members,
    optional_values,
    requirements,
)
from groupsolver.model.result import Conflict, ConflictingPolicy, Result
from groupsolver.model.units import count_of, shortened
from groupsolver.solver.budget import Budget

MAX_HOSTS_NAMED = 10  # disabled hosts that a warning names


def infeasible_result(problem: Problem, budget: Budget) -> Result:
    """Return the answer ``infeasible`` with all hard rules as its conflict."""
    return Result(
        status="infeasible",
        seconds=budget.elapsed(),
        warnings=problem.warnings + disabled_host_warnings(problem),
        conflict=conflict_of_all_rules(problem),
    )


def conflict_of_all_rules(problem: Problem) -> Conflict:
    """Return all hard policies and sizes, the conflict where no smaller one was found."""
    policies = [
        ConflictingPolicy(group=rule.group, policy=rule.policy.kind, sentence=str(rule))
        for rule in rules_of(problem).hard
    ]
    required = [one for one in requirements(problem.app) if one.least]
    optional = optional_values(problem.app)
    new_members = Counter(
        member.group for member in problem.new_members if member.id not in optional
    )
    sizes = [
        ConflictingPolicy(
            group=group, policy="members", sentence=describe_new_members(group, count)
        )
        for group, count in new_members.items()
    ]
    sizes += [
        ConflictingPolicy(
            group=one.group,
            policy="members",
            sentence=describe_required_members(one.group, one.least),
        )
        for one in required
    ]
    return Conflict(policies=(*policies, *sizes))


def describe_new_members(group: str, count: int) -> str:
    """Return the sentence that so many new members of a group are placed."""
    verb = "is" if count == 1 else "are"
    return f"{count_of(count, 'new member')} of {group} {verb} placed"


def disabled_host_warnings(problem: Problem) -> tuple[str, ...]:
    """Return a warning that names the disabled hosts that could have taken members, if any."""
    names = [
        host.name
        for host in problem.hosts
        if not host.enabled and _could_take_a_member(problem, host)
    ]
    if not names:
        return ()
    named = shortened(names, MAX_HOSTS_NAMED)
    return (f"disabled hosts that could have taken members: {named}",)


def _could_take_a_member(problem: Problem, host: Host) -> bool:
    """Return whether a host, were it enabled, has the room and the traits for some member."""
    kinds = {(member.group, member.size) for member in problem.new_members}
    return any(takes(host, size) and _admits(problem, group, host) for group, size in kinds)


def _admits(problem: Problem, group: str, host: Host) -> bool:
    hard = (rule for rule in rules_of(problem).over(group) if rule.policy.hard)
    return all(admits(rule.policy, host) for rule in hard)
