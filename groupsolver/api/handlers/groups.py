"""``/v1.0/{tenant_id}/groups``."""

from __future__ import annotations

from typing import Any, cast

from groupsolver.api.handlers.grants import find_joinable, shown
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import etag, group_tag, unchanged
from groupsolver.api.http.query import mode, paged
from groupsolver.api.serializers import group_view
from groupsolver.api.services.group_registry import (
    create_group,
    delete_group,
    find_group,
    list_groups,
    update_group,
)
from groupsolver.errors import Fault
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import Stale
from groupsolver.wire.bodies.grants import PreviewAnswer
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.read import validated

_TRIES = 3


def index(call: Call) -> Reply:
    """List the project's groups, in the order in which they were made."""
    name, granted = call.request.args.get("name"), call.flag("granted")
    found, headers = paged(
        call.request,
        lambda at: list_groups(
            call, tenant=call.tenant, limit=at.limit, marker=at.marker, name=name, granted=granted
        ),
    )
    return Reply(body=GroupsAnswer(groups=shown(call, found)), headers=headers)


def create(call: Call) -> Reply:
    """Register a group."""
    group = create_group(call, cast(GroupRequest, call.body).group, origin="v1")
    # Without a host: what the client calls this one is the client's word alone.
    here = f"{call.request.root_path}/v1.0/{group.tenant_id}/groups/{group.id}"
    return _one(group, 201, {"Location": here})


def show(call: Call) -> Reply:
    """Give one group, the project's own or one that it may join."""
    group = find_joinable(call, call.args["id"])
    (view,) = shown(call, [group])
    return Reply(body=GroupAnswer(group=view), headers=etag(group_tag(group)))


def update(call: Call) -> Reply:
    """Change what the body contains: each key replaces the stored one."""
    return _updated(call, lambda old, new: {**old, **new})


def patch(call: Call) -> Reply:
    """Merge the body into what is stored, RFC 7396."""
    return _updated(call, merged)


def delete(call: Call) -> Reply:
    """Remove a group."""
    delete_group(call, call.args["id"], force=call.flag("force"))
    return Reply(204)


def _one(group: StoredGroup, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(
        status, GroupAnswer(group=group_view(group)), {**etag(group_tag(group)), **(headers or {})}
    )


def _updated(call: Call, join: Any) -> Reply:
    data, how = call.data, mode(call.request)
    if not isinstance(data, dict) or not isinstance(data.get("group"), dict):
        validated(GroupRequest, data)  # tells what is wrong with it
        raise bad_input(Fault("wrong-type", "group", "expected a mapping"))
    for attempt in range(_TRIES):
        stored = find_group(call, call.args["id"])
        unchanged(call, group_tag(stored), f"group {stored.id}")
        whole = {**data, "group": join(plain(group_view(stored)), data["group"])}
        try:
            fields = validated(GroupRequest, whole).group
            group, preview = update_group(call, stored.id, fields, stored.generation, how)
            if how == "preview":
                return Reply(body=PreviewAnswer(preview=preview), headers=etag(group_tag(group)))
            return _one(group)
        except Stale:  # between reading and writing; the new state may be joined as well
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("a loop without an end")


def merged(target: Any, patch: Any) -> Any:
    """Apply a merge patch, RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
