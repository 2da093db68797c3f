"""What the constructive heuristic asks: which groups come first, and what one more member costs."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.partial import Partial
from groupsolver.model.compiled.arrays import Ints


class FollowsTarget:
    """A policy whose members look for members of `Policy.target`: these are better placed first."""


class MarginalCost(ABC):
    """A policy that knows by how much one more member raises its measure."""

    @abstractmethod
    def marginal_cost(self, group: str, member_group: str, partial: Partial) -> Ints:
        """Return by how much the next member raises the measure on each host, (U,) int64."""


def marginal_cost(policy: Policy, group: str, member_group: str, partial: Partial) -> Ints | None:
    """Return by how much the next member raises the measure on each host, (U,) int64.

    Default: None, by 1 where the policy does not allow it.
    """
    if isinstance(policy, MarginalCost):
        return policy.marginal_cost(group, member_group, partial)
    return None


def follows_target(policy: Policy) -> bool:
    """Return whether the group that a policy names is better placed first. Default: no."""
    return isinstance(policy, FollowsTarget)
