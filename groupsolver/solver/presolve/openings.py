"""What new members pay for the domains that they open: hosts, racks, or domains of any level."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.constraints.rules import Rule
from groupsolver.model.compiled.arrays import Ints, Mask


@dataclass(frozen=True, eq=False)
class OpeningFloor:
    """A lower bound of what openings cost among some domains.

    Every placement pays at least `least` points for domains of `domains`, (D,) bool, and for
    members on hosts in no domain.
    """

    domains: Mask
    least: int


@dataclass(frozen=True, eq=False)
class Opening:
    """A price of each domain that members of some classes open, and what it comes to at least.

    Attributes
    ----------
    member_classes : tuple of int
        The classes whose members open domains.
    level : str
    points : (D,) int64
        Points of each domain; 0 where it is open already.
    without_domain : int
        Points of each member on a host in no domain of the level.
    free_points : int
        Points of openings that cost nothing: of a soft policy the first domain, where none is open.
    rule : Rule or None
        The soft policy that asks for it; None for the price of opening hosts.
    floors : tuple of OpeningFloor
        Lower bounds, of all domains and of some.
    least : int
        The best lower bound of all openings, in points.
    """

    member_classes: tuple[int, ...]
    level: str
    points: Ints
    without_domain: int
    free_points: int
    rule: Rule | None
    floors: tuple[OpeningFloor, ...] = ()
    least: int = 0

    @property
    def least_cost(self) -> int:
        """What openings add to the objective at least."""
        return max(0, self.least - self.free_points)
