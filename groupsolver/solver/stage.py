"""What one stage of a solve minimises, and the limits that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from groupsolver.checking.check import Verdict
from groupsolver.solver.budget import Budget


@dataclass(frozen=True)
class Stage:
    """One of the problems that are solved in turn where soft policies have priorities.

    Without priorities there is one stage, `SINGLE_STAGE`, which minimises the objective.

    Attributes
    ----------
    target : int or None
        Priority of the tier whose cost is minimised, in units of weight, hosts being free. None:
        the objective is minimised.
    limits : mapping of int to int
        By priority of every earlier tier: what its policies may cost together, in units of weight.
    budgets : mapping of int to int
        By priority: the part of the limit for those policies of the tier that are not held hard.
    offset : int
        Points of the objective that every placement within the limits costs for its tiers.
    floor : callable, optional
        Finds a lower bound of `target` that the relaxation does not see. It takes time.
    """

    target: int | None = None
    limits: Mapping[int, int] = field(default_factory=dict)
    budgets: Mapping[int, int] = field(default_factory=dict)
    offset: int = 0
    floor: Callable[[Budget], int] | None = None

    def value(self, verdict: Verdict) -> int | None:
        """Return what the stage minimises, or None for a placement outside the limits."""
        tiers = dict(verdict.tiers)
        if any(tiers[priority] > limit for priority, limit in self.limits.items()):
            return None
        return verdict.objective if self.target is None else tiers[self.target]


SINGLE_STAGE = Stage()
