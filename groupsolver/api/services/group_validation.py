"""Validation of a group: its policies, the names in them, and the operator's limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.validation import name_faults, references
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault
from groupsolver.model.application import Members
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.nesting import below_of
from groupsolver.model.value import HOST
from groupsolver.store.entities import StoredGroup
from groupsolver.store.repositories.grants import granted_groups
from groupsolver.store.repositories.groups import Page, list_groups
from groupsolver.store.repositories.hosts import read_levels

# An application is valid only with a member, so each group gets one for the validation.
_PLACEHOLDER_MEMBERS = (Members(resources={"VCPU": 1}),)


def validate_group(
    call: Call,
    session: Session,
    group: StoredGroup,
    now: float,
    unchecked: tuple[Policy, ...] = (),
) -> None:
    """Refuse a group that no placement could use, or that the principal may not make.

    `unchecked` are policies that the group already has: a principal that may not add them may keep
    them.

    Raises
    ------
    ApiError
        ``bad-input``: unknown levels, repeated policies, policies that name a relative, cycles, too
        many policies, too many levels; ``group-not-found``: a named group that is neither the
        project's nor one that it may join; ``forbidden``.
    """
    settings = call.service.settings
    if len(group.policies) > settings.most_policies:
        message = f"expected at most {settings.most_policies} policies, found {len(group.policies)}"
        raise bad_input(Fault("out-of-range", "group.policies", message))
    for policy in group.policies:
        if policy not in unchecked:
            _check_role(call, policy)
    targets = {policy.target for policy in group.policies if policy.target}
    named = targets | set(group.groups)
    others: list[StoredGroup] = []
    if group.policies or named:
        stored = list_groups(session, group.tenant_id, Page(), now)
        others = [other for other in stored if other.id != group.id]
    own = {other.id for other in others} | {group.id}
    joinable = own | granted_groups(session, group.tenant_id, sorted(named - own))
    # An old policy may keep a target that it may no longer name: the policy then binds nothing.
    new_targets = {
        policy.target for policy in group.policies if policy.target and policy not in unchecked
    }
    missing = (set(group.groups) - own) | (new_targets - joinable)
    if missing:
        raise ApiError("group-not-found", f"there is no group {min(missing)!r}")
    if group.policies or group.groups:
        levels = HostIndex(read_levels(session), ())
        check_application(group, others, foreign=named - own, hosts=levels)
    check_depth(group, others, settings.depth)


def _check_role(call: Call, policy: Policy) -> None:
    """Refuse a policy that reveals or affects other projects' hosts, unless the role allows it."""
    role = call.service.settings.host_policies
    is_wide = counts_all_groups(policy) and policy.at != HOST
    names_host = any(kind == "host" for kind, _, _ in references(policy))
    if (is_wide or names_host) and not call.principal.has(role):
        what = f"{policy.kind} above host level" if is_wide else f"{policy.kind} that names hosts"
        raise ApiError("forbidden", f"a policy {what} needs the role {role!r}")


def check_application(
    group: StoredGroup,
    others: Sequence[StoredGroup],
    *,
    foreign: Iterable[str],
    hosts: HostIndex,
) -> None:
    """Refuse a group that makes no valid application together with its project's other groups.

    Parameters
    ----------
    group : StoredGroup
    others : sequence of StoredGroup
        The other groups of the project.
    foreign : iterable of str
        Ids of other projects' groups that the group names.
    hosts : HostIndex
        The levels of the fleet.

    Raises
    ------
    ApiError
        ``bad-input``.
    """
    own = {one.id for one in (group, *others)}
    groups = [_as_group(group)]
    groups += [_as_group(other, own) for other in others]
    groups += [Group.model_construct(name=key, members=_PLACEHOLDER_MEMBERS) for key in foreign]
    try:
        app = Application(groups=tuple(groups))
    except BadInput as error:
        raise bad_input(*map(_in_body, error.faults)) from None
    found, _ = name_faults(app, hosts)
    if found:
        raise bad_input(*map(_in_body, found))


def _as_group(group: StoredGroup, own: Collection[str] | None = None) -> Group:
    """Return a group as a part of an application; with `own`, only its policies on these groups."""

    def is_kept(policy: Policy) -> bool:
        return own is None or policy.target is None or policy.target in own

    policies = tuple(policy for policy in group.policies if is_kept(policy))
    return Group.model_construct(
        name=group.id, policies=policies, members=_PLACEHOLDER_MEMBERS, groups=group.groups
    )


def _in_body(fault: Fault) -> Fault:
    """Return a fault with the path of the body.

    The group is the application's first. A fault of another group comes from this one's children.
    """
    inner = fault.path.removeprefix("groups[0].")
    path = "group.groups" if inner == fault.path else f"group.{inner}"
    return replace(fault, path=path)


def check_depth(group: StoredGroup, others: Iterable[StoredGroup], depth: int) -> None:
    """Refuse a group by which more than `depth` groups would be nested. Raises `ApiError`."""
    if not group.groups:
        return
    children = {one.id: one.groups for one in (*others, group)}
    if _height(children) > depth:
        message = f"expected at most {depth} groups below one another"
        raise bad_input(Fault("too-deep", "group.groups", message))


def _height(children: Mapping[str, Sequence[str]]) -> int:
    """Return the number of groups on the longest path downwards.

    The recursion ends: cycles have been refused before, and stored groups are within the limit.
    """
    heights: dict[str, int] = {}

    def height(key: str) -> int:
        if key not in heights:
            below = [height(child) for child in children[key] if child in children]
            heights[key] = 1 + max(below, default=0)
        return heights[key]

    return max(height(key) for key in children)


def descendants(group: StoredGroup, others: Iterable[StoredGroup]) -> list[StoredGroup]:
    """Return a group and all groups below it."""
    known = {one.id: one for one in (*others, group)}
    nodes = []
    for one in known.values():
        children = tuple(child for child in one.groups if child in known)
        nodes.append(Group.model_construct(name=one.id, groups=children))
    return [known[key] for key in sorted(below_of(nodes)[group.id])]
