"""Policies that name hosts and domains in their fields. Asked by what shows where a rule speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from groupsolver.model.application import BasePolicy


class NamesPlaces(ABC):
    """A policy that may name hosts or domains."""

    @property
    @abstractmethod
    def places_named(self) -> Mapping[str, tuple[str, ...]]:
        """The names of domains by level; those of hosts at level ``host``."""


def places_named(policy: BasePolicy) -> Mapping[str, tuple[str, ...]]:
    """Return the names of domains that a policy names, by level. Default: none."""
    return policy.places_named if isinstance(policy, NamesPlaces) else {}
