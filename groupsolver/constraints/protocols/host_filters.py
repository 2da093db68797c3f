"""Policies that look at each member and its host alone.

Asked by whatever needs to know the hosts that suit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host


class HostFilter(ABC):
    """A policy whose whole meaning is which hosts suit a member.

    Such a policy is never asked about a placement where its mask says the same.
    """

    @abstractmethod
    def admits(self, host: Host) -> bool:
        """Return whether a host suits a member."""

    @abstractmethod
    def mask(self, fleet: CompiledFleet) -> Mask:
        """Return `admits` over all hosts, (H,) bool."""

    @property
    def required_traits(self) -> tuple[str, ...]:
        """The traits without each of which no host suits. Default: none."""
        return ()


def admits(policy: BasePolicy, host: Host) -> bool:
    """Return whether a host suits a member by itself. Default: yes."""
    return not isinstance(policy, HostFilter) or policy.admits(host)


def required_traits(policy: BasePolicy) -> tuple[str, ...]:
    """Return the traits that a policy requires of each host. Default: none."""
    return policy.required_traits if isinstance(policy, HostFilter) else ()
