"""Placing on the state of a cluster: one request, solved on a state and committed to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_callable,
    require_flags,
    require_limits,
    require_objective,
)
from groupsolver.cluster.claim import Claim
from groupsolver.cluster.members import ApplicationsState
from groupsolver.cluster.newcomer import Newcomer
from groupsolver.cluster.recoveries import RunningRecoveries
from groupsolver.constraints.qualified_names import application_name_faults
from groupsolver.errors import BadInput, require_type
from groupsolver.model.application import Application
from groupsolver.model.result import Limits, Objective, Result, Watch


@dataclass(frozen=True)
class Request:
    """An application that is to be placed.

    Parameters
    ----------
    name : str
    app : Application
    objective : {"pack", "spread", "cost"}
    limits : Limits
        Of all attempts together.
    progress : callable or None
    explain : bool
    end : float
        When the time is over, by `time.monotonic`.
    before_commit : callable
        Called, under the lock, right before a placement is committed. What it raises prevents that.
    """

    name: str
    app: Application[Any]
    objective: Objective
    limits: Limits
    progress: Watch | None
    explain: bool
    end: float
    before_commit: Callable[[], None] = lambda: None

    @classmethod
    def of(
        cls,
        name: str,
        app: Application[Any],
        objective: Objective,
        limits: Limits,
        progress: Watch | None,
        explain: bool,
    ) -> Request:
        """Return a request whose time begins now.

        Raises
        ------
        TypeError
            For an argument of another type.
        BadInput
            For a name that is none, and for an unknown objective.
        """
        require_type("name", name, str, "the name of an application")
        faults = list(application_name_faults(name))
        if faults:
            raise BadInput(faults)
        require_application(app)
        require_objective(objective)
        require_limits(limits)
        require_callable("progress", progress)
        require_flags(explain=explain)
        end = time.monotonic() + limits.seconds
        return cls(name, app, objective, limits, progress, explain, end)

    def within(self, end: float) -> Request:
        """Return the request with less time."""
        return replace(self, end=min(self.end, end))

    def solve(self, state: ApplicationsState) -> Solved:
        """Solve on a state. Raises `BadInput`, and what `solve` raises."""
        from groupsolver.solver.pipeline import solve  # loads ortools

        def solve_app(app: Application[Any]) -> Result:
            left = self.end - time.monotonic()
            if left <= 0:
                return Result(status="unknown")
            return solve(
                app,
                state.fleet,
                objective=self.objective,
                limits=replace(self.limits, seconds=left),
                progress=self.progress,
                explain=self.explain,
            )

        newcomer = Newcomer(self.name, self.app, state)
        known = newcomer.known_recoveries(state)
        recoveries = RunningRecoveries(newcomer.app, state.fleet, known) if known else None
        if not recoveries:
            return Solved(self, newcomer, state, solve_app(newcomer.app))
        result = solve_app(recoveries.without())
        if not result.placed:
            return Solved(self, newcomer, state, result)
        if not recoveries.are_left(result.placement or {}):
            return Solved(self, newcomer, state, solve_app(newcomer.app))
        witness = {**recoveries.witness(), **(result.witness or {})}
        whole = result.model_copy(update={"witness": witness})
        return Solved(self, newcomer, state, whole)


@dataclass(frozen=True)
class Solved:
    """A request, and its answer on a state.

    Attributes
    ----------
    request : Request
    newcomer : Newcomer
        The problem on the state.
    state : ApplicationsState
    result : Result
    """

    request: Request
    newcomer: Newcomer
    state: ApplicationsState
    result: Result

    def on(self, state: ApplicationsState, *, take_costlier: bool = False) -> Solved:
        """Return the answer as it holds on another state. Raises `Contended`, `CostsMore`."""
        if state is self.state:
            return self
        newcomer = Newcomer(self.request.name, self.request.app, state)
        claim = Claim(self.newcomer.app, self.state.fleet, self.result, self.request.objective)
        result = claim.revalued(newcomer.app, state.fleet, take_costlier=take_costlier)
        return Solved(self.request, newcomer, state, result)

    def committed(self) -> ApplicationsState:
        """Return the state after the placement. Its own state does not change."""
        state = self.state.copy()
        self.newcomer.commit(self.result, state)
        state.complete()
        return state
