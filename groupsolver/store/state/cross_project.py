"""The reach of policies across projects: whose placements they bind, and where they are void.

A project that may join another project's group is bound by everything that the group says, just as
the owner is. A policy of the joining project about a group of another project binds the placements
of the joining project only, and never those of the owner.
"""

from __future__ import annotations

from collections.abc import Collection

from groupsolver.cluster.state.group_table import GroupTable, binds_all_comers
from groupsolver.constraints.policy import Policy
from groupsolver.store.entities import StoredGroup


class ProjectReach:
    """Which policies bind the new members that a project places: a `Reach`.

    Parameters
    ----------
    tenant : str
        The project of the new members.
    groups : GroupTable of StoredGroup
    """

    def __init__(self, tenant: str, groups: GroupTable[StoredGroup]) -> None:
        self._tenant = tenant
        self._groups = groups

    def binds_members(self, group: str, policy: Policy) -> bool:
        """Return whether a policy of a group binds new members below this group."""
        return self._binds_project(group, policy) and self._is_effective(group, policy)

    def binds_others(self, group: str, policy: Policy, joined: Collection[str]) -> bool:
        """Return whether a policy of a group binds new members that are not below this group."""
        if not self._binds_project(group, policy):
            return False
        own = self._groups[group].tenant_id == self._tenant
        # A soft policy of another project's group is no price of a placement that does not join
        # it, though a grant would allow that: nobody asked for the grant.
        if not (policy.hard or own or policy.target in joined):
            return False
        return self._binds_joined(group, policy, joined) or binds_all_comers(policy)

    def _binds_project(self, group: str, policy: Policy) -> bool:
        """Return whether a policy applies to the project's placements.

        Hard policies do. Soft policies of a group that the project may not join do not: their
        prices are no concern of this project.
        """
        return policy.hard or self._groups[group].admits(self._tenant)

    def _is_effective(self, group: str, policy: Policy) -> bool:
        """Return whether the group that a policy names exists, and may be named; else it is void.

        A policy that names no group is always effective.
        """
        if policy.target is None:
            return True
        named = self._groups.get(policy.target)
        return named is not None and named.admits(self._groups[group].tenant_id)

    def _binds_joined(self, group: str, policy: Policy, joined: Collection[str]) -> bool:
        """Return whether a policy binds new members through the group that it names.

        It binds the project of its own group, and everyone who joins a group of that project.
        """
        if policy.target is None or policy.target not in joined:
            return False
        if not self._is_effective(group, policy):
            return False
        bound = {self._tenant, self._groups[policy.target].tenant_id}
        return self._groups[group].tenant_id in bound
