"""What the relaxation, and the bounds on single hosts, ask: limits that a hard policy implies."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet


class KeepsTogether(ABC):
    """A policy that may put its group into one domain."""

    @abstractmethod
    def keeps_together(self, fleet: CompiledFleet) -> bool:
        """Return whether, as a hard policy, it puts its group into one domain of its level."""


class HostLimits(ABC):
    """A policy that may bound how many members each host takes."""

    @abstractmethod
    def members_per_host(self, group: str, partial: Partial) -> Ints | None:
        """Return how many more members each host may take, (U,) int64; None: no bound."""


class RisingMeasure(ABC):
    """A policy whose measure rises by 1, 2, 3, ... for each member of a domain above a limit."""

    @abstractmethod
    def members_before_rise(self, group: str, compiled: CompiledProblem) -> Ints | None:
        """Return how many new members each domain takes at no cost, (D,) int64; None: unknown.

        Negative where running members are above the limit.
        """


class MutualExclusion(ABC):
    """A policy that may keep groups out of each other's domains."""

    @abstractmethod
    def mutually_exclusive_groups(
        self, group: str, problem: Problem
    ) -> tuple[tuple[str, ...], int] | None:
        """Return groups, and how many of them at most may have members in one domain of its level.

        None: it does not say that.
        """


def keeps_together(policy: Policy, fleet: CompiledFleet) -> bool:
    """Return whether a policy, taken as hard, puts its group into one domain of its level.

    Default: no.
    """
    return isinstance(policy, KeepsTogether) and policy.keeps_together(fleet)


def members_per_host(policy: Policy, group: str, partial: Partial) -> Ints | None:
    """Return how many more members each host may take, (U,) int64. Default: None, no bound."""
    return policy.members_per_host(group, partial) if isinstance(policy, HostLimits) else None


def members_before_rise(policy: Policy, group: str, compiled: CompiledProblem) -> Ints | None:
    """Return how many new members each domain takes before the measure rises. Default: None."""
    if isinstance(policy, RisingMeasure):
        return policy.members_before_rise(group, compiled)
    return None


def mutually_exclusive_groups(
    policy: Policy, group: str, problem: Problem
) -> tuple[tuple[str, ...], int] | None:
    """Return groups of which at most so many may have members in one domain. Default: None."""
    if isinstance(policy, MutualExclusion):
        return policy.mutually_exclusive_groups(group, problem)
    return None
