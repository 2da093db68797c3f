"""Why a placement is infeasible, computed by the solver and shown to an audience."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from groupsolver.api.observability.audit import auditing
from groupsolver.api.serializers import host_id
from groupsolver.api.services.conflict_view import (
    Audience,
    conflict_sentences,
    explanation_for,
    own_group_names,
)
from groupsolver.api.services.refusal import Refusal
from groupsolver.api.services.service import Service
from groupsolver.constraints.registry import Application
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Conflict, Explanation, Limits
from groupsolver.store.state.project_scope import RequestedPlacement
from groupsolver.store.state.snapshot_cache import Snapshot

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.solver.explain.pipeline import Reasons


@dataclass(frozen=True)
class ExplainOptions:
    """The options for explaining an infeasible placement.

    Parameters
    ----------
    audience : Audience
    seconds : float
        The most time for the explanation; 0: it is not computed.
    costs : Costs, optional
    fixes, every : bool
        As of `groupsolver.explain`.
    """

    audience: Audience
    seconds: float
    costs: Costs | None = None
    fixes: bool = True
    every: bool = False


@dataclass(frozen=True)
class InfeasiblePlacement:
    """A requested placement that is infeasible on a snapshot, with the reasons."""

    reasons: Reasons
    requested: RequestedPlacement
    snapshot: Snapshot

    def explanation(self, audience: Audience) -> Explanation:
        """Return the reasons as an audience may see them."""
        shown_host = partial(host_id, self.requested.tenant_id)
        return explanation_for(audience, self.reasons, self.requested, self.snapshot, shown_host)

    def refusal(self, audience: Audience) -> Refusal:
        """Return the reasons as an error carries them."""
        tenant = self.requested.tenant_id
        plain_audience = Audience(tenant)
        conflict = self.explanation(audience).conflict or Conflict()
        plain = None
        if audience != plain_audience:
            plain = self.explanation(plain_audience).conflict
        sentences: list[str] = []
        if auditing():
            operator = Audience(tenant, hosts=True, projects=True)
            sentences = conflict_sentences(self.explanation(operator))
        return Refusal(audience, conflict, plain, tuple(sentences))


def explain_infeasible(
    service: Service,
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    options: ExplainOptions,
) -> InfeasiblePlacement:
    """Search for the reasons of a proved infeasibility. The caller holds a slot of the pool."""
    from groupsolver.solver import pipeline

    start = time.perf_counter()
    reasons = pipeline.why_not(
        app,
        snapshot.fleet,
        objective=requested.objective,
        limits=Limits(seconds=options.seconds, workers=service.settings.workers),
        costs=options.audience.visible_costs(options.costs or Costs()),
        fixes=options.fixes,
        every=options.every,
        own=own_group_names(requested.tenant_id, snapshot),
    )
    service.metrics.explain_solve_done(time.perf_counter() - start)
    return InfeasiblePlacement(reasons, requested, snapshot)


def unexplained_infeasible(
    app: Application,
    snapshot: Snapshot,
    requested: RequestedPlacement,
    *,
    possible: bool | None,
) -> InfeasiblePlacement:
    """Return what is known without a search.

    `possible` says whether a placement exists without the rules of other projects.
    """
    from groupsolver.constraints.problem.problem import Problem
    from groupsolver.solver.explain.pipeline import reasons_without_search

    problem = Problem(app, snapshot.fleet.index)
    reasons = reasons_without_search(problem, snapshot.fleet, 0.0, possible)
    return InfeasiblePlacement(reasons, requested, snapshot)
