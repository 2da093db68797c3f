"""What the constructive heuristic asks: in which order groups are best placed."""

from __future__ import annotations

from groupsolver.constraints.policy import Policy


class FollowsTarget:
    """A policy whose members look for members of `Policy.target`: these are better placed first."""


def follows_target(policy: Policy) -> bool:
    """Return whether the group that a policy names is better placed first. Default: no."""
    return isinstance(policy, FollowsTarget)
