"""What finds placements of large batches."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Protocol

from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import ValueBound
from groupsolver.solver.batch.value_search import search_by_neighbourhoods
from groupsolver.solver.budget import Budget


class BatchSearch(Protocol):
    """A search for placements of the applications of a batch."""

    def __call__(
        self,
        batch: BatchProblem,
        bound: ValueBound,
        best: BatchIncumbent,
        budget: Budget,
        executor: Executor | None = None,
    ) -> None:
        """Offer placements until the time is over, or nothing better is to be expected.

        Parameters
        ----------
        batch : BatchProblem
            `compiled`: the merged problem; `member_classes`: those of each application;
            `bundles`: its value, and the applications without which it is not placed; `partial`:
            whether applications may be left out; `searched` and `eligibility`: where members may
            go.
        bound : ValueBound
            Applications that are impossible by themselves, and prices of what is scarce.
        best : BatchIncumbent
            Its `offer` takes the assignments of the applications that are whole; it checks them.
        budget : Budget
            Time, limits, seed, and whether to stop.
        executor : concurrent.futures.Executor, optional
            For work on other processors or machines.
        """


search_batch: BatchSearch = search_by_neighbourhoods
