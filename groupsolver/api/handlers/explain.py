"""``/v1.0/{tenant_id}/explain``: why instances cannot be placed. Nothing is claimed, nothing is stored."""

from __future__ import annotations

import uuid
from typing import Any, cast

from groupsolver.api.handlers.placements import OUTCOME, answer_of
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import api_error
from groupsolver.api.serializers import hidden, reader_of
from groupsolver.api.services.conflict_view import warned
from groupsolver.api.services.explanation import Question, WhyNot
from groupsolver.api.services.placement import PlacementOptions, explain
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.wire.bodies.core import PlacementAnswer, plain
from groupsolver.wire.bodies.explain import ExplainRequest, ExplanationAnswer, ExplanationView


def create(call: Call) -> Reply:
    """Say why instances cannot be placed, and what would help; or where they could be."""
    asked = cast(ExplainRequest, call.body).placement
    requested = requested_placement(call, asked)
    seconds = asked.time_limit or call.service.settings.time_limit
    question = Question(reader_of(call), seconds, asked.costs, asked.fixes, asked.every)
    options = PlacementOptions(
        str(uuid.uuid4()), seconds, True, None, None, lambda _: None, question
    )
    try:
        found = explain(call.service, requested, options)
    except Exception as error:
        told = api_error(error)
        call.service.metrics.explanation(
            cast(Any, OUTCOME.get(told.what, "refused") if told else "failed")
        )
        raise
    call.service.metrics.explanation("infeasible" if isinstance(found, WhyNot) else "placed")
    if isinstance(found, WhyNot):
        why = found.told(question.reader)
        view = ExplanationView(
            status=why.status,
            conflict=why.conflict,
            conflicts=why.conflicts,
            never=why.never,
            warnings=why.warnings,
            placement=None,
        )
    else:
        body = PlacementAnswer.model_validate(hidden(call, plain(answer_of(found, claimed=False))))
        view = ExplanationView(
            status=body.placement.status,
            conflict=None,
            conflicts=(),
            never=None,
            warnings=warned(found.result.warnings, found.app, question.reader, found.on),
            placement=body.placement,
        )
    return Reply(200, ExplanationAnswer(explanation=view))
