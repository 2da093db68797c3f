"""What the state of a cluster knows of a group and of an instance, in a library or a server."""

from __future__ import annotations

from typing import Protocol, TypeVar

from groupsolver.constraints.policy import Policy
from groupsolver.model.inventory import Resources


class RunningGroup(Protocol):
    """A group whose members run, or may come to run."""

    @property
    def id(self) -> str:
        """Its name in the state; policies and `groups` name other groups by theirs."""

    @property
    def tenant_id(self) -> str | None:
        """The project that owns it; groups without one are all of one project."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Its policies, hard and soft."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups right below it. Those that the state lacks are left out."""

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of its own instances, in the order in which they were placed."""


class RunningInstance(Protocol):
    """An instance that holds a claim on a host."""

    @property
    def id(self) -> str:
        """Its name in the state."""

    @property
    def tenant_id(self) -> str | None:
        """Its project."""

    @property
    def group(self) -> str | None:
        """The group that it is a member of."""

    @property
    def host(self) -> str:
        """The host that it runs on."""

    @property
    def resources(self) -> Resources:
        """The amounts that it takes of the host, above 0."""

    @property
    def cell(self) -> str | None:
        """The cell of its host that it takes from, where it does."""


G = TypeVar("G", bound=RunningGroup)
I = TypeVar("I", bound=RunningInstance)  # noqa: E741 - beside G for groups
