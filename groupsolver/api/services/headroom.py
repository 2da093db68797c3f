"""How many more copies of a placement fit, computed by the solver and shown to an audience."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.conflict_view import (
    Audience,
    group_names,
    own_group_names,
    visible_warnings,
    with_names,
)
from groupsolver.api.services.placement import current_snapshot
from groupsolver.api.services.service import Service
from groupsolver.cluster.scope import UNGROUPED
from groupsolver.constraints.registry import Application
from groupsolver.model.answers.headroom import Headroom, counted_to
from groupsolver.model.result import Limits
from groupsolver.store.state.project_scope import RequestedPlacement, compose_application
from groupsolver.store.state.snapshot_cache import Snapshot

MAX_MEMBERS = 100_000  # of all copies together: this process places and checks each of them


def count_copies(
    service: Service, requested: RequestedPlacement, audience: Audience, seconds: float, gap: float
) -> Headroom:
    """Return how many more copies of a placement fit on what is stored. Nothing is claimed.

    Raises
    ------
    ApiError
        ``busy``; ``no-answer-in-time`` where no copy was found, nor proved that none fits.
    NotStored
        A group does not exist, or the project may not join it.
    """
    found = None
    with service.pool.admit():
        end = time.monotonic() + seconds
        with service.pool.slot(end - time.monotonic()):
            # Read after waiting for the slot, since an earlier snapshot may be outdated by now.
            now = current_snapshot(service)
            app = compose_application(_one_copy(requested), now)
            left = end - time.monotonic()
            if left > 0:
                found = _solve(service, app, now, audience, left, gap)
    if found is None or (not found.copies and found.gap > gap):
        detail = f"no copy was found, nor proved that none fits, in {seconds:g} s"
        raise ApiError("no-answer-in-time", detail, headers={"Retry-After": "5"})
    return _visible(found, app, now, audience)


def _one_copy(requested: RequestedPlacement) -> RequestedPlacement:
    """Return one copy: it has new instances, and no quota limits its groups."""
    instances = tuple(replace(one, id=str(uuid.uuid4())) for one in requested.instances)
    return replace(requested, instances=instances, member_limits={})


def _solve(
    service: Service,
    app: Application,
    now: Snapshot,
    audience: Audience,
    seconds: float,
    gap: float,
) -> Headroom:
    from groupsolver.solver.headroom.pipeline import headroom

    own = None
    if not audience.projects:
        own = {UNGROUPED, *own_group_names(audience.tenant, now)}
    start = time.perf_counter()
    found = headroom(
        app,
        now.fleet,
        limits=Limits(seconds=seconds, gap=gap, workers=service.settings.workers),
        most=_max_copies(app),
        reveal=audience.hosts,
        own=own,
    )
    service.metrics.headroom_solve_done(time.perf_counter() - start)
    return found


def _max_copies(app: Application) -> int:
    members = sum(len(group.members) for group in app.groups)
    return max(1, MAX_MEMBERS // members)


def _visible(found: Headroom, app: Application, now: Snapshot, audience: Audience) -> Headroom:
    """Return the headroom with groups' names in place of ids, and without what only admins see."""
    names = group_names(audience, now)
    limit_warning = counted_to(_max_copies(app))
    for_everyone = tuple(warning for warning in found.warnings if warning == limit_warning)
    others = [warning for warning in found.warnings if warning != limit_warning]
    scarce = tuple(
        one.model_copy(update={"sentence": with_names(one.sentence, names)}) for one in found.scarce
    )
    warnings = visible_warnings(others, app, audience, now) + for_everyone
    return found.model_copy(update={"scarce": scarce, "warnings": warnings})
