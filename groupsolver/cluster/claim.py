"""Claims: a solved placement, held against a newer state before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from groupsolver.checking.check import Verdict, check
from groupsolver.checking.soft_cost import SoftCost, hosts_in_use, soft_scope
from groupsolver.errors import BadInput, GroupsolverError
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective, Result, gap_of


class Contended(GroupsolverError):
    """A placement no longer holds: other claims came first.

    Attributes
    ----------
    reasons : tuple of str
        The rules that it would break now.
    """

    code = "contended"

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


class CostsMore(Contended):
    """A placement still holds, but its soft policies may cost less after other claims came first.

    The reasons are what they cost now.
    """


@dataclass(frozen=True)
class Claim:
    """A solved placement, and what it was solved on.

    Parameters
    ----------
    app : Application
        As it was solved, with everything that runs and concerns it.
    fleet : CompiledFleet
        The fleet that it was solved on. It must not change.
    result : Result
        It has a placement.
    objective : {"pack", "spread", "cost"}
    """

    app: Application[Any]
    fleet: CompiledFleet
    result: Result
    objective: Objective

    @property
    def placement(self) -> dict[str, str]:
        """The host of each new member."""
        return self.result.placement or {}

    def revalued(
        self, app: Application[Any], fleet: CompiledFleet, *, take_costlier: bool = False
    ) -> Result:
        """Hold the placement against a newer state, and return the result with its value there.

        Parameters
        ----------
        app : Application
            The same request, composed anew with what runs now.
        fleet : CompiledFleet
        take_costlier : bool, default False
            Whether a placement that might cost less by now is taken all the same. Its status is
            then ``feasible``, and its objective, bound and gap are those of the newer state.

        Raises
        ------
        CostsMore
            The placement holds, but its soft policies may cost less now.
        Contended
            The placement no longer holds.
        """
        try:
            verdict = self._verdict(app, fleet)
        except BadInput as error:  # a host or a level was removed
            raise Contended([str(fault) for fault in error.faults]) from None
        if verdict.violations:
            raise Contended([str(violation) for violation in verdict.violations])
        if not self._may_cost_less(app, verdict, fleet):
            # Its recoveries may be others than before.
            return self.result.model_copy(update={"witness": verdict.witness})
        if not take_costlier:
            raise CostsMore([penalty.detail for penalty in verdict.penalties])
        bound = min(self._least_objective(fleet), verdict.objective)
        value = {
            "status": "feasible",
            "objective": verdict.objective,
            "bound": bound,
            "gap": gap_of(verdict.objective, bound),
            "penalties": verdict.penalties,
            "witness": verdict.witness,
        }
        return self.result.model_copy(update=value)

    def _verdict(self, app: Application[Any], fleet: CompiledFleet) -> Verdict:
        return check(
            app,
            fleet,
            self.placement,
            objective=self.objective,
            cells=self.result.cells,
            witness=self.result.witness,
        )

    def _soft_cost(self) -> SoftCost:
        """Return what soft policies and opened hosts cost, as it was solved."""
        if not self.result.penalties and self.app.host_price is None:
            return SoftCost()
        return SoftCost.of(self._verdict(self.app, self.fleet))

    def _may_cost_less(self, app: Application[Any], verdict: Verdict, fleet: CompiledFleet) -> bool:
        """Return whether another solve may find a placement whose soft policies cost less.

        It may where they cost more than the solver said. It also may where they cost no more, but
        other members that they count have come or gone: what was the least then may be too much
        now. And where it opens hosts, others may have opened some since, which it may use for
        nothing.
        """
        cost = SoftCost.of(verdict)
        if not cost:
            return False
        if cost > self._soft_cost():
            return True
        in_use_then = hosts_in_use(self.app, self.fleet)
        if verdict.opening and hosts_in_use(app, fleet) - in_use_then:
            return True
        return soft_scope(self.app, self.fleet) != soft_scope(app, fleet)

    def _least_objective(self, fleet: CompiledFleet) -> int:
        """Return a lower bound of the objective of every placement: prices alone, no policies.

        Points of `pack` and `spread` are never negative, nor is what a soft policy costs.
        """
        if self.objective != "cost":
            return 0
        cheapest = min(host.cost for host in fleet if host.enabled)
        return cheapest * len(self.placement)


S = TypeVar("S")  # what was solved
C = TypeVar("C")  # what was committed


class ClaimAttempts(Generic[S, C]):
    """The attempts of one request to commit what it solved.

    Parameters
    ----------
    commit : callable
        Commits what was solved, and returns it as it was committed. Its second argument is whether
        a placement that might cost less by now is taken. Raises `Contended`, or `CostsMore`.
    """

    def __init__(self, commit: Callable[[S, bool], C]) -> None:
        self._commit = commit
        self._costlier: S | None = None  # it holds, but may cost less elsewhere

    def claim(self, solved: S) -> C | None:
        """Commit a placement. Return None where other claims came first."""
        try:
            return self._commit(solved, False)
        except CostsMore:
            self._costlier = solved
            return None
        except Contended:
            return None

    def claim_costlier(self) -> C | None:
        """Commit the last placement that held but cost more. Return None where none holds."""
        if self._costlier is None:
            return None
        try:
            return self._commit(self._costlier, True)
        except Contended:
            return None
