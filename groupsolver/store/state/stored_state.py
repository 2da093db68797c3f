"""The stored state in memory: that of a cluster, and when unconfirmed claims end."""

from __future__ import annotations

import math
from typing import Self

from groupsolver.cluster.state.cluster_state import ClusterState
from groupsolver.cluster.state.running import RunningGroup
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup


def of_one_project(owner: RunningGroup, target: RunningGroup) -> bool:
    """Return whether two groups are of one project: then one may reserve links towards the other.

    A policy about another project's group binds what its own project places. It must not fill
    links by itself.
    """
    return owner.tenant_id == target.tenant_id


class StoredState(ClusterState[StoredGroup, Instance]):
    """One state of everything that is stored.

    Parameters
    ----------
    fleet : Fleet
        It may have no host.

    Attributes
    ----------
    expiries : dict of str to float
        By instance: when its unconfirmed claim ends, in seconds since 1970.
    """

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(fleet, of_one_project)
        self.expiries: dict[str, float] = {}

    def copy(self) -> Self:
        """Return a copy that may change without changing this state."""
        other = super().copy()
        other.expiries = self.expiries.copy()
        return other

    def first_expiry(self) -> float:
        """Return when the first unconfirmed claim ends; infinity where there is none."""
        return min(self.expiries.values(), default=math.inf)

    def _add_instance(self, instance: Instance) -> None:
        super()._add_instance(instance)
        if instance.expires is not None:
            self.expiries[instance.id] = instance.expires

    def _remove_instance(self, key: str) -> str:
        self.expiries.pop(key, None)
        return super()._remove_instance(key)
