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


class NeedsLevel:
    """A policy that says nothing about members on hosts in no domain of its level."""

    @property
    def level_needed(self) -> str | None:
        """The level, None where the policy speaks of all hosts. Default: the field `level`."""
        return getattr(self, "level", None)


class AsksForClasses(ABC):
    """A policy that names resource classes that hosts are to have."""

    @property
    @abstractmethod
    def classes_asked_for(self) -> tuple[str, ...]:
        """The classes."""


def level_needed(policy: BasePolicy) -> str | None:
    """Return the level without which a policy says nothing about a host. Default: none."""
    return policy.level_needed if isinstance(policy, NeedsLevel) else None


def classes_asked_for(policy: BasePolicy) -> tuple[str, ...]:
    """Return the resource classes that a policy names. Default: none."""
    return policy.classes_asked_for if isinstance(policy, AsksForClasses) else ()


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
