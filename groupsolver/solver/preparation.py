"""The first half of every solve: from eligibility to candidates, a relaxation and its prices.

The pipeline, the search for impossible parts and the proof by cases all begin like this::

    find_eligibility -> prepare (reduce_hosts -> blocks_of -> build_columns -> generate_columns)
                     -> construct -> exact
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from groupsolver.solver.relaxation.column_generation import generate_columns
from groupsolver.solver.relaxation.columns import Columns, build_columns
from groupsolver.solver.relaxation.dual_solution import DualSolution
from groupsolver.solver.relaxation.rising_prices import rising_prices_of


@dataclass(frozen=True)
class PreparedProblem:
    """A compiled problem with its candidates, bounds and prices.

    Attributes
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility
    candidates : list of (C,) int64, one a member class
        Rows of the hosts that are considered.
    blocks : list of Block
    columns : Columns
        The candidates as columns of the relaxation.
    relaxed : DualSolution
        A lower bound, and prices of the columns.
    """

    compiled: CompiledProblem
    eligibility: Eligibility
    candidates: list[Ints]
    blocks: list[Block]
    columns: Columns
    relaxed: DualSolution

    @property
    def refuted(self) -> bool:
        """Whether the relaxation proved that there is no placement."""
        return not math.isfinite(self.relaxed.bounds.lower)

    @property
    def candidate_count(self) -> int:
        """How many candidates there are, over all member classes."""
        return sum(map(len, self.candidates))


# Places everything at the hosts' own prices; returns the objective of the best placement so far.
QuickConstruction = Callable[[list[Ints], list[Block]], float]
# From so many member classes on, the relaxation takes seconds: a placement is tried before it.
MANY_CLASSES = 500


def prepare(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    budget: Budget,
    weight_unit: int = 0,
    quick: QuickConstruction | None = None,
    candidates: list[Ints] | None = None,
) -> PreparedProblem | None:
    """Reduce the candidates and relax the problem over them.

    Parameters
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility
    budget : Budget
    weight_unit : int, default 0
        Points of a unit of weight; with 0 no soft policy forms a block.
    quick : callable, optional
        Called before the relaxation where there are many member classes. The relaxation then goes
        no further than is needed to prove what this has placed.
    candidates : list of (C,) int64, optional
        What `reduce_hosts` leaves, where that is known.

    Returns
    -------
    PreparedProblem or None
        None where the time is over.
    """
    if candidates is None:
        candidates = reduce_hosts(compiled, eligibility)
    # The relaxation needs some time even where it may not iterate: ask before it begins.
    if budget.left() <= 0:
        return None
    blocks = blocks_of(compiled, weight_unit, eligibility.openings)
    enough = math.inf
    if quick is not None and len(compiled.member_classes) >= MANY_CLASSES:
        enough = quick(candidates, blocks)
    return relax(compiled, eligibility, candidates, blocks, budget, enough)


def relax(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    candidates: list[Ints],
    blocks: list[Block],
    budget: Budget,
    enough: float = math.inf,
) -> PreparedProblem:
    """Relax a problem over given candidates; no further than to a bound that is enough."""
    rising = rising_prices_of(compiled, eligibility, blocks)
    columns = build_columns(eligibility, candidates, rising)
    relaxed = generate_columns(compiled, eligibility, columns, blocks, budget, enough)
    return PreparedProblem(compiled, eligibility, candidates, blocks, columns, relaxed)
