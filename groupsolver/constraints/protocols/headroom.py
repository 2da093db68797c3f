"""What headroom asks: what a hard policy leaves one domain of the members of a copy."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem


class DomainBounds(ABC):
    """A policy that bounds what a domain of its level holds of the group's members."""

    @abstractmethod
    def most_in_one_domain(self, group: str, compiled: CompiledProblem) -> int | None:
        """Return what no domain holds more members than, in any placement that it allows.

        It is a proof: too low a number makes the bound on copies wrong. None: no bound.
        """

    @abstractmethod
    def balanced_window(self, group: str, compiled: CompiledProblem) -> tuple[int, int] | None:
        """Return least and most members of each domain that it counts, between which it holds.

        It is advice on where to place: too wide a window costs time. None: it cannot say.
        """


def most_in_one_domain(policy: Policy, group: str, compiled: CompiledProblem) -> int | None:
    """Return what no domain of a policy's level holds more members than.

    Default: None, no bound.
    """
    return policy.most_in_one_domain(group, compiled) if isinstance(policy, DomainBounds) else None


def balanced_window(
    policy: Policy, group: str, compiled: CompiledProblem
) -> tuple[int, int] | None:
    """Return least and most members of a domain, between which a policy holds. Default: None."""
    return policy.balanced_window(group, compiled) if isinstance(policy, DomainBounds) else None
