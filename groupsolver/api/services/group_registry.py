"""Groups as both families of paths deal with them: found, made, changed, removed."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import replace
from typing import Any

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.api.http.etags import group_tag, unchanged
from groupsolver.api.http.query import Mode
from groupsolver.api.observability.audit import audit
from groupsolver.api.serializers import preview_view
from groupsolver.api.services.group_validation import below, vet
from groupsolver.constraints.policy import Policy
from groupsolver.errors import Fault
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Origin, StoredGroup
from groupsolver.store.errors import InUse, NotStored, QuotaExceeded, Stale
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories.groups import Page
from groupsolver.store.state.impact_preview import preview_impact
from groupsolver.wire.bodies.core import GroupFields
from groupsolver.wire.bodies.grants import Preview


def list_groups(
    call: Call,
    *,
    tenant: str | None,
    limit: int | None,
    marker: str | None = None,
    offset: int = 0,
    name: str | None = None,
    granted: bool = False,
) -> list[StoredGroup]:
    """Give a project's groups, or those of others that it may join, or, with no `tenant`, all projects'.

    An unknown marker is ``bad-input``.
    """
    store = call.service.store
    try:
        with store.read() as session:
            asked = Page(limit, marker, offset)
            return stored.list_groups(
                session, tenant, asked, store.clock(), name=name, granted=granted
            )
    except NotStored:
        raise bad_input(
            Fault("unknown-group", "query.marker", "expected the id of a group in the list")
        ) from None


def find_group(call: Call, group_id: str) -> StoredGroup:
    """Give one group of the project. Raises `ApiError`: ``group-not-found``, for another project's too."""
    store = call.service.store
    with store.read() as session:
        return stored.find_group(session, group_id.lower(), _within(call), store.clock())


def _within(call: Call) -> str | None:
    """Give the project whose groups a request is about; None for an admin's whose path names none."""
    named = call.args.keys() & {"tenant_id", "project_id"}
    return call.tenant if named or not call.principal.has("admin") else None


def create_group(call: Call, fields: GroupFields, *, origin: Origin) -> StoredGroup:
    """Make a group. Raises `ApiError`."""
    if fields.id is not None and not call.principal.roles & {"admin", "service"}:
        raise ApiError("forbidden", "only an admin or a service may choose an id")
    tenant = fields.tenant_id or call.tenant
    if tenant != call.tenant and not call.principal.has("admin"):
        raise bad_input(Fault("wrong-value", "group.tenant_id", "expected the project of the path"))
    for key in ("members", "other_members"):
        if getattr(fields, key):
            raise bad_input(
                Fault("read-only", f"group.{key}", "expected no members: they come with placements")
            )
    group = StoredGroup(
        id=fields.id or str(uuid.uuid4()),
        tenant_id=tenant,
        user_id=call.principal.user,
        name=fields.name,
        policies=_lowered(fields.policies),
        metadata=fields.metadata,
        groups=fields.groups,
        origin=origin,
    )
    with call.service.store.write() as tx:
        _within_quota(call, tx, group)
        vet(call, tx.session, group, tx.now)
        _empty_children(tx, group, set(group.groups))
        # At random: an id that is taken again must not bring an old ETag back, nor tell how much others write.
        group = replace(group, generation=secrets.randbits(52))
        stored.add_group(tx, group)
    told(call, "group-create", group)
    return group


def _lowered(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Ids of groups may come in either case."""
    return tuple(
        p.model_copy(update={p.target_key: p.target.lower()}) if p.target else p for p in policies
    )


def _within_quota(call: Call, tx: WriteTransaction, group: StoredGroup) -> None:
    most = call.service.settings.quota_of(group.tenant_id).of_groups(group.origin)
    if 0 <= most <= stored.count_groups(tx.session, group.tenant_id, group.origin):
        raise QuotaExceeded(f"the project may have {most} groups")


def update_group(
    call: Call, group_id: str, fields: GroupFields, expected: int, mode: Mode = "now"
) -> tuple[StoredGroup, Preview]:
    """Bring a group of the `expected` generation to `fields`, which say all of it.

    Gives the group as it is then, and what its members would break, where `mode` asks for that.
    Raises `ApiError`: ``would-break``, and others; `Stale`.
    """
    with call.service.store.write() as tx:
        old = stored.find_group(tx.session, group_id.lower(), call.tenant, tx.now)
        if expected != old.generation:
            raise Stale(f"group {old.id} has changed")
        changes = _changes(
            call, old, fields.model_copy(update={"policies": _lowered(fields.policies)})
        )
        new = replace(old, **changes)
        binding = changes.keys() & {"policies", "groups", "tenant_id"}
        judged = mode != "now" and "tenant_id" not in changes
        if binding and not judged:
            _empty(tx, old)
        if "tenant_id" in changes:
            _moved(call, tx, new)
        if binding:
            if not judged:
                _empty_children(tx, old, set(old.groups) ^ set(new.groups))
            # Its new project may not leave standing what the old one was allowed.
            vet(call, tx.session, new, tx.now, had=() if "tenant_id" in changes else old.policies)
        now = (
            call.service.snapshot_cache.snapshot_within(tx.session) if binding and judged else None
        )
        broken = (
            preview_impact(now, replace(now, groups={**now.groups, old.id: new}), old.id)
            if now
            else None
        )
        done = mode != "preview" and not broken
        if done and changes:
            stored.change_group(tx, old, changes)
            new = stored.find_group(tx.session, old.id, None, tx.now)
    preview = preview_view(broken, old.tenant_id, now) if broken and now and not done else CLEAN
    if mode == "preview":
        return old, preview
    if not done:
        raise would_break(preview)
    told(call, "group-update", new, changed=sorted(changes))
    return new, preview


CLEAN = Preview(clean=True, violations=())


def would_break(preview: Preview) -> ApiError:
    """Give the error of a change that running members stand against."""
    kinds = ", ".join(dict.fromkeys(one.policy for one in preview.violations))
    return ApiError(
        "would-break", f"members that run would break {kinds}: see the preview", preview=preview
    )


def _changes(call: Call, old: StoredGroup, fields: GroupFields) -> dict[str, Any]:
    members = old.members_of(old.tenant_id)
    stored_ = {"id": old.id, "members": members, "other_members": len(old.members) - len(members)}
    for name, value in stored_.items():
        if (getattr(fields, name) or type(value)()) != value:
            raise bad_input(
                Fault("read-only", f"group.{name}", "expected what is stored: it cannot be changed")
            )
    names = ("name", "metadata", "policies", "groups", "tenant_id")
    changes = {
        name: getattr(fields, name) for name in names if getattr(fields, name) != getattr(old, name)
    }
    if "tenant_id" in changes and (not call.principal.has("admin") or changes["tenant_id"] is None):
        raise bad_input(
            Fault(
                "read-only",
                "group.tenant_id",
                "expected what is stored: only an admin may change it",
            )
        )
    return changes


def _moved(call: Call, tx: WriteTransaction, new: StoredGroup) -> None:
    """A group that goes to another project leaves nobody behind who names it."""
    stored.unnamed(tx.session, replace(new, tenant_id=call.tenant))
    _within_quota(call, tx, new)


def _empty(tx: WriteTransaction, group: StoredGroup) -> None:
    others = stored.list_groups(tx.session, group.tenant_id, Page(), tx.now)
    if any(one.members for one in below(group, others)):
        raise InUse("members", "it, or a group below it, has members")


def _empty_children(tx: WriteTransaction, group: StoredGroup, children: set[str]) -> None:
    for child in sorted(children):
        try:
            _empty(tx, stored.find_group(tx.session, child, group.tenant_id, tx.now))
        except InUse:
            raise InUse("members", f"group {child}, or a group below it, has members") from None


def delete_group(call: Call, group_id: str, *, force: bool) -> None:
    """Remove a group. Raises `ApiError`."""
    with call.service.store.write() as tx:
        group = stored.find_group(tx.session, group_id.lower(), _within(call), tx.now)
        unchanged(call, group_tag(group), f"group {group.id}")
        stored.remove_group(tx, group, force=force)
    told(call, "group-delete", group, force=force)


def told(call: Call, action: Any, group: StoredGroup, **more: Any) -> None:
    """Note what was done to a group."""
    audit(
        action,
        group.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=group.tenant_id,
        **more,
    )
