"""What the store gives and takes: frozen values, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from groupsolver.constraints.policy import Policy
from groupsolver.model.inventory import Resources

Origin = Literal["v1", "nova"]  # the family of paths that a group was made on: quotas differ


@dataclass(frozen=True)
class StoredGroup:
    """A group, as it is stored.

    Attributes
    ----------
    id : str
        A uuid; policies and `groups` name other groups by theirs.
    tenant_id, user_id : str
        Whose it is, and who made it.
    name : str or None
    policies : tuple of Policy
    metadata : dict of str to str, or None
    groups : tuple of str
        Groups below this one, in the order in which they were given.
    members : tuple of str
        Its own instances, of whichever project, in the order in which they came.
    origin : {"v1", "nova"}
    generation : int
        Grows with every change, of its members and grants too: the ``ETag``.
    grants : tuple of str
        Other projects that may join it, the oldest grant first.
    foreign : mapping of str to str
        The project of each member that is not the group's project's: they stay when a grant goes.
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
        """Whether a project may place into it, and name it."""
        return tenant == self.tenant_id or tenant in self.grants

    def members_of(self, tenant: str) -> tuple[str, ...]:
        """Give a project's members: nobody is told those of others."""
        return tuple(one for one in self.members if self.foreign.get(one, self.tenant_id) == tenant)


@dataclass(frozen=True)
class Grant:
    """A project's right to join another's group.

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
        What it takes of the host, above 0.
    placement : str
        The placement that it came with.
    expires : float or None
        When its claim ends, in seconds since 1970, unless it is confirmed.
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
