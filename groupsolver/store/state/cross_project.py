"""What a policy reaches across projects: whose placements it binds, and where it has become void.

A project that may join another's group is bound by all that the group says, as its own project is. What
the project says itself of a group that is not its own binds its own placements only: never the owner's.
"""

from __future__ import annotations

from collections.abc import Collection

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.exclusivity import admits_project
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.snapshot_cache import Snapshot


def counts(group: StoredGroup, policy: Policy, tenant: str) -> bool:
    """Whether a policy of a group has a say over a project's placements.

    Hard ones have; the prices of a group that the project may not join, which may be any, are no business of its.
    """
    return policy.hard or group.admits(tenant)


def sound(group: StoredGroup, policy: Policy, now: Snapshot) -> bool:
    """Whether what a policy of a group names is there, and may be named: otherwise it is void."""
    if policy.target is None:
        return True
    named = now.groups.get(policy.target)
    return named is not None and named.admits(group.tenant_id)


def names_for(
    group: StoredGroup, policy: Policy, over: Collection[str], tenant: str, now: Snapshot
) -> bool:
    """Whether a policy of a group names one of `over`, in whose members a project's placement is felt.

    It binds the project of its group, and whoever joins a group of that project.
    """
    if policy.target is None or policy.target not in over or not sound(group, policy, now):
        return False
    return group.tenant_id in {tenant, now.groups[policy.target].tenant_id}


def of_tenant(policy: Policy) -> bool:
    """Whether a policy tells a whole project from others."""
    return admits_project(policy)
