"""Policies that keep others out of the domains that a group uses."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.protocols.scope import GroupScope
from groupsolver.model.application import BasePolicy


class Exclusivity(GroupScope):
    """A policy that keeps strangers, and used capacity, out of the domains that its group uses."""

    counts_all_groups: ClassVar[bool] = True

    def counted_groups(self, group: str, problem: Problem) -> frozenset[str]:
        """Return all groups: any may be the intruder."""
        return problem.below[EVERYONE]

    @property
    @abstractmethod
    def exclusive_level(self) -> str:
        """The level of the domains that it keeps to the group."""

    @property
    @abstractmethod
    def admits_project(self) -> bool:
        """Whether members of other groups of the same project are no strangers."""


def allowed_cohabitants(policy: BasePolicy, group: str, problem: Problem) -> str:
    """Return the group, or the project, whose members are no strangers to members of `group`.

    Default: the group itself.
    """
    return problem.project(group) if admits_project(policy) else group


def admits_project(policy: BasePolicy) -> bool:
    """Return whether a policy tells a whole project from others. Default: no."""
    return isinstance(policy, Exclusivity) and policy.admits_project
