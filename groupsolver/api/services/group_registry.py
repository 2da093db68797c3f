"""Operations on groups for both families of paths: find, create, update, delete."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.api.http.etags import check_if_match, group_tag
from groupsolver.api.http.query import ChangeMode
from groupsolver.api.observability.audit import Action, audit
from groupsolver.api.serializers import preview_view
from groupsolver.api.services.group_validation import descendants, validate_group
from groupsolver.constraints.policy import Policy
from groupsolver.errors import Fault
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.entities import Origin, StoredGroup
from groupsolver.store.errors import InUse, NotStored, QuotaExceeded, Stale
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories.groups import Page
from groupsolver.store.state.impact_preview import ImpactPreview, preview_impact
from groupsolver.store.state.snapshot_cache import Snapshot
from groupsolver.wire.bodies.grants import Preview
from groupsolver.wire.bodies.groups import GroupFields

CLEAN = Preview(clean=True, violations=())
_CHANGEABLE = ("name", "metadata", "policies", "groups", "tenant_id")
# Changes that bind members, and so need an empty group or a preview.
_BINDING = {"policies", "groups", "tenant_id"}


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
    """Return the groups of a project; those of others that it may join; or, with no `tenant`, all.

    Raises
    ------
    ApiError
        ``bad-input`` for an unknown marker.
    """
    store = call.service.store
    page = Page(limit, marker, offset)
    try:
        with store.read() as session:
            return stored.list_groups(
                session, tenant, page, store.clock(), name=name, granted=granted
            )
    except NotStored:
        message = "expected the id of a group in the list"
        raise bad_input(Fault("unknown-group", "query.marker", message)) from None


def find_group(call: Call, group_id: str) -> StoredGroup:
    """Return a group of the project. Raises `NotStored`, also for another project's group."""
    store = call.service.store
    with store.read() as session:
        return stored.find_group(session, group_id.lower(), _visible_tenant(call), store.clock())


def _visible_tenant(call: Call) -> str | None:
    """Return the project whose groups a request may reach, or None for all projects.

    An admin may reach all groups where the path names no project.
    """
    path_names_project = call.args.keys() & {"tenant_id", "project_id"}
    if path_names_project or not call.principal.has("admin"):
        return call.tenant
    return None


def create_group(call: Call, fields: GroupFields, *, origin: Origin) -> StoredGroup:
    """Create a group. Raises `ApiError`, `StoreError`."""
    tenant = _check_creation(call, fields)
    group = StoredGroup(
        id=fields.id or str(uuid.uuid4()),
        tenant_id=tenant,
        user_id=call.principal.user,
        name=fields.name,
        policies=_with_lower_case_targets(fields.policies),
        metadata=fields.metadata,
        groups=fields.groups,
        origin=origin,
    )
    with call.service.store.write() as tx:
        _check_quota(call, tx, group)
        validate_group(call, tx.session, group, tx.now)
        _check_children_empty(tx, group, group.groups)
        # The first generation is random: an id that is used again must not repeat an old ETag, and
        # a common counter would show how much other projects write.
        group = replace(group, generation=secrets.randbits(52))
        stored.add_group(tx, group)
    audit_group(call, "group-create", group)
    return group


def _check_creation(call: Call, fields: GroupFields) -> str:
    """Refuse fields that the principal may not choose. Return the project of the new group."""
    if fields.id is not None and not call.principal.roles & {"admin", "service"}:
        raise ApiError("forbidden", "only an admin or a service may choose an id")
    tenant = fields.tenant_id or call.tenant
    if tenant != call.tenant and not call.principal.has("admin"):
        raise bad_input(Fault("wrong-value", "group.tenant_id", "expected the project of the path"))
    for key in ("members", "other_members"):
        if getattr(fields, key):
            message = "expected no members: they come with placements"
            raise bad_input(Fault("read-only", f"group.{key}", message))
    return tenant


def _with_lower_case_targets(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Return policies whose targets are in lower case: a client may write an id in either case."""
    return tuple(policy.naming(str.lower) for policy in policies)


def _check_quota(call: Call, tx: WriteTransaction, group: StoredGroup) -> None:
    limit = call.service.settings.quota_of(group.tenant_id).max_groups(group.origin)
    if 0 <= limit <= stored.count_groups(tx.session, group.tenant_id, group.origin):
        raise QuotaExceeded(f"the project may have {limit} groups")


def update_group(
    call: Call, group_id: str, fields: GroupFields, expected: int, mode: ChangeMode = "now"
) -> tuple[StoredGroup, Preview]:
    """Change a group of the `expected` generation so that it equals `fields`.

    Returns
    -------
    StoredGroup
        The group after the change; unchanged with the mode ``preview``.
    Preview
        What its members would break; clean where `mode` does not ask for it.

    Raises
    ------
    ApiError
        ``would-break``, and others.
    Stale
        The group has another generation.
    """
    with call.service.store.write() as tx:
        old = stored.find_group(tx.session, group_id.lower(), call.tenant, tx.now)
        if expected != old.generation:
            raise Stale(f"group {old.id} has changed")
        policies = _with_lower_case_targets(fields.policies)
        changes = _changes(call, old, fields.model_copy(update={"policies": policies}))
        new = replace(old, **changes)
        # A group that goes to another project has to be empty in every mode.
        previewed = mode != "now" and "tenant_id" not in changes
        now: Snapshot | None = None
        impact: ImpactPreview | None = None
        if changes.keys() & _BINDING:
            _check_binding_change(call, tx, old, new, allow_members=previewed)
            if previewed:
                now = call.service.snapshot_cache.snapshot_within(tx.session)
                after = replace(now, groups=now.groups.updated(new))
                impact = preview_impact(now, after, old.id)
        done = mode != "preview" and not impact
        if done and changes:
            stored.change_group(tx, old, changes)
            new = stored.find_group(tx.session, old.id, None, tx.now)
    # Computed outside the transaction: it takes up to a second, in which others could not write.
    preview = preview_view(impact, old.tenant_id, now) if impact and now else CLEAN
    if mode == "preview":
        return old, preview
    if not done:
        raise would_break(preview)
    audit_group(call, "group-update", new, changed=sorted(changes))
    return new, preview


def _check_binding_change(
    call: Call,
    tx: WriteTransaction,
    old: StoredGroup,
    new: StoredGroup,
    *,
    allow_members: bool,
) -> None:
    """Refuse a change of policies, children or project that is not allowed or not valid."""
    moved = new.tenant_id != old.tenant_id
    if not allow_members:
        _check_empty(tx, old)
    if moved:
        _check_move(call, tx, new)
    if not allow_members:
        _check_children_empty(tx, old, set(old.groups) ^ set(new.groups))
    # A policy that the old project was allowed may be forbidden in the new one.
    unchecked = () if moved else old.policies
    validate_group(call, tx.session, new, tx.now, unchecked=unchecked)


def would_break(preview: Preview) -> ApiError:
    """Return the error of a change by which running members would break a policy."""
    kinds = ", ".join(dict.fromkeys(one.policy for one in preview.violations))
    detail = f"members that run would break {kinds}: see the preview"
    return ApiError("would-break", detail, preview=preview)


def _changes(call: Call, old: StoredGroup, fields: GroupFields) -> dict[str, Any]:
    """Return the attributes that change, with their new values. Raises `ApiError`."""
    members = old.members_of(old.tenant_id)
    read_only = {
        "id": old.id,
        "members": members,
        "other_members": len(old.members) - len(members),
    }
    for name, value in read_only.items():
        given = getattr(fields, name) or type(value)()
        if given != value:
            message = "expected what is stored: it cannot be changed"
            raise bad_input(Fault("read-only", f"group.{name}", message))
    changes = {}
    for name in _CHANGEABLE:
        given = getattr(fields, name)
        if given != getattr(old, name):
            changes[name] = given
    if "tenant_id" in changes and (not call.principal.has("admin") or changes["tenant_id"] is None):
        message = "expected what is stored: only an admin may change it"
        raise bad_input(Fault("read-only", "group.tenant_id", message))
    return changes


def _check_move(call: Call, tx: WriteTransaction, new: StoredGroup) -> None:
    """Refuse to move a group that its old project names, or that exceeds the new quota."""
    stored.require_unnamed(tx.session, replace(new, tenant_id=call.tenant))
    _check_quota(call, tx, new)


def _check_empty(tx: WriteTransaction, group: StoredGroup) -> None:
    others = stored.list_groups(tx.session, group.tenant_id, Page(), tx.now)
    if any(one.members for one in descendants(group, others)):
        raise InUse("members", "it, or a group below it, has members")


def _check_children_empty(
    tx: WriteTransaction, group: StoredGroup, children: Iterable[str]
) -> None:
    for child in sorted(set(children)):
        try:
            _check_empty(tx, stored.find_group(tx.session, child, group.tenant_id, tx.now))
        except InUse:
            raise InUse("members", f"group {child}, or a group below it, has members") from None


def delete_group(call: Call, group_id: str, *, force: bool) -> None:
    """Delete a group. Raises `StoreError`."""
    with call.service.store.write() as tx:
        group = stored.find_group(tx.session, group_id.lower(), _visible_tenant(call), tx.now)
        check_if_match(call.request, group_tag(group), f"group {group.id}")
        stored.remove_group(tx, group, force=force)
    audit_group(call, "group-delete", group, force=force)


def audit_group(call: Call, action: Action, group: StoredGroup, **more: Any) -> None:
    """Write an action on a group to the audit log."""
    audit(
        action,
        group.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=group.tenant_id,
        **more,
    )
