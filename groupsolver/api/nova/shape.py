"""Nova's server groups: a group as each microversion shows it, and what Nova's policies mean here.

Nova knows four policies, one a group, all at the level of hosts. What else a group of ``/v1.0`` may
have, Nova cannot express: it is then shown without a policy.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from groupsolver.api.nova.microversion import OWNERS, RULES, Microversion
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.presolve import limit_per_domain
from groupsolver.store.entities import StoredGroup

MAX_SERVER_PER_HOST = "max_server_per_host"
# Marks a limit of 1 that a client gave: it means what no rule means, and is shown to it again.
_GIVEN = "x-nova-rule"
_POLICIES: dict[str, Policy] = {
    "anti-affinity": AntiAffinity(),
    "affinity": Affinity(),
    "soft-anti-affinity": AntiAffinity(weight=1),
    "soft-affinity": Affinity(weight=1),
}


class ServerGroup(TypedDict):
    """A group, as Nova shows it: the first three always, the others as the microversion has them."""

    id: str
    name: str
    members: list[str]
    policies: NotRequired[list[str]]
    metadata: NotRequired[dict[str, str]]
    policy: NotRequired[str | None]
    rules: NotRequired[dict[str, int]]
    project_id: NotRequired[str]
    user_id: NotRequired[str]


def meaning(policy: str, most: int | None = None) -> Policy:
    """Give the policy that one of Nova's names stands for, with its rule ``max_server_per_host``, if one is given."""
    if most is None:
        return _POLICIES[policy]
    return AntiAffinity.model_validate(
        {"max_per_domain": most} if most > 1 else {_GIVEN: MAX_SERVER_PER_HOST}
    )


def expressed(group: StoredGroup) -> tuple[str, dict[str, int]] | None:
    """Give Nova's name and rules for a group's policy, or None where Nova has no words for it."""
    if group.groups or len(group.policies) != 1:
        return None
    policy = group.policies[0]
    said = _said(policy)
    for name, known in _POLICIES.items():
        if said == _said(known):
            given = name == "anti-affinity" and _GIVEN in (policy.model_extra or {})
            return name, {MAX_SERVER_PER_HOST: 1} if given else {}
    most = limit_per_domain(policy)
    if most is not None and said == _said(AntiAffinity(max_per_domain=most)):
        return "anti-affinity", {MAX_SERVER_PER_HOST: most}
    return None


def _said(policy: Policy) -> dict[str, object]:
    """Give every field, so that one that a policy may come to have counts too, but no key without a meaning."""
    return policy.model_dump(include=set(type(policy).model_fields))


def server_group(group: StoredGroup, version: Microversion) -> ServerGroup:
    """Give a group as `version` shows it."""
    name, rules = expressed(group) or (None, {})
    view = ServerGroup(
        id=group.id, name=group.name or "", members=list(group.members_of(group.tenant_id))
    )
    if version >= RULES:
        view["policy"] = name
        view["rules"] = rules
    else:
        view["policies"] = [name] if name else []
        view["metadata"] = {}  # Nova's own is never filled
    if version >= OWNERS:
        view["project_id"] = group.tenant_id
        view["user_id"] = group.user_id
    return view
