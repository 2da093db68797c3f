"""``/v1.0/{tenant_id}/headroom``: how many more copies fit. Nothing is claimed, nothing is stored."""

from __future__ import annotations

from typing import Any, cast

from groupsolver.api.handlers.placements import OUTCOME
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import api_error
from groupsolver.api.serializers import reader_of
from groupsolver.api.services.headroom import fitting
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.wire.bodies.headroom import HeadroomAnswer, HeadroomRequest, HeadroomView


def create(call: Call) -> Reply:
    """Say how many more copies of instances fit, each in groups of its own."""
    asked = cast(HeadroomRequest, call.body).placement
    seconds = asked.time_limit or call.service.settings.time_limit
    try:
        found = fitting(
            call.service, requested_placement(call, asked), reader_of(call), seconds, asked.gap
        )
    except Exception as error:
        told = api_error(error)
        call.service.metrics.headroom(
            cast(Any, OUTCOME.get(told.what, "refused") if told else "failed")
        )
        raise
    call.service.metrics.headroom("answered")
    view = HeadroomView(**{key: getattr(found, key) for key in HeadroomView.model_fields})
    return Reply(200, HeadroomAnswer(headroom=view))
