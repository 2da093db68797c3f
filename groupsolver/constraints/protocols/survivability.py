"""What the question *does it survive a loss?* asks, and how a policy asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.protocols.scope import groups_counted


class FailureModel(NamedTuple):
    """What is lost together: any `failures` domains of `level`."""

    level: str
    failures: int


class CheckedAfterSolve(ABC):
    """A policy whose measure takes placements of its own.

    The pipeline runs without it, and then holds the answer against every loss of its failure model.
    """

    @property
    @abstractmethod
    def failure_model(self) -> FailureModel:
        """What its group is to survive."""


class LossSensitive(ABC):
    """A policy that knows which domains' loss could change what it says of members elsewhere."""

    @abstractmethod
    def sensitive_domains(
        self, group: str, after: View, level: str, more: int, *, worse: bool
    ) -> set[str | None]:
        """Return the domains; see `sensitive_domains` of this module."""


def checked_after_solve(policy: Policy) -> bool:
    """Return whether a policy is looked at after the pipeline ran without it. Default: no."""
    return isinstance(policy, CheckedAfterSolve)


def failure_model(policy: Policy) -> FailureModel | None:
    """Return what a policy's group is to survive. Default: none."""
    return policy.failure_model if isinstance(policy, CheckedAfterSolve) else None


def sensitive_domains(
    policy: Policy, group: str, after: View, level: str, more: int, *, worse: bool
) -> set[str | None]:
    """Return domains whose loss could change what a hard policy says of members elsewhere.

    Asked of domains that have no member that is to survive.

    Parameters
    ----------
    policy : Policy
    group : str
    after : View
        What survived so far, running.
    level : str
    more : int
        So many further domains are lost together.
    worse : bool
        Whether so that it could forbid more; otherwise, so that it could forbid less.
    """
    if isinstance(policy, LossSensitive):
        return policy.sensitive_domains(group, after, level, more, worse=worse)
    return domains_of_counted(policy, group, after, level, worse=worse)


def domains_of_counted(
    policy: Policy, group: str, after: View, level: str, *, worse: bool
) -> set[str | None]:
    """Return the default: the domains in which members stand that the policy counts.

    None where a monotone policy holds and could only forbid less; all where it measures distances,
    since where a link ends depends on which hosts there are.
    """
    hosts = after.problem.hosts
    if needs_links(policy) and hosts.links:
        return set(hosts.domains(level))
    if worse and policy.monotone and not policy.violations(group, after):
        return set()
    counted = groups_counted(policy, group, after.problem)
    return {after.domain(member, level) for member in after.everyone if member.group in counted}
