"""The reach of policies across projects: whose placements they bind, and where they are void.

A project that may join another project's group is bound by everything that the group says, just as
the owner is. A policy of the joining project about a group of another project binds the placements
of the joining project only, and never those of the owner.
"""

from __future__ import annotations

from collections.abc import Collection

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.exclusivity import admits_project
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.snapshot_cache import Snapshot


def binds_project(group: StoredGroup, policy: Policy, tenant: str) -> bool:
    """Return whether a policy of a group applies to a project's placements.

    Hard policies do. Soft policies of a group that the project may not join do not: their prices
    are no concern of this project.
    """
    return policy.hard or group.admits(tenant)


def is_effective(group: StoredGroup, policy: Policy, now: Snapshot) -> bool:
    """Return whether the group that a policy names exists, and may be named; otherwise it is void.

    A policy that names no group is always effective.
    """
    if policy.target is None:
        return True
    named = now.groups.get(policy.target)
    return named is not None and named.admits(group.tenant_id)


def binds_members_of(
    group: StoredGroup, policy: Policy, joined: Collection[str], tenant: str, now: Snapshot
) -> bool:
    """Return whether a policy binds a project's new members through the group that it names.

    It binds the project of its own group, and everyone who joins a group of that project.

    Parameters
    ----------
    group : StoredGroup
        The group of the policy.
    policy : Policy
    joined : collection of str
        The groups of the new members, and all groups above these.
    tenant : str
        The project of the new members.
    now : Snapshot
    """
    if policy.target is None or policy.target not in joined:
        return False
    if not is_effective(group, policy, now):
        return False
    return group.tenant_id in {tenant, now.groups[policy.target].tenant_id}


def is_tenant_scoped(policy: Policy) -> bool:
    """Return whether a policy distinguishes whole projects."""
    return admits_project(policy)
