"""``/v1.0/{tenant_id}/groups/{id}/grants``: which other projects may join a group, and what they see of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.serializers import grant_view, granted_view, group_view
from groupsolver.api.services.group_registry import told
from groupsolver.errors import Fault
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import QuotaExceeded
from groupsolver.store.repositories import grants
from groupsolver.store.repositories.groups import find_group, find_groups
from groupsolver.store.repositories.groups import find_joinable as joinable
from groupsolver.wire.bodies.core import GroupView
from groupsolver.wire.bodies.grants import GrantAnswer, GrantRequest, GrantsAnswer


def find_joinable(call: Call, group_id: str) -> StoredGroup:
    """Give one group that the project may join, its own too. Raises `ApiError`: ``group-not-found``."""
    store = call.service.store
    with store.read() as session:
        return joinable(session, group_id.lower(), call.tenant, store.clock())


def shown(call: Call, groups: Iterable[StoredGroup]) -> tuple[GroupView, ...]:
    """Give groups as the project is answered: its own whole, of others' what binds it."""
    found = list(groups)
    theirs = [group for group in found if group.tenant_id != call.tenant]
    named = sorted(
        {policy.target for group in theirs for policy in group.policies if policy.target}
    )
    known: set[str] = set()
    if named:
        store = call.service.store
        with store.read() as session:
            known = {
                one.id
                for one in find_groups(session, named, store.clock())
                if one.tenant_id == call.tenant
            }
            known |= grants.granted_groups(session, call.tenant, named)
    return tuple(
        group_view(group) if group.tenant_id == call.tenant else granted_view(call, group, known)
        for group in found
    )


def index(call: Call) -> Reply:
    """List a group's grants, the oldest first."""
    store = call.service.store
    with store.read() as session:
        group = find_group(session, call.args["id"].lower(), call.tenant, store.clock())
        found = grants.list_grants(session, group.id)
    return Reply(body=GrantsAnswer(grants=tuple(map(grant_view, found))))


def create(call: Call) -> Reply:
    """Let a project join a group: 200 where it may already."""
    grantee = cast(GrantRequest, call.body).grant.tenant_id
    with call.service.store.write() as tx:
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        if grantee == group.tenant_id:
            raise bad_input(
                Fault(
                    "wrong-value",
                    "grant.tenant_id",
                    "expected another project than the group's own",
                )
            )
        if grantee in group.grants:
            return Reply(
                200, GrantAnswer(grant=grant_view(grants.find_grant(tx.session, group.id, grantee)))
            )
        most = call.service.settings.quota_of(group.tenant_id).grants
        if 0 <= most <= len(group.grants):
            raise QuotaExceeded(f"a group may have {most} grants")
        made = grants.add_grant(tx, group, grantee)
    told(call, "group-grant", group, grantee=grantee)
    return Reply(201, GrantAnswer(grant=grant_view(made)))


def delete(call: Call) -> Reply:
    """Let a project join no more: its members stay, and what it says of the group is void."""
    with call.service.store.write() as tx:
        group = find_group(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        grants.remove_grant(tx, group, call.args["grantee"])
    told(call, "group-revoke", group, grantee=call.args["grantee"])
    return Reply(204)
