"""``/v1.0/{tenant_id}/placements``: placing instances."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Sequence
from typing import Any, cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import ApiError, api_error, bad_input
from groupsolver.api.http.query import read_flag
from groupsolver.api.observability.audit import audit, audit_placement, auditing
from groupsolver.api.serializers import audience_of, host_id, timestamp, visible_placement
from groupsolver.api.services.explanation import ExplainOptions
from groupsolver.api.services.placement import PlacementOptions, SolvedPlacement, place
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.checking.reasons import Why, why
from groupsolver.errors import Fault
from groupsolver.store.entities import Instance
from groupsolver.store.errors import StoreError
from groupsolver.store.repositories.idempotency import Key, abandon, begin, finish
from groupsolver.store.repositories.instances import StoredPlacement, confirm_placement
from groupsolver.wire.bodies.placements import (
    PlacedView,
    PlacementAnswer,
    PlacementFields,
    PlacementRequest,
    PlacementView,
)
from groupsolver.wire.bodies.plain_data import plain

_log = logging.getLogger("groupsolver.api")
# Seconds beyond the time limit after which a request under an idempotency key counts as lost.
_KEY_TIMEOUT = 60.0
# The code of an error -> the outcome in the metrics.
_OUTCOMES = {
    "placement-infeasible": "infeasible",
    "no-answer-in-time": "no-answer",
    "claim-contended": "contended",
    "busy": "busy",
    "store-unavailable": "unavailable",
}


def outcome_of(error: Exception) -> str:
    """Return the outcome in the metrics of a request that ended with an error."""
    known = api_error(error)
    return _OUTCOMES.get(known.code, "refused") if known else "failed"


def create(call: Call) -> Reply:
    """Place instances, all or none."""
    fields = cast(PlacementRequest, call.body).placement
    requested = requested_placement(call, fields)
    settings = call.service.settings
    seconds = fields.time_limit or settings.time_limit
    dry_run = read_flag(call.request, "dry_run")
    key = None if dry_run else _idempotency_key(call)
    if key is not None:
        earlier = _begin_or_repeat(call, key, seconds)
        if earlier is not None:
            call.service.metrics.placement_done("repeated")
            return earlier
    options = PlacementOptions(
        id=str(uuid.uuid4()),
        seconds=seconds,
        explain=ExplainOptions(audience_of(call), settings.explain),
        dry_run=dry_run,
        ttl=fields.ttl,
        key=key,
        stored_body=lambda placed: plain(placement_answer(placed)),
    )
    try:
        placed = place(call.service, requested, options)
    except Exception as error:
        _report_failure(call, fields, error, key)
        raise
    _report_placed(call, placed, None if dry_run else options.id)
    data = visible_placement(call, plain(placement_answer(placed, claimed=not dry_run)))
    return Reply(200 if dry_run else 201, PlacementAnswer.model_validate(data))


def confirm(call: Call) -> Reply:
    """Confirm the claims of a placement, so that they do not expire."""
    with call.service.store.write() as tx:
        placement, instances = confirm_placement(tx, call.args["id"].lower(), call.tenant)
    audit(
        "placement-confirm",
        placement.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
    )
    data = plain(PlacementAnswer(placement=_view(placement, instances)))
    return Reply(body=PlacementAnswer.model_validate(visible_placement(call, data)))


def _idempotency_key(call: Call) -> Key | None:
    text = call.request.headers.get("Idempotency-Key")
    if text is None:
        return None
    if not (1 <= len(text) <= 255 and text.isascii() and text.isprintable()):
        message = "expected 1 to 255 characters of ASCII"
        raise bad_input(Fault("ill-formed-name", "Idempotency-Key", message))
    body = cast(PlacementRequest, call.body).model_dump(mode="json")
    fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return Key(call.tenant, text, fingerprint)


def _begin_or_repeat(call: Call, key: Key, seconds: float) -> Reply | None:
    """Reserve an idempotency key, or return the answer that is stored for it.

    Raises
    ------
    ApiError
        The stored answer is an error.
    """
    with call.service.store.write() as tx:
        earlier = begin(tx, key, seconds + _KEY_TIMEOUT)
    if earlier is None:
        return None
    status, data = earlier
    if status == 201:
        return Reply(status, PlacementAnswer.model_validate(visible_placement(call, data)))
    raise ApiError.from_stored(data, audience_of(call))


def placement_answer(placed: SolvedPlacement, *, claimed: bool = True) -> PlacementAnswer:
    """Return a placement as a body, with names of hosts."""
    instances = [
        Instance(
            id=one.id,
            tenant_id=placed.requested.tenant_id,
            name=one.name,
            group=one.group,
            host=placed.hosts[one.id],
            resources=one.resources,
            placement="",
            cell=placed.cells.get(one.id),
        )
        for one in placed.requested.instances
    ]
    view = _view(placed.placement, instances)
    if not claimed:
        view = view.model_copy(update={"id": None, "expires_at": None})
    return PlacementAnswer(placement=view)


def _view(placement: StoredPlacement, instances: list[Instance]) -> PlacementView:
    views = tuple(
        PlacedView(
            id=one.id,
            name=one.name,
            group=one.group,
            host=one.host,
            hostId=host_id(one.tenant_id, one.host),
            cell=one.cell,
        )
        for one in instances
    )
    return PlacementView(
        id=placement.id,
        status=cast(Any, placement.status),
        objective=placement.objective,
        bound=placement.bound,
        gap=placement.gap,
        instances=views,
        expires_at=timestamp(placement.expires),
    )


def _report_failure(call: Call, fields: PlacementFields, error: Exception, key: Key | None) -> None:
    """Count and log a placement that failed, and settle its idempotency key."""
    known = api_error(error)
    outcome = _OUTCOMES.get(known.code, "refused") if known else "failed"
    call.service.metrics.placement_done(cast(Any, outcome))
    if known is not None and known.code != "busy":
        instances = [
            {"id": one.id, "name": one.name, "group": one.hints.group, "count": one.count}
            for one in fields.instances
        ]
        sentences = list(known.refusal.sentences) if known.refusal else [known.detail]
        audit_placement(
            None,
            request_id=call.request_id,
            principal=call.principal,
            tenant=call.tenant,
            outcome=outcome,
            objective=fields.objective,
            instances=instances,
            sentences=sentences,
        )
    if key is None:
        return
    try:
        _settle_key(call, key, known)
    except StoreError:
        # The client gets the first error; the key becomes free by itself after its timeout.
        _log.exception("request %s: its idempotency key could not be released", call.request_id)


def _settle_key(call: Call, key: Key, error: ApiError | None) -> None:
    """Store an error that a repeated request would get again; otherwise release the key."""
    with call.service.store.write() as tx:
        if error is not None and error.code == "placement-infeasible":
            finish(tx, key, error.status, error.to_stored())
        else:
            abandon(tx, key)


def _report_placed(call: Call, placed: SolvedPlacement, placement_id: str | None) -> None:
    """Count and log a placement, with the reasons for its hosts; a dry run has no id."""
    outcome = "dry-run" if placement_id is None else "placed"
    call.service.metrics.placement_done(cast(Any, outcome))
    if not auditing():
        return
    instances = [
        {"id": one.id, "name": one.name, "group": one.group} for one in placed.requested.instances
    ]
    audit_placement(
        placement_id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
        outcome=outcome,
        objective=placed.requested.objective,
        instances=instances,
        reasons=_reasons(call, placed),
    )


def _reasons(call: Call, placed: SolvedPlacement) -> Sequence[Why]:
    try:
        objective = placed.requested.objective
        return why(placed.app, placed.snapshot.fleet, placed.hosts, objective=objective)
    except Exception:  # noqa: BLE001 - the claim exists, and must be answered
        _log.exception(
            "request %s: the reasons of its placement are not available", call.request_id
        )
        return ()
