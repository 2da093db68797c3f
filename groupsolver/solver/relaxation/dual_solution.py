"""What the relaxation finds: a bound, and the prices that give it."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.model.compiled.arrays import Floats
from groupsolver.solver.relaxation.reduced_cost_fixing import Bounds


@dataclass(frozen=True)
class DualSolution:
    """The best bound found, and the prices that gave it.

    Attributes
    ----------
    bounds : Bounds
    prices : (N,) float64
        Of each column, what is scarce included.
    guide : (N,) float64
        The same without what rises from member to member: a heuristic adds that as it goes.
    """

    bounds: Bounds
    prices: Floats
    guide: Floats
