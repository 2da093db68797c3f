"""The answer for a batch: several applications, each placed whole or not at all."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from groupsolver.model.result import Cells, Conflict, Penalty, Placement, Status
from groupsolver.model.sparse_value import Sparse
from groupsolver.model.value import Value


class BatchEntry(Sparse):
    """One application of a batch.

    Attributes
    ----------
    name : str
    status : {"placed", "left-out"}
    placement : dict of str to str or None
        Host of each newly placed member; None where it is left out.
    cells : dict of str to str
        Cell of each newly placed member that takes anything from a cell of its host.
    reason : str or None
        Why it is left out.
    conflict : Conflict or None
        Where it is impossible by itself: the rules that contradict each other.
    """

    name: str
    status: Literal["placed", "left-out"]
    placement: Placement | None = None
    cells: Cells = {}
    reason: str | None = None
    conflict: Conflict | None = None
    sparse: ClassVar[tuple[str, ...]] = ("conflict",)

    @property
    def placed(self) -> bool:
        """Whether it is placed."""
        return self.placement is not None


class BatchResult(Value):
    """The answer for a batch; every key is always present in its document.

    Attributes
    ----------
    status : str
        ``optimal`` where value and objective are proved, ``feasible``, ``infeasible`` (only where
        all must be placed), or ``unknown``.
    applications : tuple of BatchEntry
        In the order in which they were given.
    value : int
        The sum of the values of those that are placed.
    value_bound : int
        A proved upper bound of that sum.
    objective, bound : int or None
        The points of all placements, and a proved lower bound at this value. None where nothing
        is placed.
    gap : float or None
        ``(objective - bound) / max(1, |objective|)``, a fraction.
    method : {"exact", "search"}
    """

    version: Literal[1] = 1
    status: Status
    applications: tuple[BatchEntry, ...] = ()
    value: int = 0
    value_bound: int = 0
    objective: int | None = None
    bound: int | None = None
    gap: float | None = None
    method: Literal["exact", "search"] = "exact"
    seconds: Annotated[float, Field(ge=0)] = 0.0
    penalties: tuple[Penalty, ...] = ()
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> BatchEntry:
        """Return the entry of an application. Raises `KeyError`."""
        for entry in self.applications:
            if entry.name == name:
                return entry
        raise KeyError(name)

    @property
    def placed(self) -> tuple[str, ...]:
        """The names of the applications that are placed."""
        return tuple(entry.name for entry in self.applications if entry.placed)

    def document(self) -> dict[str, Any]:
        """Return the result as plain JSON data, every key present."""
        return self.model_dump(mode="json")
