"""``/v1.0/{tenant_id}/groups/{id}/grants``: the other projects that may join a group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.serializers import grant_view, granted_view, group_view
from groupsolver.api.services.group_registry import audit_group
from groupsolver.errors import Fault
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import QuotaExceeded
from groupsolver.store.repositories import grants
from groupsolver.store.repositories.groups import find_group, find_groups, find_joinable
from groupsolver.wire.bodies.grants import GrantAnswer, GrantRequest, GrantsAnswer
from groupsolver.wire.bodies.groups import GroupView


def find_joinable_group(call: Call, group_id: str) -> StoredGroup:
    """Return a group that the project may join, its own included. Raises `NotStored`."""
    store = call.service.store
    with store.read() as session:
        return find_joinable(session, group_id.lower(), call.tenant, store.clock())


def visible_groups(call: Call, groups: Iterable[StoredGroup]) -> tuple[GroupView, ...]:
    """Return groups as the project may see them: its own in full, of others what binds it."""
    found = list(groups)
    foreign = [group for group in found if group.tenant_id != call.tenant]
    known = _known_targets(call, foreign)
    return tuple(
        group_view(group) if group.tenant_id == call.tenant else granted_view(call, group, known)
        for group in found
    )


def _known_targets(call: Call, groups: Iterable[StoredGroup]) -> set[str]:
    """Return the targets of the groups' policies that the project may name."""
    targets = sorted(
        {policy.target for group in groups for policy in group.policies if policy.target}
    )
    if not targets:
        return set()
    store = call.service.store
    with store.read() as session:
        named = find_groups(session, targets, store.clock())
        own = {group.id for group in named if group.tenant_id == call.tenant}
        return own | grants.granted_groups(session, call.tenant, targets)


def index(call: Call) -> Reply:
    """List a group's grants, the oldest first."""
    store = call.service.store
    with store.read() as session:
        group = find_group(session, call.args["id"].lower(), call.tenant, store.clock())
        found = grants.list_grants(session, group.id)
    return Reply(body=GrantsAnswer(grants=tuple(map(grant_view, found))))


def create(call: Call) -> Reply:
    """Permit another project to join a group; 200 where it may already."""
    grantee = cast(GrantRequest, call.body).grant.tenant_id
    with call.service.store.write() as tx:
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        if grantee == group.tenant_id:
            message = "expected another project than the group's own"
            raise bad_input(Fault("wrong-value", "grant.tenant_id", message))
        if grantee in group.grants:
            existing = grants.find_grant(tx.session, group.id, grantee)
            return Reply(200, GrantAnswer(grant=grant_view(existing)))
        limit = call.service.settings.quota_of(group.tenant_id).grants
        if 0 <= limit <= len(group.grants):
            raise QuotaExceeded(f"a group may have {limit} grants")
        grant = grants.add_grant(tx, group, grantee)
    audit_group(call, "group-grant", group, grantee=grantee)
    return Reply(201, GrantAnswer(grant=grant_view(grant)))


def delete(call: Call) -> Reply:
    """Revoke a grant: members stay, and the other project's policies on the group bind nothing."""
    grantee = call.args["grantee"]
    with call.service.store.write() as tx:
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        grants.remove_grant(tx, group, grantee)
    audit_group(call, "group-revoke", group, grantee=grantee)
    return Reply(204)
