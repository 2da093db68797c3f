"""What the server counts, as Prometheus reads it.

No label holds anything that a client makes up, tenants and raw paths above all: the number of series
is bounded by the table of routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

import groupsolver
from groupsolver.api.services.solve_pool import SolvePool
from groupsolver.model.result import Objective, Status

Outcome = Literal[
    "placed",
    "dry-run",
    "repeated",
    "infeasible",
    "no-answer",
    "contended",
    "busy",
    "refused",
    "unavailable",
    "failed",
]
"""How a request for a placement ended.

``repeated``: answered again for its idempotency key; ``refused``: bad input, quota, or not found; ``unavailable``:
the database did not answer; ``failed``: an unexpected failure.
"""

Explained = Literal["placed", "infeasible", "no-answer", "busy", "refused", "unavailable", "failed"]
"""How a request for an explanation ended; ``placed``: there is a placement."""

Fitted = Literal["answered", "no-answer", "busy", "refused", "unavailable", "failed"]
"""How a request for headroom ended."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "UPDATE", "DELETE", "OPTIONS"})
_REQUEST = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
)  # seconds
_SOLVE = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """The counters of one app, in a registry of their own; every method may be called from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "groupsolver_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "groupsolver_http_request_seconds",
            "Seconds from a request's arrival in the app to its answer.",
            ["route"],
            buckets=_REQUEST,
            registry=registry,
        )
        self._solve_seconds = Histogram(
            "groupsolver_solve_seconds",
            "Seconds of one solve, waiting for its turn left out.",
            ["objective", "outcome"],
            buckets=_SOLVE,
            registry=registry,
        )
        self._placements = Counter(
            "groupsolver_placements",
            "Requests for a placement, by how they ended.",
            ["outcome"],
            registry=registry,
        )
        self._retries = Counter(
            "groupsolver_claim_retries",
            "Claims tried again because others claimed first.",
            registry=registry,
        )
        self._explanations = Counter(
            "groupsolver_explanations",
            "Requests for an explanation, by how they ended.",
            ["outcome"],
            registry=registry,
        )
        self._explain_seconds = Histogram(
            "groupsolver_explain_seconds",
            "Seconds in which one batch was explained that cannot be placed, its solve left out.",
            buckets=_SOLVE,
            registry=registry,
        )
        self._headrooms = Counter(
            "groupsolver_headrooms",
            "Requests for headroom, by how they ended.",
            ["outcome"],
            registry=registry,
        )
        self._headroom_seconds = Histogram(
            "groupsolver_headroom_seconds",
            "Seconds in which copies of one batch were counted, waiting for its turn left out.",
            buckets=_SOLVE,
            registry=registry,
        )
        for outcome in get_args(Fitted):
            self._headrooms.labels(outcome)
        for outcome in get_args(Explained):
            self._explanations.labels(outcome)
        for outcome in get_args(
            Outcome
        ):  # there from the start, so that the first failure is an increase from 0
            self._placements.labels(outcome)
        build = Gauge(
            "groupsolver_build_info",
            "Always 1; the label says what runs.",
            ["version"],
            registry=registry,
        )
        build.labels(groupsolver.__version__).set(1)
        ProcessCollector(registry=registry)

    def watch(self, pool: SolvePool) -> None:
        """Show how full the pool of solves is, whenever somebody asks. Once an app."""
        for name, about, read in (
            ("running", "Solves that run.", lambda: pool.running),
            ("waiting", "Solves that wait for their turn.", lambda: pool.waiting),
            ("slots", "Solves that may run at once.", lambda: pool.size),
            ("places", "Solves that may wait at once.", lambda: pool.places),
        ):
            Gauge(f"groupsolver_solve_pool_{name}", about, registry=self._registry).set_function(
                read
            )

    def request_done(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count an answer.

        Parameters
        ----------
        method : str
            As the client sent it; what is not known here counts as ``other``.
        route : str or None
            The route's template, never the path; None where there is none.
        status : int
        seconds : float
        """
        route = route or "none"
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def solved(
        self, objective: Objective, outcome: Status | Literal["failed"], seconds: float
    ) -> None:
        """Count a solve; `outcome` is the result's status, or ``failed`` where it raised."""
        self._solve_seconds.labels(objective, outcome).observe(seconds)

    def outcome(self, name: Outcome) -> None:
        """Count how a request for a placement ended."""
        self._placements.labels(name).inc()

    def explained(self, seconds: float) -> None:
        """Count an explanation of a batch that cannot be placed, of a refused placement too."""
        self._explain_seconds.observe(seconds)

    def explanation(self, name: Explained) -> None:
        """Count how a request for an explanation ended."""
        self._explanations.labels(name).inc()

    def fitted(self, seconds: float) -> None:
        """Count a batch whose copies were counted."""
        self._headroom_seconds.observe(seconds)

    def headroom(self, name: Fitted) -> None:
        """Count how a request for headroom ended."""
        self._headrooms.labels(name).inc()

    def retried(self) -> None:
        """Count a claim that is tried again."""
        self._retries.inc()

    def render(self) -> tuple[bytes, str]:
        """Give the Prometheus text and its content type."""
        return generate_latest(_Lean(self._registry)), CONTENT_TYPE


class _Lean(Collector):
    """A registry without the times at which each series was made: as many lines again, which nobody asks for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample for sample in metric.samples if not sample.name.endswith("_created")
            ]
            yield metric
