"""The answer: a placement with its proof, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Annotated, Any, Literal

from pydantic import Field

from groupsolver.errors import require_type
from groupsolver.model.convert.frames import pandas
from groupsolver.model.notebook import CONTEXT, html_of
from groupsolver.model.value import Value

Objective = Literal["pack", "spread", "cost"]
Status = Literal["optimal", "feasible", "infeasible", "unknown"]
Method = Literal["exact", "search"]
Placement = dict[str, str]  # member id -> host name
Cells = dict[str, str]  # member id -> name of a cell of its host
Witness = dict[str, Placement]  # loss -> where the members that it takes find a place again


class Penalty(Value):
    """What a soft policy costs in an answer: `cost` is its weight times its measure."""

    group: str
    policy: str
    cost: int
    detail: str


NEVER = "on this fleet it can never fit, even if it were empty"


class ConflictingPolicy(Value):
    """A rule that takes part in a conflict."""

    group: str
    policy: str
    sentence: str


class Shortage(Value):
    """A resource that takes part in a conflict."""

    resource: str
    needed: int
    available: int
    sentence: str


class Fix(Value):
    """A change that would help, what it costs, and the placement that it buys."""

    change: str
    cost: int
    placement: Placement | None


class Conflict(Value):
    """Rules that contradict each other."""

    policies: tuple[ConflictingPolicy, ...] = ()
    capacity: tuple[Shortage, ...] = ()
    minimal: bool = False
    fixes: tuple[Fix, ...] = ()


class Result(Value):
    """The answer of `solve`; every key is always present in its document.

    Attributes
    ----------
    status : str
        ``optimal`` (bound equals objective), ``feasible``, ``infeasible`` or ``unknown``.
    placement : dict of str to str or None
        Host of each newly placed member; None unless optimal or feasible.
    cells : dict of str to str
        Cell of each newly placed member that takes anything from a cell of its host.
    objective, bound : int or None
        The placement's value, and a proved lower bound of every placement's. Where soft policies
        have priorities: of every placement that is as good as this one in each tier. The status is
        ``optimal`` only where every tier was proved, too. Policies of tiers count in the objective
        at their weights, as others do.
    gap : float or None
        ``(objective - bound) / max(1, |objective|)``, a fraction.
    seconds : float
        From the compiled fleet to the answer.
    witness : dict of str to dict of str to str or None
        Where `survives` binds the placement: for each loss, the host on which each lost member
        finds a place again. None where there is no `survives`, or nothing is placed.
    method : str
        ``exact`` or ``search``: how the placement was found.
    left_out : tuple of str
        Members that a group with `at_least` leaves out, in the order of the file. Where there are
        such groups, `objective` and `bound` are of the placements with the same sum of values, and
        the status is ``optimal`` only where that sum was proved to be the largest, too.
    """

    version: Literal[1] = 1
    status: Status
    placement: Placement | None = None
    objective: int | None = None
    bound: int | None = None
    gap: float | None = None
    seconds: Annotated[float, Field(ge=0)] = 0.0
    penalties: tuple[Penalty, ...] = ()
    warnings: tuple[str, ...] = ()
    witness: Witness | None = None
    conflict: Conflict | None = None
    cells: Cells = {}
    method: Method = "exact"
    left_out: tuple[str, ...] = ()

    @property
    def placed(self) -> bool:
        """Whether there is a placement."""
        return self.placement is not None

    def document(self) -> dict[str, Any]:
        """Return the result as plain JSON data, every key present."""
        return self.model_dump(mode="json")

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the picture, while application and fleet are kept."""
        return html_of(self)

    def __getstate__(self) -> dict[Any, Any]:
        # What it was solved for is known by weak references, which cannot be pickled.
        state = super().__getstate__()
        fields = {key: value for key, value in state["__dict__"].items() if key != CONTEXT}
        return {**state, "__dict__": fields}

    def to_pandas(self, fleet: Any = None) -> Any:
        """Return a pandas frame with one row a placed member: ``member``, ``host`` and ``cell``.

        Parameters
        ----------
        fleet : Fleet or CompiledFleet, optional
            With it, a column a level has the domain of the member's host.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        rows = []
        domains: dict[str, Mapping[str, str]] = {}
        levels: tuple[str, ...] = ()
        if fleet is not None:
            levels = fleet.levels
            domains = {host.name: host.domains for host in getattr(fleet, "hosts", fleet)}
        for member, host in (self.placement or {}).items():
            of_host = [domains[host].get(level) for level in levels]
            rows.append((member, host, self.cells.get(member), *of_host))
        # As objects, or pandas would make NaN of what is missing.
        columns = ["member", "host", "cell", *levels]
        return pandas().DataFrame(rows, columns=columns, dtype=object)


class Explanation(Result):
    """Why new members cannot be placed, and what would help; their placement where they can be.

    The answer of `explain`.

    Attributes
    ----------
    conflicts : tuple of Conflict
        The first is `conflict`; further ones share no policy and no size with it or each other.
        Only the first has fixes, and these are for the whole.
    never : bool or None
        Whether it would be just as impossible if nothing ran on the fleet; None: not decided in
        time.
    """

    conflicts: tuple[Conflict, ...] = ()
    never: bool | None = None

    def as_result(self) -> Result:
        """Return it as the answer of `solve`; that it can never fit is then a warning."""
        warnings = (*self.warnings, NEVER) if self.never else self.warnings
        fields = {name: getattr(self, name) for name in Result.model_fields}
        return Result(**{**fields, "warnings": warnings})


def gap_of(objective: int, bound: int) -> float:
    """``(objective - bound) / max(1, |objective|)``."""
    return (objective - bound) / max(1, abs(objective))


@dataclass(frozen=True)
class Limits:
    """Bounds on one whole call of `solve`.

    Parameters
    ----------
    seconds : float, default 30
        Wall time of the whole call.
    gap : float, default 0
        Stop at a proved gap of this fraction.
    workers : int, default 0
        Threads of CP-SAT; 0 means all cores.
    seed : int, default 0
        One worker, one seed and a proved answer give the same answer again.
    """

    seconds: float = 30.0
    gap: float = 0.0
    workers: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("seconds", "gap"):
            require_type(name, getattr(self, name), Real, "a number")
        for name in ("workers", "seed"):
            require_type(name, getattr(self, name), Integral, "an integer")
        # Not `seconds <= 0`: a NaN must be refused as well.
        bounds = self.seconds > 0 and self.gap >= 0
        if not (bounds and self.workers >= 0 and 0 <= self.seed < 2**31):
            raise ValueError(
                f"expected seconds > 0, gap >= 0, workers >= 0, 0 <= seed < 2**31: {self}"
            )


@dataclass(frozen=True)
class Progress:
    """The state of a running solve: all but `phase` and `elapsed` is None until known.

    Attributes
    ----------
    phase : str
        The step of the pipeline that reports.
    elapsed : float
        Seconds since the call began.
    incumbent : int or None
        Objective of the best placement so far.
    bound : int or None
        The best proved lower bound of the objective.
    placement : mapping of str to str or None
        Host of each member in the best placement so far that has passed `check`. While a search
        runs, `incumbent` may be of a newer placement, which is checked at the end of the search.
        The mapping is the same object as long as the placement is the same. It is not to be
        changed. Of a batch, members are named ``application:member``.
    applications : int or None
        Of a batch: how many applications are placed in the best placement so far.
    value, value_bound : int or None
        Of a batch: the value of these, and the best proved upper bound of it.
    """

    phase: str
    elapsed: float
    incumbent: int | None = None
    bound: int | None = None
    # Without it in the hash, which a dict lacks; and out of the text, for it may be long.
    placement: Mapping[str, str] | None = field(default=None, hash=False, repr=False)
    applications: int | None = None
    value: int | None = None
    value_bound: int | None = None

    @property
    def gap(self) -> float | None:
        """The proved gap so far, a fraction."""
        if self.incumbent is None or self.bound is None:
            return None
        return gap_of(self.incumbent, self.bound)


# Called while a solve runs, from its thread or one of CP-SAT; a true answer stops the solve.
Watch = Callable[[Progress], bool | None]
