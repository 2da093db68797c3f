"""What a policy says where the number of members is open: groups with `at_least`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from groupsolver.model.application import BasePolicy

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.constraints.cp_model.linear_expr import Linear
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class GroupSizes(Protocol):
    """How many members each group may have, running ones included."""

    def least(self, group: str) -> int:
        """Return how many members the group has at least."""

    def most(self, group: str) -> int:
        """Return how many members the group has at most."""


class AnySize(ABC):
    """A policy that knows what it says whatever the number of members.

    Policies speak of the members that are placed. A model in which that number is open holds the
    policy that `for_any_size` returns, as if all members were placed, and the rows of
    `encode_size`.
    """

    @abstractmethod
    def for_any_size(self, group: str, sizes: GroupSizes) -> BasePolicy | None:
        """Return a policy that every placement of some of the members keeps which keeps this one.

        Its measure is at most this one's, whatever members are placed. The policy itself where
        the two measures are always the same; None where nothing can be said. It tells the same
        hosts apart.
        """

    def encode_size(  # noqa: B027 - most policies say nothing more
        self, group: str, size: Linear, builder: ModelBuilder
    ) -> None:
        """Post more that every placement which keeps the policy keeps. Default: nothing.

        Parameters
        ----------
        group : str
        size : Linear
            How many members the group has, running ones included.
        builder : ModelBuilder
        """


class SameForAnySize(AnySize):
    """A policy whose measure does not depend on members that are not placed."""

    def for_any_size(self, group: str, sizes: GroupSizes) -> BasePolicy | None:
        """Return the policy itself."""
        return self if isinstance(self, BasePolicy) else None


def for_any_size(policy: BasePolicy, group: str, sizes: GroupSizes) -> BasePolicy | None:
    """Return what a policy says for any number of members, see `AnySize`. Default: nothing."""
    return policy.for_any_size(group, sizes) if isinstance(policy, AnySize) else None


def encode_size(policy: BasePolicy, group: str, size: Linear, builder: ModelBuilder) -> None:
    """Post what a policy says about the number of members, see `AnySize`."""
    if isinstance(policy, AnySize):
        policy.encode_size(group, size, builder)
