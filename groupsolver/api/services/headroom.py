"""How many more copies of a batch fit: asked of the solver, and told to whoever may know it."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.conflict_view import Audience, called, named, names_of, warned
from groupsolver.api.services.placement import fresh
from groupsolver.api.services.service import Service
from groupsolver.constraints.registry import Application
from groupsolver.model.headroom import Headroom, counted_to
from groupsolver.model.result import Limits
from groupsolver.store.state.problem_scope import UNGROUPED, RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot

MEMBERS = 100_000  # of all copies together: each is placed and checked, in this process


def fitting(
    service: Service, requested: RequestedPlacement, reader: Audience, seconds: float, gap: float
) -> Headroom:
    """Say how many more copies of a batch fit on what is stored, in words for a reader. Claims nothing.

    Raises
    ------
    ApiError
        ``busy``; ``no-answer-in-time`` where no copy was found, nor proved that none fits.
    NotStored
        A group that is not there, or that the project may not join.
    """
    with service.pool.place():
        end = time.monotonic() + seconds
        with service.pool.slot(end - time.monotonic()):
            now = fresh(service)  # once it is this one's turn
            app = compose_application(_copy(requested), now)
            left = end - time.monotonic()
            found = _found(service, app, now, reader, left, gap) if left > 0 else None
    if found is None or (not found.copies and found.gap > gap):
        detail = f"no copy was found, nor proved that none fits, in {seconds:g} s"
        raise ApiError("no-answer-in-time", detail, headers={"Retry-After": "5"})
    return _told(found, app, now, reader)


def _copy(requested: RequestedPlacement) -> RequestedPlacement:
    """Give one copy: in groups of its own, which no quota has counted, of instances that are nobody's."""
    instances = tuple(replace(one, id=str(uuid.uuid4())) for one in requested.instances)
    return replace(requested, instances=instances, member_limits={})


def _found(
    service: Service, app: Application, now: Snapshot, reader: Audience, seconds: float, gap: float
) -> Headroom:
    from groupsolver.solver.headroom.pipeline import headroom

    start = time.perf_counter()
    found = headroom(
        app,
        now.fleet,
        limits=Limits(seconds=seconds, gap=gap, workers=service.settings.workers),
        most=_most(app),
        reveal=reader.hosts,
        own=None if reader.projects else {UNGROUPED, *names_of(reader.tenant, now)},
    )
    service.metrics.fitted(time.perf_counter() - start)
    return found


def _most(app: Application) -> int:
    return max(1, MEMBERS // sum(len(group.members) for group in app.groups))


def _told(found: Headroom, app: Application, now: Snapshot, reader: Audience) -> Headroom:
    """Put groups' names for their ids, and keep from others what is an admin's."""
    names = called(reader, now)
    everyones = tuple(warning for warning in found.warnings if warning == counted_to(_most(app)))
    others = [warning for warning in found.warnings if warning not in everyones]
    return found.model_copy(
        update={
            "scarce": tuple(
                one.model_copy(update={"sentence": named(one.sentence, names)})
                for one in found.scarce
            ),
            "warnings": warned(others, app, reader, now) + everyones,
        }
    )
