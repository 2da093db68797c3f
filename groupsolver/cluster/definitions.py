"""Applications under qualified names, as the state of a cluster keeps them, and back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groupsolver.cluster.members import (
    ApplicationsState,
    ClusterGroup,
    ClusterInstance,
    ClusterMember,
)
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.qualified_names import qualified
from groupsolver.constraints.registry import Application, Group
from groupsolver.model import application as model
from groupsolver.model.application import BETWEEN, Existing
from groupsolver.model.inventory import Resources


class QualifiedNames:
    """The names of one application's groups and members among those of all applications.

    Parameters
    ----------
    application : str
    """

    def __init__(self, application: str) -> None:
        self._prefix = qualified(application, "")

    def key(self, name: str) -> str:
        """Return the qualified name of a group, or a member, of the application."""
        return self._prefix + name

    def target_key(self, target: str) -> str:
        """Return the qualified name of a group that a policy of the application names."""
        return target if BETWEEN in target else self.key(target)

    def name_of(self, key: str) -> str:
        """Return the name of a group, or a member: the application's own are not qualified."""
        return key.removeprefix(self._prefix)

    def policy(self, policy: Policy) -> Policy:
        """Return a policy of the application with a qualified target."""
        return policy.naming(self.target_key)


def groups_of(
    names: QualifiedNames, app: model.Application[Any], state: ApplicationsState
) -> list[ClusterGroup]:
    """Return the groups of an application, with the members that run in a state."""
    found = []
    for group in app.groups:
        key = names.key(group.name)
        running = state.groups.get(key)
        found.append(
            ClusterGroup(
                id=key,
                tenant_id=group.tenant_id,
                policies=tuple(map(names.policy, group.policies)),
                groups=tuple(map(names.key, group.groups)),
                members=() if running is None else running.members,
            )
        )
    return found


def definition_of(name: str, app: model.Application[Any]) -> Application:
    """Return an application without members: what stays of it while its members come and go."""
    groups = tuple(
        Group.model_construct(**{**dict(group), "members": (), "at_least": None})
        for group in app.groups
    )
    values = {**dict(app), "name": name, "groups": groups, "existing": ()}
    return Application.model_construct(**values)


def instance_of(member: ClusterMember, tenant: str | None, flavor: str | None) -> ClusterInstance:
    """Return a member under its qualified names, with its project and the flavor of its size."""
    return ClusterInstance(
        id=qualified(member.application, member.id),
        group=qualified(member.application, member.group),
        tenant_id=tenant,
        member=member,
        flavor=flavor,
    )


def application_of(
    name: str, state: ApplicationsState, cell_of: Callable[[ClusterInstance], str | None]
) -> Application:
    """Return an application as it runs: its members are what `existing` says, each with a size.

    Parameters
    ----------
    name : str
    state : ApplicationsState
    cell_of : callable
        Returns the cell that an instance takes from, where its host has it.
    """
    definition = state.definitions[name]
    existing = tuple(
        _existing(instance, definition, cell_of(instance)) for instance in state.instances_of(name)
    )
    return definition.model_copy(update={"existing": existing})


def _existing(instance: ClusterInstance, definition: Application, cell: str | None) -> Existing:
    member = instance.member
    flavor = definition.flavors.get(instance.flavor) if instance.flavor is not None else None
    # The flavor of that name may be another one by now.
    same = flavor is not None and positive(flavor.resources) == member.resources
    return Existing.model_construct(
        group=member.group,
        id=member.id,
        host=member.host,
        flavor=instance.flavor if same else None,
        resources=None if same else dict(member.resources),
        cell=cell,
    )


def positive(resources: Resources) -> Resources:
    """Return the amounts above 0."""
    return {name: amount for name, amount in resources.items() if amount}
