"""What the presolve asks: which hosts are the same to a policy, and which groups.

The reduction drops a host where others are as good. Without `HostSymmetry` a policy is treated as
one that looks at everything: nothing is dropped for the groups that it counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.value import HOST


@dataclass(frozen=True)
class HostEquivalence:
    """How a policy tells hosts apart when one member moves.

    It moves to a host that all other new members leave alone.

    Parameters
    ----------
    level : str or None
        Hosts of one domain at this level, or part of this partition, are the same to it. None: it
        looks at each member and host alone, so the host's price and eligibility say all.
    free_entry : bool
        A domain that the new and the running members leave alone is as good as any other.
    sharing : bool
        Members may be worth more together on a host than apart: what shares one moves as one.
    splits_used : bool
        A host where something else uses capacity is not the same as one without.
    counts_empty_domains : bool
        A domain more, or one less, of its level may change what it says, used or not.
    names_domains : bool
        Domains of its level are told apart by their names, used or not.
    looks_at_room : bool
        What is free on hosts that hold no member may change what it says.
    pinned : bool
        Nothing may be assumed; no host is dropped for what it counts.
    """

    level: str | None = HOST
    free_entry: bool = False
    sharing: bool = False
    splits_used: bool = False
    counts_empty_domains: bool = False
    names_domains: bool = False
    looks_at_room: bool = False
    pinned: bool = False


class HostSymmetry(ABC):
    """A policy to which some hosts are the same."""

    @abstractmethod
    def host_equivalence(self, group: str, compiled: CompiledProblem, own: bool) -> HostEquivalence:
        """Return what the reduction may assume for members of the policy's group, or of others.

        Parameters
        ----------
        group : str
            The policy's group.
        compiled : CompiledProblem
            For what depends on the fleet, or on how many members there are and where they may go.
        own : bool
            Whether the member that moves is of the policy's group.
        """

    def host_labels(
        self, group: str, compiled: CompiledProblem, share: Mapping[int, int]
    ) -> Ints | None:
        """Return labels, (H,) int64, that are equal for hosts that are the same to a share.

        Asked where members on a host move as one (`HostEquivalence.sharing`). `share` is the
        number of members by member class. Default: None, all hosts of one domain are.
        """
        return None


class DomainLimit(ABC):
    """A policy that may say no more than how many members a domain may hold."""

    @property
    @abstractmethod
    def limit_per_domain(self) -> int | None:
        """The most members of one domain, where that is all that it says; else None."""


def host_equivalence(
    policy: Policy, group: str, compiled: CompiledProblem, own: bool
) -> HostEquivalence:
    """Return what the reduction may assume. Default: nothing, ``HostEquivalence(pinned=True)``."""
    if isinstance(policy, HostSymmetry):
        return policy.host_equivalence(group, compiled, own)
    return HostEquivalence(pinned=True)


def host_labels(
    policy: Policy, group: str, compiled: CompiledProblem, share: Mapping[int, int]
) -> Ints | None:
    """Return labels of hosts that are the same to a share.

    Default: None, as `HostSymmetry.host_labels`.
    """
    if isinstance(policy, HostSymmetry):
        return policy.host_labels(group, compiled, share)
    return None


def limit_per_domain(policy: Policy) -> int | None:
    """Return the most members of one domain, where a policy says that alone. Default: None."""
    return policy.limit_per_domain if isinstance(policy, DomainLimit) else None
