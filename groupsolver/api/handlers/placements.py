"""``/v1.0/{tenant_id}/placements``: the scheduling hook."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Sequence
from typing import Any, cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import ApiError, api_error, bad_input
from groupsolver.api.observability.audit import audit, audit_placement, auditing
from groupsolver.api.serializers import hidden, host_id, moment, reader_of
from groupsolver.api.services.explanation import Question
from groupsolver.api.services.placement import PlacementOptions, PlacementOutcome, place
from groupsolver.api.services.placement_request import requested_placement
from groupsolver.checking.reasons import Why, why
from groupsolver.errors import Fault, GroupsolverError
from groupsolver.store.entities import Instance
from groupsolver.store.errors import StoreError
from groupsolver.store.repositories.idempotency import Key, abandon, begin, finish
from groupsolver.store.repositories.instances import StoredPlacement, confirm_placement
from groupsolver.wire.bodies.core import (
    PlacedView,
    PlacementAnswer,
    PlacementFields,
    PlacementRequest,
    PlacementView,
    plain,
)

_log = logging.getLogger("groupsolver.api")
_PATIENCE = 60.0  # seconds beyond the time limit after which a request has died with its server
OUTCOME = {
    "placement-infeasible": "infeasible",
    "no-answer-in-time": "no-answer",
    "claim-contended": "contended",
}
OUTCOME |= {"busy": "busy", "store-unavailable": "unavailable"}


def create(call: Call) -> Reply:
    """Place instances, all or none."""
    asked = cast(PlacementRequest, call.body).placement
    requested = requested_placement(call, asked)
    seconds = asked.time_limit or call.service.settings.time_limit
    key = None if call.flag("dry_run") else _key(call)
    if key is not None and (before := _begun(call, key, seconds)):
        call.service.metrics.outcome("repeated")
        return before
    question = Question(reader_of(call), call.service.settings.explain)
    made = str(uuid.uuid4())
    options = PlacementOptions(
        made,
        seconds,
        call.flag("dry_run"),
        asked.ttl,
        key,
        lambda done: plain(answer_of(done)),
        question,
    )
    try:
        placed = place(call.service, requested, options)
    except Exception as error:
        _refused(call, requested.objective, asked, error, key)
        raise
    if options.dry_run:
        _told(call, placed, None, "dry-run")
    else:
        _told(call, placed, options.id, "placed")
    body = plain(answer_of(placed, claimed=not options.dry_run))
    return Reply(
        200 if options.dry_run else 201, PlacementAnswer.model_validate(hidden(call, body))
    )


def confirm(call: Call) -> Reply:
    """Let the claims of a placement stay beyond their time."""
    with call.service.store.write() as tx:
        placement, instances = confirm_placement(tx, call.args["id"].lower(), call.tenant)
    audit(
        "placement-confirm",
        placement.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
    )
    body = plain(PlacementAnswer(placement=_view(placement, instances)))
    return Reply(body=PlacementAnswer.model_validate(hidden(call, body)))


def _key(call: Call) -> Key | None:
    text = call.request.headers.get("Idempotency-Key")
    if text is None:
        return None
    if not (1 <= len(text) <= 255 and text.isascii() and text.isprintable()):
        raise bad_input(
            Fault("ill-formed-name", "Idempotency-Key", "expected 1 to 255 characters of ASCII")
        )
    asked = cast(PlacementRequest, call.body).model_dump(mode="json")
    print_ = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return Key(call.tenant, text, print_)


def _begun(call: Call, key: Key, seconds: float) -> Reply | None:
    with call.service.store.write() as tx:
        before = begin(tx, key, seconds + _PATIENCE)
    if before is None:
        return None
    status, body = before
    if status == 201:
        return Reply(status, PlacementAnswer.model_validate(hidden(call, body)))
    raise ApiError.from_kept(body, reader_of(call))


def answer_of(placed: PlacementOutcome, *, claimed: bool = True) -> PlacementAnswer:
    """Give a placement as a body, names of hosts and all."""
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
    return PlacementAnswer(
        placement=view if claimed else view.model_copy(update={"id": None, "expires_at": None})
    )


def _view(placement: StoredPlacement, instances: list[Instance]) -> PlacementView:
    return PlacementView(
        id=placement.id,
        status=cast(Any, placement.status),
        objective=placement.objective,
        bound=placement.bound,
        gap=placement.gap,
        instances=tuple(
            PlacedView(
                id=i.id,
                name=i.name,
                group=i.group,
                host=i.host,
                hostId=host_id(i.tenant_id, i.host),
                cell=i.cell,
            )
            for i in instances
        ),
        expires_at=moment(placement.expires),
    )


def _refused(
    call: Call, objective: str, asked: PlacementFields, error: Exception, key: Key | None
) -> None:
    """Count and note what was not placed, and settle its idempotency key."""
    told = api_error(error) if isinstance(error, GroupsolverError) else None
    outcome = OUTCOME.get(told.what, "refused") if told else "failed"
    call.service.metrics.outcome(cast(Any, outcome))
    if told is not None and told.what != "busy":
        wanted = [
            {"id": one.id, "name": one.name, "group": one.hints.group, "count": one.count}
            for one in asked.instances
        ]
        sentences = list(told.refusal.sentences) if told.refusal else [told.detail]
        _audited(call, objective, outcome, wanted, sentences=sentences)
    if key is not None:
        try:
            _settled(call, key, told)
        except (
            StoreError
        ):  # the first error is the one to answer; the key comes free by itself, later
            _log.exception(
                "request %s: its idempotency key could not be given back", call.request_id
            )


def _settled(call: Call, key: Key, told: ApiError | None) -> None:
    """Keep an answer that asking again would not change; otherwise give the key back."""
    with call.service.store.write() as tx:
        if told is not None and told.what == "placement-infeasible":
            finish(tx, key, told.status, told.kept())
        else:
            abandon(tx, key)


def _told(call: Call, placed: PlacementOutcome, placement: str | None, outcome: str) -> None:
    """Note what was placed, and why there."""
    call.service.metrics.outcome(cast(Any, outcome))
    if not auditing():
        return
    reasons: Sequence[Why] = ()
    try:
        reasons = why(
            placed.app, placed.on.fleet, placed.hosts, objective=placed.requested.objective
        )
    except Exception:  # noqa: BLE001 - the claim stands, and must be answered
        _log.exception("request %s: the reasons of its placement cannot be told", call.request_id)
    wanted = [
        {"id": one.id, "name": one.name, "group": one.group} for one in placed.requested.instances
    ]
    _audited(call, placed.requested.objective, outcome, wanted, placement, reasons)


def _audited(
    call: Call,
    objective: str,
    outcome: str,
    wanted: list[dict[str, Any]],
    placement: str | None = None,
    reasons: Sequence[Why] = (),
    **more: Any,
) -> None:
    audit_placement(
        placement,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
        outcome=outcome,
        objective=objective,
        instances=wanted,
        reasons=reasons,
        **more,
    )
