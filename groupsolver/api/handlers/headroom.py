"""``/v1.0/{tenant_id}/headroom``: how many more copies of instances fit. Nothing is stored."""

from __future__ import annotations

from typing import Any, cast

from groupsolver.api.handlers.placements import outcome_of
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.serializers import audience_of
from groupsolver.api.services.headroom import count_copies
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.wire.bodies.headroom import HeadroomAnswer, HeadroomRequest, HeadroomView


def create(call: Call) -> Reply:
    """Count how many more copies of instances fit, each in groups of its own."""
    fields = cast(HeadroomRequest, call.body).placement
    seconds = fields.time_limit or call.service.settings.time_limit
    try:
        requested = requested_placement(call, fields)
        found = count_copies(call.service, requested, audience_of(call), seconds, fields.gap)
    except Exception as error:
        call.service.metrics.headroom_done(cast(Any, outcome_of(error)))
        raise
    call.service.metrics.headroom_done("answered")
    values = {key: getattr(found, key) for key in HeadroomView.model_fields}
    return Reply(200, HeadroomAnswer(headroom=HeadroomView(**values)))
