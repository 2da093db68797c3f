"""``/v1.0/{tenant_id}/groups``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from groupsolver.api.handlers.grants import find_joinable_group, visible_groups
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import check_if_match, etag_header, group_tag
from groupsolver.api.http.query import read_change_mode, read_flag, read_listed_page
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
from groupsolver.store.repositories.groups import Page
from groupsolver.wire.bodies.grants import PreviewAnswer
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.read import validated

_MAX_TRIES = 3


def index(call: Call) -> Reply:
    """List the project's groups, in the order of their creation."""
    name = call.request.args.get("name")
    granted = read_flag(call.request, "granted")

    def read(page: Page) -> Sequence[StoredGroup]:
        return list_groups(
            call,
            tenant=call.tenant,
            limit=page.limit,
            marker=page.marker,
            name=name,
            granted=granted,
        )

    groups, headers = read_listed_page(call.request, read)
    return Reply(body=GroupsAnswer(groups=visible_groups(call, groups)), headers=headers)


def create(call: Call) -> Reply:
    """Register a group."""
    group = create_group(call, cast(GroupRequest, call.body).group, origin="v1")
    # The address has no host: the client's `Host` header cannot be trusted.
    address = f"{call.request.root_path}/v1.0/{group.tenant_id}/groups/{group.id}"
    return _reply(group, 201, {"Location": address})


def show(call: Call) -> Reply:
    """Show a group, the project's own or one that it may join."""
    group = find_joinable_group(call, call.args["id"])
    (view,) = visible_groups(call, [group])
    return Reply(body=GroupAnswer(group=view), headers=etag_header(group_tag(group)))


def update(call: Call) -> Reply:
    """Change a group: each key of the body replaces the stored one."""
    return _update(call, lambda stored, given: {**stored, **given})


def patch(call: Call) -> Reply:
    """Merge the body into the stored group, RFC 7396."""
    return _update(call, merge_patch)


def delete(call: Call) -> Reply:
    """Remove a group."""
    delete_group(call, call.args["id"], force=read_flag(call.request, "force"))
    return Reply(204)


def _reply(group: StoredGroup, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body = GroupAnswer(group=group_view(group))
    return Reply(status, body, {**etag_header(group_tag(group)), **(headers or {})})


def _update(call: Call, merge: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Reply:
    """Change a group to the result of `merge`, called with the stored and the given fields."""
    data = call.data
    mode = read_change_mode(call.request)
    if not isinstance(data, dict) or not isinstance(data.get("group"), dict):
        validated(GroupRequest, data)  # raises the exact fault, if it finds one
        raise bad_input(Fault("wrong-type", "group", "expected a mapping"))
    for attempt in range(_MAX_TRIES):
        stored = find_group(call, call.args["id"])
        check_if_match(call.request, group_tag(stored), f"group {stored.id}")
        merged = {**data, "group": merge(plain(group_view(stored)), data["group"])}
        try:
            fields = validated(GroupRequest, merged).group
            group, preview = update_group(call, stored.id, fields, stored.generation, mode)
        except Stale:
            # Another write came between reading and writing: the body is merged with its result.
            if attempt == _MAX_TRIES - 1:
                raise
            continue
        if mode == "preview":
            headers = etag_header(group_tag(group))
            return Reply(body=PreviewAnswer(preview=preview), headers=headers)
        return _reply(group)
    raise AssertionError("the last try returns or raises")


def merge_patch(target: Any, patch: Any) -> Any:
    """Return a target after a merge patch, RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result
