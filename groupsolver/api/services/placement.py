"""Placing instances: solve on a snapshot, outside any transaction, then claim.

Where another claim came first, the placement is solved again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.conflict_view import without_other_projects
from groupsolver.api.services.explanation import (
    ExplainOptions,
    InfeasiblePlacement,
    explain_infeasible,
    unexplained_infeasible,
)
from groupsolver.api.services.service import Service
from groupsolver.cluster.claim import Claim, ClaimAttempts
from groupsolver.constraints.eligibility import with_traits_required
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.errors import GroupsolverError
from groupsolver.model.result import Limits, Result
from groupsolver.store.repositories.claims import KeptAnswer, PlacementClaim, commit
from groupsolver.store.repositories.idempotency import Key
from groupsolver.store.repositories.instances import StoredPlacement
from groupsolver.store.state.project_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot

_MAX_BACKOFF = 0.05  # seconds before the next try
_MAX_TURN_WAIT = 10.0  # seconds to wait for a turn to try again
_OUT_OF_TIME = {"no-answer-in-time", "busy"}  # codes of a solve that had no time


@dataclass(frozen=True)
class PlacementOptions:
    """The options of a placement.

    Parameters
    ----------
    id : str
        The placement's id, a uuid.
    seconds : float
        For all tries together.
    explain : ExplainOptions
        How an infeasible placement is explained; its seconds are a part of those for all tries.
    dry_run : bool, default False
        Whether to claim nothing.
    ttl : int, optional
        Seconds after which the claims expire unless they are confirmed.
    key : Key, optional
        The request's idempotency key; its answer is stored in the transaction of the claim.
    stored_body : callable, optional
        Returns the body that is stored for `key`, of a `SolvedPlacement`.
    """

    id: str
    seconds: float
    explain: ExplainOptions
    dry_run: bool = False
    ttl: int | None = None
    key: Key | None = None
    stored_body: Callable[[SolvedPlacement], Any] = lambda _: None


@dataclass(frozen=True)
class SolvedPlacement:
    """A placement that was found, with the problem and the snapshot that it was solved on."""

    requested: RequestedPlacement
    result: Result
    app: Application
    snapshot: Snapshot
    placement: StoredPlacement

    @property
    def hosts(self) -> dict[str, str]:
        """The host of each instance."""
        return self.result.placement or {}

    @property
    def cells(self) -> dict[str, str]:
        """The cell of each instance that takes from one."""
        return self.result.cells


def place(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> SolvedPlacement:
    """Place all requested instances, or none.

    Raises
    ------
    ApiError
        ``placement-infeasible``, ``no-answer-in-time``, ``claim-contended``, ``busy``.
    StoreError
        A group, an id or a quota forbids it, or the database does not answer.
    """
    with service.pool.admit():
        return _place_with_retries(service, requested, options)


def explain(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> SolvedPlacement | InfeasiblePlacement:
    """Return a placement of the requested instances, or why there is none. Nothing is claimed.

    Raises
    ------
    ApiError
        ``no-answer-in-time``, ``busy``.
    StoreError
        A group, an id or a quota forbids it.
    """
    with service.pool.admit():
        return _solve_now(service, requested, options, time.monotonic() + options.seconds)


def _place_with_retries(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> SolvedPlacement:
    end = time.monotonic() + options.seconds
    solved = _solve_or_refuse(service, requested, options, end)
    if options.dry_run:
        return solved
    attempts = ClaimAttempts(partial(_commit, service, options))
    claimed = attempts.claim(solved)
    if claimed is not None:
        return claimed
    # Requests that lost a race take turns to solve again, since they all want the same hosts.
    turn_wait = min(_MAX_TURN_WAIT, (end - time.monotonic()) / 2)
    with service.store.retry_turns.take(turn_wait):
        for _ in range(service.settings.retries):
            service.metrics.claim_retried()
            try:
                solved = _solve_or_refuse(service, requested, options, end)
            except ApiError as error:
                # What was found before still counts where there is no time for better.
                claimed = attempts.claim_costlier() if error.code in _OUT_OF_TIME else None
                if claimed is not None:
                    return claimed
                raise
            claimed = attempts.claim(solved)
            if claimed is not None:
                return claimed
            time.sleep(random.uniform(0, _MAX_BACKOFF))  # noqa: S311 - not a secret
    claimed = attempts.claim_costlier()
    if claimed is not None:
        return claimed
    count = service.settings.retries + 1
    detail = f"other claims came first, {count} times: try again"
    raise ApiError("claim-contended", detail, headers={"Retry-After": "1"})


def _commit(
    service: Service, options: PlacementOptions, solved: SolvedPlacement, take_costlier: bool
) -> SolvedPlacement:
    """Claim a placement, and return it with its value as it was stored. Raises `Contended`."""
    snapshot = solved.snapshot
    claim = PlacementClaim(
        solved.requested,
        Claim(solved.app, snapshot.fleet, solved.result, solved.requested.objective),
        snapshot.history_point,
        solved.placement,
    )
    kept = None
    if options.key:

        def body(stored: StoredPlacement) -> Any:
            return options.stored_body(replace(solved, placement=stored))

        kept = KeptAnswer(options.key, 201, body)
    stored = commit(service.store, service.snapshot_cache, claim, kept, take_costlier=take_costlier)
    return replace(solved, placement=stored.placement)


def _solve_or_refuse(
    service: Service, requested: RequestedPlacement, options: PlacementOptions, end: float
) -> SolvedPlacement:
    """Solve once. Raises `ApiError`, ``placement-infeasible`` too."""
    solved = _solve_now(service, requested, options, end)
    if isinstance(solved, InfeasiblePlacement):
        refusal = solved.refusal(options.explain.audience)
        detail = "no placement of all instances exists"
        raise ApiError("placement-infeasible", detail, refusal=refusal)
    return solved


def _solve_now(
    service: Service, requested: RequestedPlacement, options: PlacementOptions, end: float
) -> SolvedPlacement | InfeasiblePlacement:
    """Solve on the current snapshot, until the time `end` of the monotonic clock."""
    with service.pool.slot(end - time.monotonic()):
        # Read after waiting for the slot, since an earlier snapshot may be outdated by now.
        snapshot = current_snapshot(service)
        app = compose_application(requested, snapshot)
        left = end - time.monotonic()
        result = Result(status="unknown")
        if left > 0:
            result = _solve(service, app, snapshot, requested, left)
        if result.status == "infeasible":
            return _explained(service, app, snapshot, requested, options.explain, end)
    if result.placement is None or result.objective is None or result.bound is None:
        detail = f"no placement was found, nor shown to be impossible, in {options.seconds:g} s"
        raise ApiError("no-answer-in-time", detail, headers={"Retry-After": "5"})
    expires = None if options.ttl is None else service.store.clock() + options.ttl
    placement = StoredPlacement(
        options.id,
        requested.tenant_id,
        result.status,
        result.objective,
        result.bound,
        result.gap or 0.0,
        expires,
    )
    return SolvedPlacement(requested, result, app, snapshot, placement)


def _explained(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    options: ExplainOptions,
    end: float,
) -> InfeasiblePlacement:
    """Explain an infeasible placement in what is left of the time."""
    left = min(options.seconds, end - time.monotonic())
    if left > 0:
        limited = replace(options, seconds=left)
        return explain_infeasible(service, app, snapshot, requested, limited)
    possible = _possible_without_others(service, app, snapshot, requested, end)
    return unexplained_infeasible(app, snapshot, requested, possible=possible)


def _possible_without_others(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    end: float,
) -> bool:
    """Return whether a placement exists without other projects' rules.

    The project may learn that such rules exist only where they are the cause.
    """
    own = without_other_projects(app, requested, snapshot)
    left = end - time.monotonic()
    if own is None or left <= 0:
        return False
    possible = with_traits_required(Problem(app, snapshot.fleet.index), own)
    return _solve(service, possible, snapshot, requested, left).placed


def current_snapshot(service: Service) -> Snapshot:
    """Return what is stored now, without expired claims."""
    snapshot = service.snapshot_cache.snapshot()
    now = service.store.clock()
    if snapshot.has_expired_claims(now):
        with service.store.write():  # every write transaction removes expired claims
            pass
        snapshot = service.snapshot_cache.snapshot()
    return snapshot


def _solve(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    seconds: float,
) -> Result:
    from groupsolver.solver.pipeline import solve

    objective = requested.objective
    limits = Limits(seconds=seconds, workers=service.settings.workers)
    start = time.perf_counter()
    try:
        result = solve(app, snapshot.fleet, objective=objective, limits=limits, explain=False)
    except GroupsolverError:
        service.metrics.solve_done(objective, "failed", time.perf_counter() - start)
        raise
    service.metrics.solve_done(objective, result.status, time.perf_counter() - start)
    return result
