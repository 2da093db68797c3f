"""The level at which a policy speaks on a fleet, which may be a partition that it made there."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.compiled_fleet import CompiledFleet


class Partitioned(ABC):
    """A policy that may speak at a partition of the hosts which is no level of the fleet."""

    @abstractmethod
    def level_on(self, fleet: CompiledFleet) -> str | None:
        """Return the level, or the name of the partition, under which the fleet has its domains."""


def level_on(policy: BasePolicy, fleet: CompiledFleet) -> str | None:
    """Return the level at which a policy speaks on a fleet. Default: its field `level`, or None."""
    return policy.level_on(fleet) if isinstance(policy, Partitioned) else policy.at
