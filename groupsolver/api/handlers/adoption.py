"""``/v1.0/{tenant_id}/groups/{id}``: ``adopt`` and ``release``.

Running instances become members of a group, or leave it and run on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from groupsolver.api.handlers.grants import visible_groups
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import check_if_match, etag_header, group_tag
from groupsolver.api.http.query import read_flag
from groupsolver.api.serializers import group_view, preview_view
from groupsolver.api.services.group_registry import CLEAN, audit_group, would_break
from groupsolver.errors import Fault
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import InUse, QuotaExceeded
from groupsolver.store.repositories.groups import find_group, find_joinable
from groupsolver.store.repositories.instances import find_instances, join_group, leave_group
from groupsolver.store.state.impact_preview import preview_impact
from groupsolver.store.state.snapshot_cache import Snapshot
from groupsolver.wire.bodies.grants import AdoptRequest, PreviewAnswer, ReleaseRequest
from groupsolver.wire.bodies.groups import GroupAnswer


def adopt(call: Call) -> Reply:
    """Take running instances into a group, all or none: if they break no policy, or by force."""
    ids = cast(AdoptRequest, call.body).adopt.instances
    _check_unique(ids, "adopt")
    preview_only = read_flag(call.request, "preview")
    force = read_flag(call.request, "force")
    with call.service.store.write() as tx:
        now = call.service.snapshot_cache.snapshot_within(tx.session)
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        check_if_match(call.request, group_tag(group), f"group {group.id}")
        instances = find_instances(tx.session, list(ids), call.tenant, tx.now)
        new = _not_yet_members(instances, group)
        _check_quota(call, group, len(new))
        after = _after_adoption(now, group, new)
        impact = preview_impact(now, after, group.id)
        done = not preview_only and (force or not impact)
        if done:
            join_group(tx, group.id, new)
            group = find_group(tx.session, group.id, call.tenant, tx.now)
    # Computed outside the transaction: it takes up to a second, in which others could not write.
    preview = preview_view(impact, call.tenant, after) if impact and not done else CLEAN
    headers = etag_header(group_tag(group))
    if preview_only:
        return Reply(body=PreviewAnswer(preview=preview), headers=headers)
    if not done:
        raise would_break(preview)
    audit_group(call, "group-adopt", group, instances=[one.id for one in new], force=force)
    return Reply(body=GroupAnswer(group=group_view(group)), headers=headers)


def release(call: Call) -> Reply:
    """End the membership of instances, all or none: they run on, in no group.

    A project releases its own instances, also from a group of another project that it may join.
    """
    ids = cast(ReleaseRequest, call.body).release.instances
    _check_unique(ids, "release")
    with call.service.store.write() as tx:
        group = find_joinable(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        check_if_match(call.request, group_tag(group), f"group {group.id}")
        instances = find_instances(tx.session, list(ids), call.tenant, tx.now)
        ungrouped = {one.id for one in _not_yet_members(instances, group)}
        members = [one for one in instances if one.id not in ungrouped]
        leave_group(tx, group.id, members)
        group = find_joinable(tx.session, group.id, call.tenant, tx.now)
    if members:
        audit_group(call, "group-release", group, instances=[one.id for one in members])
    (view,) = visible_groups(call, [group])
    return Reply(body=GroupAnswer(group=view), headers=etag_header(group_tag(group)))


def _check_unique(ids: Sequence[str], action: str) -> None:
    seen: set[str] = set()
    for i, one in enumerate(ids):
        if one in seen:
            message = f"instance {one!r} is given twice"
            raise bad_input(Fault("duplicate-name", f"{action}.instances[{i}]", message))
        seen.add(one)


def _not_yet_members(instances: list[Instance], group: StoredGroup) -> list[Instance]:
    """Return the instances that are in no group. Raises `InUse` for those of another group."""
    for one in instances:
        if one.group not in {None, group.id}:
            raise InUse("member", f"instance {one.id} is a member of another group")
    return [one for one in instances if one.group is None]


def _check_quota(call: Call, group: StoredGroup, more: int) -> None:
    limit = call.service.settings.quota_of(group.tenant_id).max_members(group.origin)
    if more and 0 <= limit < len(group.members) + more:
        raise QuotaExceeded(f"group {group.id} may have {limit} members")


def _after_adoption(now: Snapshot, group: StoredGroup, new: list[Instance]) -> Snapshot:
    """Return the snapshot as it will be once instances are members of a group."""
    members = (*group.members, *(one.id for one in new))
    joined = {one.id: replace(one, group=group.id) for one in new}
    return replace(
        now,
        groups=now.groups.updated(replace(group, members=members)),
        instances={**now.instances, **joined},
    )
