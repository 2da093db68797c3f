"""Nova's server groups: their view in each microversion, and the meaning of Nova's policies.

Nova has four policies, all at host level, and one policy for a group. A group of ``/v1.0`` whose
policies Nova cannot express is shown without a policy.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from groupsolver.api.nova.microversion import WITH_OWNERS, WITH_RULES, Microversion
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.presolve import limit_per_domain
from groupsolver.store.entities import StoredGroup

MAX_SERVER_PER_HOST = "max_server_per_host"
# Marks a limit of 1 that a client has given. It means the same as no rule, but is shown again.
_EXPLICIT_RULE = "x-nova-rule"
_POLICIES: dict[str, Policy] = {
    "anti-affinity": AntiAffinity(),
    "affinity": Affinity(),
    "soft-anti-affinity": AntiAffinity(weight=1),
    "soft-affinity": Affinity(weight=1),
}


class ServerGroup(TypedDict):
    """A group in Nova's form; the keys that are not required depend on the microversion."""

    id: str
    name: str
    members: list[str]
    policies: NotRequired[list[str]]
    metadata: NotRequired[dict[str, str]]
    policy: NotRequired[str | None]
    rules: NotRequired[dict[str, int]]
    project_id: NotRequired[str]
    user_id: NotRequired[str]


def policy_of(name: str, max_per_host: int | None = None) -> Policy:
    """Return the policy that Nova's name and rule ``max_server_per_host`` mean."""
    if max_per_host is None:
        return _POLICIES[name]
    if max_per_host == 1:
        return AntiAffinity.model_validate({_EXPLICIT_RULE: MAX_SERVER_PER_HOST})
    return AntiAffinity(max_per_domain=max_per_host)


def nova_policy(group: StoredGroup) -> tuple[str, dict[str, int]] | None:
    """Return Nova's name and rules for a group's policy, or None where Nova cannot express it."""
    if group.groups or len(group.policies) != 1:
        return None
    policy = group.policies[0]
    fields = _declared_fields(policy)
    for name, known in _POLICIES.items():
        if fields == _declared_fields(known):
            is_explicit = name == "anti-affinity" and _EXPLICIT_RULE in (policy.model_extra or {})
            return name, {MAX_SERVER_PER_HOST: 1} if is_explicit else {}
    limit = limit_per_domain(policy)
    if limit is not None and fields == _declared_fields(AntiAffinity(max_per_domain=limit)):
        return "anti-affinity", {MAX_SERVER_PER_HOST: limit}
    return None


def _declared_fields(policy: Policy) -> dict[str, object]:
    """Return all fields of the policy's kind, also ones added later, without additional keys."""
    return policy.model_dump(include=set(type(policy).model_fields))


def server_group(group: StoredGroup, version: Microversion) -> ServerGroup:
    """Return a group as a microversion shows it."""
    name, rules = nova_policy(group) or (None, {})
    members = list(group.members_of(group.tenant_id))
    view = ServerGroup(id=group.id, name=group.name or "", members=members)
    if version >= WITH_RULES:
        view["policy"] = name
        view["rules"] = rules
    else:
        view["policies"] = [name] if name else []
        view["metadata"] = {}  # always empty in Nova, too
    if version >= WITH_OWNERS:
        view["project_id"] = group.tenant_id
        view["user_id"] = group.user_id
    return view
