"""The best placement of a batch so far: checked, and of whole applications alone."""

from __future__ import annotations

from groupsolver.model.result import Result
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.budget import Budget
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.optional_members.selected import placed_selection


class BatchIncumbent:
    """Collects placements of some of the applications, each whole, and bounds of their value.

    Placements are compared by the value of the applications placed, then by that of the optional
    members placed in them, then tier by tier and by the objective.

    Parameters
    ----------
    batch : BatchProblem
    value_bound : int
        A proved upper bound of the value of all placements.
    budget : Budget
        It reports better placements.

    Attributes
    ----------
    value : int or None
        The value of the applications that are placed; None while nothing was offered.
    placed : tuple of int
        Numbers of these applications.
    assignments : list of (int, int) or None
        ``(member class, row)`` of each member that is placed.
    result : Result or None
        The placement under qualified names, with its objective and without a bound.
    value_bound : int
    """

    def __init__(self, batch: BatchProblem, value_bound: int, budget: Budget) -> None:
        self.batch = batch
        self.value: int | None = None
        self.placed: tuple[int, ...] = ()
        self.assignments: list[Assignment] | None = None
        self.result: Result | None = None
        self.value_bound = value_bound
        self._budget = budget
        self._worth = -1  # the value with that of optional members
        self._rank: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every application is placed."""
        return self.value is not None and len(self.placed) == len(self.batch.bundles)

    @property
    def has_largest_value(self) -> bool:
        """Whether no placement has a larger value."""
        return self.value is not None and self.value >= self.value_bound

    def worth(self, assignments: list[Assignment]) -> int:
        """Return what assignments are worth: to be compared with that of others alone."""
        selection, _ = self.batch.selection_of(assignments)
        return self.batch.classes.value(selection)

    def offer(self, assignments: list[Assignment], phase: str = "search") -> bool:
        """Take a placement if it passes the check and is better. Return whether it was taken.

        Parameters
        ----------
        assignments : list of (int, int)
            ``(member class, row)`` of each member that is placed, of the classes of
            `batch.compiled`. Members of applications that are not whole are dropped.
        phase : str
            What found it.
        """
        batch = self.batch
        selection, kept = batch.selection_of(assignments)
        worth = batch.classes.value(selection)
        if worth < self._worth:
            return False
        found = placed_selection(batch.classes, selection, kept, batch.objective, self._budget)
        if found is None or found.rank is None or found.value is None:
            return False
        if worth == self._worth and found.rank >= self._rank:
            return False
        self._worth = worth
        self._rank = found.rank
        self.value = batch.classes.value_of_bundles(selection)
        self.placed = tuple(batch.classes.placed_bundles(selection))
        self.assignments = kept
        found.prove(found.value)
        unproved = {"status": "feasible", "bound": None, "gap": None}
        self.result = found.result().model_copy(update=unproved)
        placement = self.result.placement or {}
        self._budget.report_incumbent(phase, found.value, None, placement)
        return True

    def prove_value(self, bound: int) -> None:
        """Take an upper bound of the value of all placements, if it is better."""
        self.value_bound = min(self.value_bound, bound)
