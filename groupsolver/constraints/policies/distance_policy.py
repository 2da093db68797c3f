"""Policies that ask how near hosts are on the network: by hops, or by latency."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import Relaxable
from groupsolver.constraints.protocols.fleet_validation import NeedsLinks
from groupsolver.constraints.protocols.levels import Partitioned
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.network.proximity_zones import ProximityZones
from groupsolver.model.value import HOST, Amount, LevelName

WIDER_BOUNDS = 8  # that are tried


class DistancePolicy(Policy, Partitioned, NeedsLinks, Relaxable, ABC):
    """A policy that speaks at a level, or of hosts that are near each other on the network graph.

    Parameters
    ----------
    level : str, optional
    max_hops : int, optional
        How many links the shortest path between two hosts may have.
    max_latency_us : int, optional
        Microseconds that the links of the quickest path may add up to.
    """

    level: LevelName | None = None
    max_hops: Amount | None = None
    max_latency_us: Amount | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> DistancePolicy:
        given = {
            "level": self.level,
            "max_hops": self.max_hops,
            "max_latency_us": self.max_latency_us,
        }
        names = ", ".join(name for name, value in given.items() if value is not None)
        if ", " in names:
            raise PydanticCustomError(
                "wrong-value", "expected one of {given}, not several", {"given": names}
            )
        return self

    @property
    def bound(self) -> tuple[Literal["hops", "latency"], int] | None:
        """What is bounded on the network graph, and by how much; None: it speaks at a level."""
        if self.max_hops is not None:
            return "hops", self.max_hops
        return None if self.max_latency_us is None else ("latency", self.max_latency_us)

    @property
    def within(self) -> str:
        """The bound in words."""
        if self.max_hops is not None:
            return "1 hop" if self.max_hops == 1 else f"{self.max_hops} hops"
        return f"{self.max_latency_us} us"

    @property
    def needs_links(self) -> bool:
        """Whether it has a bound."""
        return self.bound is not None

    def level_on(self, fleet: CompiledFleet) -> str:
        """Return the level, or the partition into zones of hosts that are near the same others."""
        return self.level or HOST if self.bound is None else fleet.proximity_zones(*self.bound)[0]

    def nearness(self, fleet: CompiledFleet) -> ProximityZones | None:
        """Return which zones are near each other; None where the policy speaks at a level."""
        return None if self.bound is None else fleet.proximity_zones(*self.bound)[1]

    def near(self, one: str, other: str, view: View) -> bool:
        """Return whether two hosts are near, for the checker."""
        assert self.bound is not None  # noqa: S101 - asked of distances alone
        return view.problem.distances.near(one, other, *self.bound)

    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Self]:
        """Yield wider bounds: hop by hop, or twice the latency each time."""
        if self.max_hops is not None:
            for more in range(1, WIDER_BOUNDS + 1):
                yield self.model_copy(update={"max_hops": self.max_hops + more})
        elif self.max_latency_us is not None:
            first = max(1, self.max_latency_us)
            for doublings in range(1, WIDER_BOUNDS + 1):
                yield self.model_copy(update={"max_latency_us": first << doublings})
