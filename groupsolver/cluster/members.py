"""The members and groups of the applications of a cluster, as its state keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from groupsolver.cluster.recoveries import KnownRecovery
from groupsolver.cluster.state.cluster_state import ClusterState
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.qualified_names import qualified
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Resources


@dataclass(frozen=True)
class ClusterMember:
    """A running member.

    Attributes
    ----------
    id : str
        Its id within the application.
    application, group, host : str
    resources : dict of str to int
        What it takes, by resource class, above 0.
    cell : str or None
        The cell of its host that it takes from, where it does.
    """

    id: str
    application: str
    group: str
    host: str
    resources: Resources = field(hash=False)
    cell: str | None = None


@dataclass(frozen=True)
class ClusterInstance:
    """A running member under its qualified names: a `RunningInstance`.

    Attributes
    ----------
    id, group : str
        Qualified by the application.
    tenant_id : str or None
    member : ClusterMember
    flavor : str or None
        The flavor of the application that gives its size, where one does.
    """

    id: str
    group: str
    tenant_id: str | None
    member: ClusterMember
    flavor: str | None = None

    @property
    def host(self) -> str:
        """The host that it runs on."""
        return self.member.host

    @property
    def resources(self) -> Resources:
        """What it takes of the host."""
        return self.member.resources

    @property
    def cell(self) -> str | None:
        """The cell that it takes from."""
        return self.member.cell


@dataclass(frozen=True)
class ClusterGroup:
    """A group of an application under its qualified name: a `RunningGroup`."""

    id: str
    tenant_id: str | None
    policies: tuple[Policy, ...]
    groups: tuple[str, ...]
    members: tuple[str, ...] = ()


class ApplicationsState(ClusterState[ClusterGroup, ClusterInstance]):
    """The state of a cluster of applications.

    Parameters
    ----------
    fleet : Fleet

    Attributes
    ----------
    definitions : dict of str to Application
        By name, the applications without members: flavors, groups and policies.
    recoveries : dict of str to KnownRecovery
        By group with a hard `survives`: where its lost members would find a place, where that is
        known of this state. All names are qualified.
    """

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(fleet)
        self.definitions: dict[str, Application] = {}
        self.recoveries: dict[str, KnownRecovery] = {}
        # By host that has any: its members, as an ordered set. The inner dicts are replaced and
        # never changed.
        self.on_host: dict[str, dict[str, None]] = {}

    def copy(self) -> Self:
        """Return a copy that may change without changing this state."""
        other = super().copy()
        other.definitions = self.definitions.copy()
        other.recoveries = self.recoveries.copy()
        other.on_host = self.on_host.copy()
        return other

    def put_hosts(self, names: Iterable[str], found: Iterable[Host]) -> None:
        """Update the hosts of some names to what was found; those not found are removed."""
        super().put_hosts(names, found)
        self.recoveries = {}

    def members_on(self, host: str) -> Collection[str]:
        """Return the qualified names of the members on a host."""
        return self.on_host.get(host, {}).keys()

    def _add_instance(self, instance: ClusterInstance) -> None:
        super()._add_instance(instance)
        self.on_host[instance.host] = {**self.on_host.get(instance.host, {}), instance.id: None}

    def _remove_instance(self, key: str) -> str:
        host = super()._remove_instance(key)
        left = {other: None for other in self.on_host[host] if other != key}
        if left:
            self.on_host[host] = left
        else:
            del self.on_host[host]
        return host

    def group_keys(self, application: str) -> list[str]:
        """Return the qualified names of an application's groups; none where it does not run."""
        definition = self.definitions.get(application)
        groups = definition.groups if definition is not None else ()
        return [qualified(application, group.name) for group in groups]

    def instances_of(self, application: str) -> Iterator[ClusterInstance]:
        """Yield the members of an application, group by group."""
        for key in self.group_keys(application):
            for member in self.groups[key].members:
                yield self.instances[member]

    def put_application(
        self,
        name: str,
        definition: Application,
        groups: Iterable[ClusterGroup],
        new: Iterable[ClusterInstance],
    ) -> None:
        """Add an application, or replace its definition, with new members.

        Parameters
        ----------
        name : str
        definition : Application
            Without members.
        groups : iterable of ClusterGroup
            All of its groups, with the members that run already.
        new : iterable of ClusterInstance
        """
        added = list(new)
        members: dict[str, list[str]] = {}
        for instance in added:
            members.setdefault(instance.group, []).append(instance.id)
        grown = [
            replace(group, members=(*group.members, *members.get(group.id, ()))) for group in groups
        ]
        self.put_groups(self.group_keys(name), grown)
        self.definitions[name] = definition
        self.put_instances([], added)

    def remove_members(self, instances: Iterable[ClusterInstance]) -> None:
        """Remove running members; an application goes with the last of its members."""
        gone = {instance.id: instance for instance in instances}
        groups = {instance.group for instance in gone.values()}
        # More room harms no recovery; fewer members may, where its rules look at them.
        self.recoveries = {
            key: known for key, known in self.recoveries.items() if not known.counted & groups
        }
        for key in {instance.group: None for instance in gone.values()}:
            group = self.groups[key]
            left = tuple(member for member in group.members if member not in gone)
            self.put_groups([], [replace(group, members=left)])
        self.put_instances(gone, ())
        for name in {instance.member.application: None for instance in gone.values()}:
            if next(self.instances_of(name), None) is None:
                self.put_groups(self.group_keys(name), ())
                del self.definitions[name]


def find_members(
    name: str, ids: Sequence[str] | None, state: ApplicationsState
) -> list[ClusterInstance]:
    """Return some members of an application that runs, or all of them.

    Raises
    ------
    BadInput
        ``unknown-member`` for ids that do not run.
    """
    running = {instance.member.id: instance for instance in state.instances_of(name)}
    if ids is None:
        return list(running.values())
    faults = []
    for i, id_ in enumerate(ids):
        if id_ not in running:
            message = f"no member {id_!r} of {name} runs{nearest(id_, list(running))}"
            faults.append(Fault("unknown-member", f"members[{i}]", message))
    if faults:
        raise BadInput(faults)
    return [running[id_] for id_ in dict.fromkeys(ids)]
