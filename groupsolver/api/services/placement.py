"""Place a batch: solve on a snapshot, outside any transaction, then claim; where others were faster, again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.conflict_view import without_others
from groupsolver.api.services.explanation import Question, WhyNot, not_asked, why_not
from groupsolver.api.services.service import Service
from groupsolver.constraints.registry import Application
from groupsolver.errors import GroupsolverError
from groupsolver.model.result import Limits, Result
from groupsolver.store.errors import Contended
from groupsolver.store.repositories.claims import Claim, KeptAnswer, commit
from groupsolver.store.repositories.idempotency import Key
from groupsolver.store.repositories.instances import StoredPlacement
from groupsolver.store.state.problem_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot

_BACKOFF = 0.05  # seconds before one more try, at most
_TURN = 10.0  # seconds to wait for a turn, at most


@dataclass(frozen=True)
class PlacementOptions:
    """How a batch is to be placed.

    Parameters
    ----------
    id : str
        The placement's id, a uuid.
    seconds : float
        For all tries together.
    dry_run : bool
        Claim nothing.
    ttl : int or None
        Seconds after which the claims end unconfirmed.
    key : Key or None
        The request's idempotency key, which is answered in the transaction of the claim.
    answer : callable
        Makes the body that is kept for `key`, of a `Placed`.
    question : Question
        What is asked where it cannot be placed; its seconds are of those for all tries.
    """

    id: str
    seconds: float
    dry_run: bool
    ttl: int | None
    key: Key | None
    answer: Callable[[PlacementOutcome], Any]
    question: Question


@dataclass(frozen=True)
class PlacementOutcome:
    """A batch that was placed: on what, and how well."""

    requested: RequestedPlacement
    result: Result
    app: Application
    on: Snapshot
    placement: StoredPlacement

    @property
    def hosts(self) -> dict[str, str]:
        """Host of each instance."""
        return self.result.placement or {}

    @property
    def cells(self) -> dict[str, str]:
        """Cell of each instance that takes from one."""
        return self.result.cells


def place(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> PlacementOutcome:
    """Place all instances of a batch, or none.

    Raises
    ------
    ApiError
        ``placement-infeasible``, ``no-answer-in-time``, ``claim-contended``, ``busy``.
    StoreError
        Groups, ids or quotas stand against it, or the database does not answer.
    """
    with service.pool.place():
        return _placed(service, requested, options)


def explain(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> PlacementOutcome | WhyNot:
    """Place a batch and claim nothing, or say why it cannot be placed.

    Raises
    ------
    ApiError
        ``no-answer-in-time``, ``busy``.
    StoreError
        Groups, ids or quotas stand against it.
    """
    with service.pool.place():
        return _solved(service, requested, options, time.monotonic() + options.seconds)


def _placed(
    service: Service, requested: RequestedPlacement, options: PlacementOptions
) -> PlacementOutcome:
    end = time.monotonic() + options.seconds
    placed = _tried(service, requested, options, end)
    if placed is not None:
        return placed
    # Others came first. Who solves again does so in turn: they all want the same hosts.
    with service.store.retry_turns.take(min(_TURN, (end - time.monotonic()) / 2)):
        for _ in range(service.settings.retries):
            service.metrics.retried()
            placed = _tried(service, requested, options, end)
            if placed is not None:
                return placed
            time.sleep(random.uniform(0, _BACKOFF))  # noqa: S311 - who comes first is no secret
    tries = service.settings.retries + 1
    detail = f"other claims came first, {tries} times: try again"
    raise ApiError("claim-contended", detail, headers={"Retry-After": "1"})


def _tried(
    service: Service, requested: RequestedPlacement, options: PlacementOptions, end: float
) -> PlacementOutcome | None:
    """Solve and claim once; None where the placement no longer held."""
    placed = _solved(service, requested, options, end)
    if isinstance(placed, WhyNot):
        refusal = placed.refusal(options.question.reader)
        raise ApiError(
            "placement-infeasible", "no placement of all instances exists", refusal=refusal
        )
    if options.dry_run:
        return placed
    kept = KeptAnswer(options.key, 201, options.answer(placed)) if options.key else None
    try:
        claim = Claim(
            requested,
            placed.hosts,
            placed.on.history_point,
            placed.placement,
            placed.cells,
            placed.result.witness,
        )
        commit(service.store, service.snapshot_cache, claim, kept)
    except Contended:
        return None
    return placed


def _solved(
    service: Service, requested: RequestedPlacement, options: PlacementOptions, end: float
) -> PlacementOutcome | WhyNot:
    with service.pool.slot(end - time.monotonic()):
        snapshot = fresh(
            service
        )  # once it is this one's turn: what was stored before may be old by now
        app = compose_application(requested, snapshot)
        left = end - time.monotonic()
        result = (
            _solve(service, app, snapshot, requested, left)
            if left > 0
            else Result(status="unknown")
        )
        if result.status == "infeasible":
            return _asked(service, app, snapshot, requested, options.question, end)
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
    return PlacementOutcome(requested, result, app, snapshot, placement)


def _asked(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    question: Question,
    end: float,
) -> WhyNot:
    """Say why a batch cannot be placed, in what is left of its time."""
    left = min(question.seconds, end - time.monotonic())
    if left > 0:
        return why_not(service, app, snapshot, requested, replace(question, seconds=left))
    blocked = _blocked(service, app, snapshot, requested, end)
    return not_asked(app, snapshot, requested, possible=blocked)


def _blocked(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    end: float,
) -> bool:
    """Whether it is others' rules that a batch fails by: only then its project hears that there are any."""
    own = without_others(app, requested, snapshot)
    left = end - time.monotonic()
    return own is not None and left > 0 and _solve(service, own, snapshot, requested, left).placed


def fresh(service: Service) -> Snapshot:
    """Give what is stored, without claims whose time is over."""
    snapshot = service.snapshot_cache.snapshot()
    now = service.store.clock()
    if snapshot.has_expired_claims(now):
        with service.store.write():  # sweeps
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

    start = time.perf_counter()
    try:
        limits = Limits(seconds=seconds, workers=service.settings.workers)
        result = solve(
            app, snapshot.fleet, objective=requested.objective, limits=limits, explain=False
        )
    except GroupsolverError:
        service.metrics.solved(requested.objective, "failed", time.perf_counter() - start)
        raise
    service.metrics.solved(requested.objective, result.status, time.perf_counter() - start)
    return result
