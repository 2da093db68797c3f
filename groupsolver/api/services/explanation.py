"""Why a batch cannot be placed: asked of the solver, and told to whoever may know it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from groupsolver.api.observability.audit import auditing
from groupsolver.api.serializers import host_id
from groupsolver.api.services.conflict_view import Audience, names_of, sentences, told
from groupsolver.api.services.refusal import Refusal
from groupsolver.api.services.service import Service
from groupsolver.constraints.registry import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Conflict, Explanation, Limits
from groupsolver.store.state.problem_scope import RequestedPlacement
from groupsolver.store.state.snapshot_cache import Snapshot

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.solver.explain.pipeline import Reasons


@dataclass(frozen=True)
class Question:
    """What is asked of a batch that cannot be placed.

    Parameters
    ----------
    reader : Reader
        Who asks.
    seconds : float
        For the answer, at most; 0: it is not looked for.
    costs : Costs, optional
    fixes, every : bool
        As of `groupsolver.explain`.
    """

    reader: Audience
    seconds: float
    costs: Costs | None = None
    fixes: bool = True
    every: bool = False


@dataclass(frozen=True)
class WhyNot:
    """Why a batch cannot be placed on a snapshot."""

    reasons: Reasons
    requested: RequestedPlacement
    on: Snapshot

    def told(self, reader: Audience) -> Explanation:
        """Put it into words for a reader."""
        return told(
            self.reasons,
            reader,
            self.requested,
            self.on,
            partial(host_id, self.requested.tenant_id),
        )

    def refusal(self, reader: Audience) -> Refusal:
        """Give it as an error carries it."""
        plain = Audience(self.requested.tenant_id)
        conflict = self.told(reader).conflict or Conflict()
        less = None if reader == plain else self.told(plain).conflict
        named = (
            sentences(self.told(Audience(self.requested.tenant_id, hosts=True, projects=True)))
            if auditing()
            else ()
        )
        return Refusal(reader, conflict, less, tuple(named))


def why_not(
    service: Service,
    app: Application,
    on: Snapshot,
    requested: RequestedPlacement,
    question: Question,
) -> WhyNot:
    """Find out why a batch is impossible, of which that is proved; the caller holds a slot of the pool."""
    from groupsolver.solver import pipeline

    own = names_of(requested.tenant_id, on)
    start = time.perf_counter()
    reasons = pipeline.why_not(
        app,
        on.fleet,
        objective=requested.objective,
        limits=Limits(seconds=question.seconds, workers=service.settings.workers),
        costs=question.reader.costs(question.costs or Costs()),
        fixes=question.fixes,
        every=question.every,
        own=own,
    )
    service.metrics.explained(time.perf_counter() - start)
    return WhyNot(reasons, requested, on)


def not_asked(
    app: Application, on: Snapshot, requested: RequestedPlacement, *, possible: bool | None
) -> WhyNot:
    """Give what is known without a search; `possible`: whether it would be without the rules of other projects."""
    from groupsolver.constraints.problem.problem import Problem
    from groupsolver.solver.explain.pipeline import unexplained

    return WhyNot(unexplained(Problem(app, on.fleet.index), on.fleet, 0.0, possible), requested, on)
