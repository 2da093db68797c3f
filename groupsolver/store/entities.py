"""The values that the store takes and returns: frozen, and never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from groupsolver.constraints.policy import Policy
from groupsolver.model.inventory import Resources

Origin = Literal["v1", "nova"]  # the API that created a group: quotas differ


@dataclass(frozen=True)
class StoredGroup:
    """A group, as it is stored.

    Attributes
    ----------
    id : str
        A uuid; policies and `groups` refer to other groups by theirs.
    tenant_id, user_id : str
        The project that owns it, and the user that created it.
    name : str or None
    policies : tuple of Policy
    metadata : dict of str to str, or None
    groups : tuple of str
        Groups below this one, in the order in which they were given.
    members : tuple of str
        Its own instances, of any project, in the order in which they were placed.
    origin : {"v1", "nova"}
    generation : int
        Grows with every change, of its members and grants too: the ``ETag``.
    grants : tuple of str
        Other projects that may join it, the oldest grant first.
    foreign : mapping of str to str
        The project of each member of another project. These members stay when a grant is revoked.
    """

    id: str
    tenant_id: str
    user_id: str
    name: str | None = None
    policies: tuple[Policy, ...] = ()
    metadata: dict[str, str] | None = None
    groups: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    origin: Origin = "v1"
    generation: int = 1
    grants: tuple[str, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)

    def admits(self, tenant: str) -> bool:
        """Return whether a project may place instances into it, and name it in policies."""
        return tenant == self.tenant_id or tenant in self.grants

    def members_of(self, tenant: str) -> tuple[str, ...]:
        """Return a project's members: no project may see those of others."""
        return tuple(
            member for member in self.members if self.foreign.get(member, self.tenant_id) == tenant
        )


@dataclass(frozen=True)
class Grant:
    """A project's right to join another project's group.

    Attributes
    ----------
    group : str
    tenant_id : str
        The project that may join.
    created : float
        In seconds since 1970.
    """

    group: str
    tenant_id: str
    created: float


@dataclass(frozen=True)
class Instance:
    """An instance that holds a claim on a host.

    Attributes
    ----------
    id : str
        A uuid.
    tenant_id : str
    name : str or None
    group : str or None
        The group that it is a member of.
    host : str
    resources : dict of str to int
        The amounts that it takes of the host, above 0.
    placement : str
        The placement that created it.
    expires : float or None
        When its claim ends unless it is confirmed, in seconds since 1970.
    cell : str or None
        The cell of its host that it takes from, where it does.
    """

    id: str
    tenant_id: str
    name: str | None
    group: str | None
    host: str
    resources: Resources
    placement: str
    expires: float | None = None
    cell: str | None = None
