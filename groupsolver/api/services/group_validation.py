"""What a group may say: policies that stand on their feet, names that are there, no more than is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy.orm import Session

from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.validation import name_faults, references
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import Fault
from groupsolver.files.faults import faults_of
from groupsolver.model.application import Members
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.nesting import below_of
from groupsolver.model.value import HOST
from groupsolver.store.entities import StoredGroup
from groupsolver.store.repositories.grants import granted_groups
from groupsolver.store.repositories.groups import Page, list_groups
from groupsolver.store.repositories.hosts import read_levels

_SOMEBODY = (Members(resources={"VCPU": 1}),)  # an application must have a member


def vet(
    call: Call, session: Session, group: StoredGroup, now: float, had: tuple[Policy, ...] = ()
) -> None:
    """Refuse a group that could not be placed by, or that its maker may not make.

    `had` are policies that it has already: whoever may not make them may leave them where they are.

    Raises
    ------
    ApiError
        ``bad-input``: unknown levels, policies that stand twice or name a relative, cycles, too many, too deep;
        ``group-not-found``: a group that is named, and neither the project's nor one that it may join;
        ``forbidden``.
    """
    settings = call.service.settings
    if len(group.policies) > settings.most_policies:
        message = f"expected at most {settings.most_policies} policies, found {len(group.policies)}"
        raise bad_input(Fault("out-of-range", "group.policies", message))
    for policy in group.policies:
        if policy not in had:
            _allowed(call, policy)
    named = {policy.target for policy in group.policies if policy.target} | set(group.groups)
    others: list[StoredGroup] = []
    if group.policies or named:
        others = [
            other
            for other in list_groups(session, group.tenant_id, Page(), now)
            if other.id != group.id
        ]
    own = {other.id for other in others} | {group.id}
    joinable = own | granted_groups(session, group.tenant_id, sorted(named - own))
    # A policy that named what it no longer may can stay: it binds nothing.
    new = {policy.target for policy in group.policies if policy.target and policy not in had}
    if missing := sorted((set(group.groups) - own) | (new - joinable)):
        raise ApiError("group-not-found", f"there is no group {missing[0]!r}")
    _sound(session, group, others, named - own)
    _deep(group, others, settings.depth)


def _allowed(call: Call, policy: Policy) -> None:
    role = call.service.settings.host_policies
    wide = policy.counts_all_groups and policy.at != HOST
    if (
        wide or any(what == "host" for what, _, _ in references(policy))
    ) and not call.principal.has(role):
        what = f"{policy.kind} above host level" if wide else f"{policy.kind} that names hosts"
        raise ApiError("forbidden", f"a policy {what} needs the role {role!r}")


def _sound(
    session: Session, group: StoredGroup, others: Sequence[StoredGroup], foreign: Iterable[str]
) -> None:
    """Build the application that these groups would be, and see what is wrong with it."""
    if not group.policies and not group.groups:
        return
    try:
        strangers = [Group.model_construct(name=key, members=_SOMEBODY) for key in foreign]
        own = {one.id for one in (group, *others)}
        app = Application(
            groups=(_as_group(group), *(_as_group(one, own) for one in others), *strangers)
        )
    except ValidationError as error:
        raise bad_input(*map(_ours, faults_of(error, {}))) from None
    faults, _ = name_faults(app, HostIndex(read_levels(session), ()))
    if faults:
        raise bad_input(*map(_ours, faults))


def _as_group(group: StoredGroup, own: Collection[str] | None = None) -> Group:
    """Give a group as a part of an application; with `own`, without policies that name others' groups."""
    policies = tuple(
        p for p in group.policies if own is None or p.target is None or p.target in own
    )
    return Group.model_construct(
        name=group.id, policies=policies, members=_SOMEBODY, groups=group.groups
    )


def _ours(fault: Fault) -> Fault:
    """Give a fault the path of the body: what another group has against this one is this one's nesting."""
    inner = fault.path.removeprefix("groups[0].")
    return replace(fault, path="group.groups" if inner == fault.path else f"group.{inner}")


def _deep(group: StoredGroup, others: Iterable[StoredGroup], depth: int) -> None:
    if not group.groups:
        return
    groups = {one.id: one.groups for one in (*others, group)}
    below: dict[str, int] = {}

    def height(key: str) -> int:
        if key not in below:
            below[key] = 1 + max(
                (height(child) for child in groups[key] if child in groups), default=0
            )
        return below[key]

    # Cycles were refused before, and what was stored before is no deeper than this.
    if max(height(key) for key in groups) > depth:
        raise bad_input(
            Fault("too-deep", "group.groups", f"expected at most {depth} groups below one another")
        )


def below(group: StoredGroup, others: Iterable[StoredGroup]) -> list[StoredGroup]:
    """Give a group and all below it."""
    known = {one.id: one for one in (*others, group)}
    nodes = [
        Group.model_construct(
            name=one.id, groups=tuple(child for child in one.groups if child in known)
        )
        for one in known.values()
    ]
    return [known[key] for key in sorted(below_of(nodes)[group.id])]
