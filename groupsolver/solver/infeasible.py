"""What is said when a batch cannot be placed."""

from __future__ import annotations

from groupsolver.constraints.capacity.host_capacity import takes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import admits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Host
from groupsolver.model.result import Conflict, ConflictingPolicy, Result
from groupsolver.model.units import count_of
from groupsolver.solver.budget import Budget

MAX_HOSTS_NAMED = 10  # disabled hosts that are named


def refusal(problem: Problem, budget: Budget) -> Result:
    """Answer ``infeasible``, not narrowed down."""
    return Result(
        status="infeasible",
        seconds=budget.elapsed(),
        warnings=problem.warnings + disabled(problem),
        conflict=everything(problem),
    )


def everything(problem: Problem) -> Conflict:
    """Give all hard policies and sizes: what is said where no smaller conflict was found."""
    policies = [
        ConflictingPolicy(group=rule.group, policy=rule.policy.kind, sentence=str(rule))
        for rule in rules_of(problem).hard
    ]
    new: dict[str, int] = {}
    for member in problem.new_members:
        new[member.group] = new.get(member.group, 0) + 1
    policies += [
        ConflictingPolicy(group=group, policy="members", sentence=size_told(group, count))
        for group, count in new.items()
    ]
    return Conflict(policies=tuple(policies))


def size_told(group: str, count: int) -> str:
    """Say that a group's new members are placed."""
    return f"{count_of(count, 'new member')} of {group} {'is' if count == 1 else 'are'} placed"


def disabled(problem: Problem) -> tuple[str, ...]:
    """Name the disabled hosts that could have taken members, in a warning."""
    names = [host.name for host in problem.hosts if not host.enabled and _takes_some(problem, host)]
    if not names:
        return ()
    more = f" and {len(names) - MAX_HOSTS_NAMED} more" if len(names) > MAX_HOSTS_NAMED else ""
    return (
        f"disabled hosts that could have taken members: {', '.join(names[:MAX_HOSTS_NAMED])}{more}",
    )


def _takes_some(problem: Problem, host: Host) -> bool:
    """Whether a host, were it enabled, has the room and the capabilities for some member."""
    if host.overfull:
        return False
    return any(
        takes(host, size)
        and all(
            admits(rule.policy, host) for rule in rules_of(problem).over(group) if rule.policy.hard
        )
        for group, size in {(member.group, member.size) for member in problem.new_members}
    )
