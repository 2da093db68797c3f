"""``/v1.0/{tenant_id}/explain``: why instances cannot be placed. Nothing is claimed or stored."""

from __future__ import annotations

import uuid
from typing import Any, cast

from groupsolver.api.handlers.placements import outcome_of, placement_answer
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.serializers import audience_of, visible_placement
from groupsolver.api.services.conflict_view import Audience, visible_warnings
from groupsolver.api.services.explanation import ExplainOptions, InfeasiblePlacement
from groupsolver.api.services.placement import PlacementOptions, SolvedPlacement, explain
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.wire.bodies.explain import ExplainRequest, ExplanationAnswer, ExplanationView
from groupsolver.wire.bodies.placements import PlacementAnswer
from groupsolver.wire.bodies.plain_data import plain


def create(call: Call) -> Reply:
    """Explain why instances cannot be placed and what would help, or where they could be placed."""
    fields = cast(ExplainRequest, call.body).placement
    requested = requested_placement(call, fields)
    seconds = fields.time_limit or call.service.settings.time_limit
    audience = audience_of(call)
    explain_options = ExplainOptions(audience, seconds, fields.costs, fields.fixes, fields.every)
    options = PlacementOptions(str(uuid.uuid4()), seconds, explain_options, dry_run=True)
    try:
        found = explain(call.service, requested, options)
    except Exception as error:
        call.service.metrics.explanation_done(cast(Any, outcome_of(error)))
        raise
    if isinstance(found, InfeasiblePlacement):
        call.service.metrics.explanation_done("infeasible")
        view = _infeasible_view(found, audience)
    else:
        call.service.metrics.explanation_done("placed")
        view = _placed_view(call, found, audience)
    return Reply(200, ExplanationAnswer(explanation=view))


def _infeasible_view(found: InfeasiblePlacement, audience: Audience) -> ExplanationView:
    explanation = found.explanation(audience)
    return ExplanationView(
        status=explanation.status,
        conflict=explanation.conflict,
        conflicts=explanation.conflicts,
        never=explanation.never,
        warnings=explanation.warnings,
        placement=None,
    )


def _placed_view(call: Call, found: SolvedPlacement, audience: Audience) -> ExplanationView:
    data = visible_placement(call, plain(placement_answer(found, claimed=False)))
    placement = PlacementAnswer.model_validate(data).placement
    return ExplanationView(
        status=placement.status,
        conflict=None,
        conflicts=(),
        never=None,
        warnings=visible_warnings(found.result.warnings, found.app, audience, found.snapshot),
        placement=placement,
    )
