"""Policies that ask how near hosts are on the network: by hops, or by latency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.view import View
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.network.proximity_zones import Nearness
from groupsolver.model.value import HOST, Amount, LevelName

if TYPE_CHECKING:
    from groupsolver.constraints.problem.problem import Problem

EASED = 8  # wider bounds that are tried


class ByDistance(Policy):
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
    def _one_measure(self) -> ByDistance:
        told = [
            name
            for name in ("level", "max_hops", "max_latency_us")
            if getattr(self, name) is not None
        ]
        if len(told) > 1:
            raise PydanticCustomError(
                "wrong-value", "expected one of {told}, not several", {"told": ", ".join(told)}
            )
        return self

    @property
    def bound(self) -> tuple[Literal["hops", "latency"], int] | None:
        """What is bounded on the network graph, and by how much; None where the policy speaks at a level."""
        if self.max_hops is not None:
            return "hops", self.max_hops
        return None if self.max_latency_us is None else ("latency", self.max_latency_us)

    @property
    def asks_links(self) -> bool:
        """Whether it means nothing where the fleet has no links."""
        return self.bound is not None

    def eased(self, group: str, problem: Problem) -> Iterator[Self]:
        """Give wider bounds: hop by hop, or twice the latency each time."""
        if self.max_hops is not None:
            yield from (
                self.model_copy(update={"max_hops": self.max_hops + more})
                for more in range(1, EASED + 1)
            )
        elif self.max_latency_us is not None:
            first = max(1, self.max_latency_us)
            yield from (
                self.model_copy(update={"max_latency_us": first << more})
                for more in range(1, EASED + 1)
            )

    @property
    def at(self) -> str | None:
        """Its level; two bounds are as different as two levels."""
        return (
            self.level if self.bound is None else "\0{} {}".format(*self.bound)
        )  # no name of a level is such

    @property
    def within(self) -> str:
        """The bound in words."""
        if self.max_hops is not None:
            return "1 hop" if self.max_hops == 1 else f"{self.max_hops} hops"
        return f"{self.max_latency_us} us"

    def level_on(self, fleet: CompiledFleet) -> str:
        """Give the level, or the partition of the hosts into zones of such as are near the same others."""
        return self.level or HOST if self.bound is None else fleet.nearness(*self.bound)[0]

    def nearness(self, fleet: CompiledFleet) -> Nearness | None:
        """Say which zones are near each other; None where the policy speaks at a level."""
        return None if self.bound is None else fleet.nearness(*self.bound)[1]

    def near(self, one: str, other: str, view: View) -> bool:
        """Whether two hosts are near, for the checker."""
        assert self.bound is not None  # noqa: S101 - asked of distances alone
        return view.problem.distances.near(one, other, *self.bound)
