"""Which members a policy looks at. Asked by nearly everything; the default serves most policies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import BasePolicy


class GroupScope(ABC):
    """A policy that may look at members beyond its own group and the one that it names.

    Attributes
    ----------
    counts_all_groups : bool, default False
        It looks at every member that comes near, whatever application brings it. Such a policy of
        running members is kept where other policies of theirs may be left out.
    """

    counts_all_groups: ClassVar[bool] = False

    @property
    def has_own_scope(self) -> bool:
        """Whether it does; otherwise the default holds. Default: yes."""
        return True

    @abstractmethod
    def counted_groups(self, group: str, problem: Problem) -> frozenset[str]:
        """Return the groups whose members this policy of `group` looks at."""


class ChildGroupScope(ABC):
    """A policy that may look at the groups right below its own, not at their members alone."""

    @property
    @abstractmethod
    def counts_child_groups(self) -> bool:
        """Whether it tells the child groups apart: which of them a member belongs to matters."""


def groups_counted(policy: BasePolicy, group: str, problem: Problem) -> frozenset[str]:
    """Return the groups whose members a policy of `group` looks at.

    Default: those below its group, and below the group that it names.
    """
    if isinstance(policy, GroupScope) and policy.has_own_scope:
        return policy.counted_groups(group, problem)
    named = problem.below[policy.target] if policy.target else frozenset()
    return problem.below[group] | named


def has_own_scope(policy: BasePolicy) -> bool:
    """Return whether a policy says itself which groups it looks at. Default: no."""
    return isinstance(policy, GroupScope) and policy.has_own_scope


def counts_all_groups(policy: BasePolicy) -> bool:
    """Return whether a policy looks at every member that comes near. Default: no."""
    return isinstance(policy, GroupScope) and policy.counts_all_groups


def counts_child_groups(policy: BasePolicy) -> bool:
    """Return whether a policy tells the groups right below its own apart. Default: no."""
    return isinstance(policy, ChildGroupScope) and policy.counts_child_groups
