"""The server's metrics, in the format of Prometheus.

No label has a value that a client chooses, such as a tenant or a raw path. The table of routes
bounds the number of series.
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

PlacementOutcome = Literal[
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
"""The outcome of a request for a placement.

``repeated``: answered again for its idempotency key; ``refused``: bad input, quota, or not found;
``unavailable``: the database did not answer; ``failed``: an unexpected failure.
"""

ExplanationOutcome = Literal[
    "placed", "infeasible", "no-answer", "busy", "refused", "unavailable", "failed"
]
"""The outcome of a request for an explanation; ``placed``: there is a placement."""

HeadroomOutcome = Literal["answered", "no-answer", "busy", "refused", "unavailable", "failed"]
"""The outcome of a request for headroom."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "UPDATE", "DELETE", "OPTIONS"})
_REQUEST_BUCKETS = (  # seconds
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
)
_SOLVE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """The metrics of one app, in a registry of their own; every method is safe in any thread."""

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
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._solve_seconds = Histogram(
            "groupsolver_solve_seconds",
            "Seconds of one solve, waiting for its turn left out.",
            ["objective", "outcome"],
            buckets=_SOLVE_BUCKETS,
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
            buckets=_SOLVE_BUCKETS,
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
            buckets=_SOLVE_BUCKETS,
            registry=registry,
        )
        # Every series exists from the start, so that the first failure is an increase from 0.
        for outcome in get_args(HeadroomOutcome):
            self._headrooms.labels(outcome)
        for outcome in get_args(ExplanationOutcome):
            self._explanations.labels(outcome)
        for outcome in get_args(PlacementOutcome):
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
        """Register gauges of the pool of solves. To be called once an app."""
        for name, about, read in (
            ("running", "Solves that run.", lambda: pool.running),
            ("waiting", "Solves that wait for their turn.", lambda: pool.waiting),
            ("slots", "Solves that may run at once.", lambda: pool.size),
            ("places", "Solves that may wait at once.", lambda: pool.max_waiting),
        ):
            Gauge(f"groupsolver_solve_pool_{name}", about, registry=self._registry).set_function(
                read
            )

    def request_done(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count an answered request.

        Parameters
        ----------
        method : str
            As the client sent it; an unknown one counts as ``other``.
        route : str or None
            The route's template, never the path; None where no route matches.
        status : int
        seconds : float
        """
        route = route or "none"
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def solve_done(
        self, objective: Objective, outcome: Status | Literal["failed"], seconds: float
    ) -> None:
        """Count a solve; `outcome` is the status of the result, or ``failed`` for an error."""
        self._solve_seconds.labels(objective, outcome).observe(seconds)

    def placement_done(self, outcome: PlacementOutcome) -> None:
        """Count a request for a placement, by its outcome."""
        self._placements.labels(outcome).inc()

    def explain_solve_done(self, seconds: float) -> None:
        """Count the search for a conflict, also that for a refused placement."""
        self._explain_seconds.observe(seconds)

    def explanation_done(self, outcome: ExplanationOutcome) -> None:
        """Count a request for an explanation, by its outcome."""
        self._explanations.labels(outcome).inc()

    def headroom_solve_done(self, seconds: float) -> None:
        """Count a computation of headroom."""
        self._headroom_seconds.observe(seconds)

    def headroom_done(self, outcome: HeadroomOutcome) -> None:
        """Count a request for headroom, by its outcome."""
        self._headrooms.labels(outcome).inc()

    def claim_retried(self) -> None:
        """Count a second or later attempt at a claim."""
        self._retries.inc()

    def render(self) -> tuple[bytes, str]:
        """Return the text for Prometheus, and its content type."""
        return generate_latest(_WithoutCreated(self._registry)), CONTENT_TYPE


class _WithoutCreated(Collector):
    """A registry without the samples ``*_created``, which double the number of lines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        for metric in self._registry.collect():
            samples = metric.samples
            metric.samples = [one for one in samples if not one.name.endswith("_created")]
            yield metric
