"""``/v1.0/{tenant_id}/groups/{id}/adopt``: instances that run already become members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import etag, group_tag, unchanged
from groupsolver.api.serializers import group_view, preview_view
from groupsolver.api.services.group_registry import CLEAN, told, would_break
from groupsolver.errors import Fault
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import InUse, QuotaExceeded
from groupsolver.store.repositories.groups import find_group
from groupsolver.store.repositories.instances import find_instances, join_group
from groupsolver.store.state.impact_preview import preview_impact
from groupsolver.store.state.snapshot_cache import Snapshot
from groupsolver.wire.bodies.core import GroupAnswer
from groupsolver.wire.bodies.grants import AdoptRequest, PreviewAnswer


def adopt(call: Call) -> Reply:
    """Take running instances into a group, all or none: where none breaks a policy, or by force."""
    ids = cast(AdoptRequest, call.body).adopt.instances
    _once(ids)
    preview, force = call.flag("preview"), call.flag("force")
    with call.service.store.write() as tx:
        now = call.service.snapshot_cache.snapshot_within(tx.session)
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        unchanged(call, group_tag(group), f"group {group.id}")
        new = _strays(find_instances(tx.session, list(ids), call.tenant, tx.now), group)
        _within_quota(call, group, len(new))
        after = _adopted(now, group, new)
        broken = preview_impact(now, after, group.id)
        done = not preview and (force or not broken)
        if done:
            join_group(tx, group.id, new)
            group = find_group(tx.session, group.id, call.tenant, tx.now)
    found = preview_view(broken, call.tenant, after) if broken and not done else CLEAN
    if preview:
        return Reply(body=PreviewAnswer(preview=found), headers=etag(group_tag(group)))
    if not done:
        raise would_break(found)
    told(call, "group-adopt", group, instances=[one.id for one in new], force=force)
    return Reply(body=GroupAnswer(group=group_view(group)), headers=etag(group_tag(group)))


def _once(ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for i, one in enumerate(ids):
        if one in seen:
            message = f"instance {one!r} is given twice"
            raise bad_input(Fault("duplicate-name", f"adopt.instances[{i}]", message))
        seen.add(one)


def _strays(instances: list[Instance], group: StoredGroup) -> list[Instance]:
    """Give the instances that are not in the group yet. Raises `InUse` for those of another."""
    for one in instances:
        if one.group not in {None, group.id}:
            raise InUse("member", f"instance {one.id} is a member of another group")
    return [one for one in instances if one.group is None]


def _within_quota(call: Call, group: StoredGroup, more: int) -> None:
    most = call.service.settings.quota_of(group.tenant_id).of_members(group.origin)
    if more and 0 <= most < len(group.members) + more:
        raise QuotaExceeded(f"group {group.id} may have {most} members")


def _adopted(now: Snapshot, group: StoredGroup, new: list[Instance]) -> Snapshot:
    members = (*group.members, *(one.id for one in new))
    instances = {**now.instances, **{one.id: replace(one, group=group.id) for one in new}}
    return replace(
        now, groups={**now.groups, group.id: replace(group, members=members)}, instances=instances
    )
