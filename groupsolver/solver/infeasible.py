"""The answer *infeasible*, before anything narrows its conflict down."""

from __future__ import annotations

from collections import Counter

from groupsolver.constraints.capacity.host_capacity import takes
from groupsolver.constraints.eligibility import open_to_members
from groupsolver.constraints.problem.problem import Problem, Size
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
        warnings=problem.warnings + closed_host_warnings(problem),
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


def closed_host_warnings(problem: Problem) -> tuple[str, ...]:
    """Return warnings that name closed hosts that could have taken members, if any.

    These are the disabled ones, and those that are reserved for other members.
    """
    kinds = sorted({(member.group, member.size) for member in problem.new_members})
    disabled: list[str] = []
    reserved: list[str] = []
    for host in problem.hosts.closed_hosts():
        suiting = [group for group, size in kinds if _could_take(problem, group, size, host)]
        if any(open_to_members(problem, group, host) for group in suiting):
            disabled += [] if host.enabled else [host.name]
        elif suiting and host.enabled:
            reserved.append(host.name)
    found = {
        "disabled hosts that could have taken members": disabled,
        "hosts reserved for others that could have taken members": reserved,
    }
    return tuple(
        f"{what}: {shortened(names, MAX_HOSTS_NAMED)}" for what, names in found.items() if names
    )


def _could_take(problem: Problem, group: str, size: Size, host: Host) -> bool:
    """Return whether a host, were it open, has the room and the traits for a member."""
    return takes(problem.hosts, host, size) and _admits(problem, group, host)


def _admits(problem: Problem, group: str, host: Host) -> bool:
    hard = (rule for rule in rules_of(problem).over(group) if rule.policy.hard)
    return all(admits(rule.policy, host) for rule in hard)
