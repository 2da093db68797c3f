"""What policies need of the fleet's links."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.constraints.cp_model.traffic import Flow
from groupsolver.constraints.problem.view import View
from groupsolver.model.application import BasePolicy
from groupsolver.model.value import Domain


class LinkLoad(ABC):
    """A policy that reserves bandwidth of the links.

    Hard ones share what is free: that is capacity.
    """

    @property
    @abstractmethod
    def rate(self) -> int:
        """Mbit/s of each member."""

    @abstractmethod
    def flow(self, group: str) -> Flow:
        """Return between whose members the traffic of this policy of `group` runs."""

    @abstractmethod
    def grown(self, group: str, view: View) -> dict[Domain, int]:
        """Return by how many Mbit/s new members raise the need of each domain, where they do."""


def loads_links(policy: BasePolicy) -> bool:
    """Return whether what a policy says depends on which links leave a domain. Default: no."""
    return isinstance(policy, LinkLoad)
