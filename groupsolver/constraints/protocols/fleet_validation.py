"""What the validation of an application against a fleet asks, before there is a problem."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.host_index import HostIndex


class NeedsLinks(ABC):
    """A policy that may mean nothing where the fleet has no links."""

    @property
    @abstractmethod
    def needs_links(self) -> bool:
        """Whether it measures distances over links."""


class BoundedMeasure(ABC):
    """A policy whose measure may exceed twice the number of members."""

    @abstractmethod
    def measure_ceiling(self, hosts: HostIndex, members: int) -> int:
        """Return what the measure cannot exceed on a fleet, with so many members in all."""


def needs_links(policy: BasePolicy) -> bool:
    """Return whether a policy measures distances over links. Default: no."""
    return isinstance(policy, NeedsLinks) and policy.needs_links


def measure_ceiling(policy: BasePolicy, hosts: HostIndex, members: int) -> int:
    """Return what a measure cannot exceed: sums of them must stay within 64 bits.

    Default: ``2 * (members + 1)``.
    """
    if isinstance(policy, BoundedMeasure):
        return policy.measure_ceiling(hosts, members)
    return 2 * (members + 1)
