"""An application held against a fleet: names resolved, nesting unrolled, members numbered.

What the checkers, the encodings and the heuristics all read. Plain values; knows neither
arrays nor ortools.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from groupsolver.constraints.problem.validation import fleet_warnings, name_faults
from groupsolver.errors import BadInput
from groupsolver.model.application import Application, Sized, member_ids
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.inventory import Resources
from groupsolver.model.memo import Memo
from groupsolver.model.nesting import above_of, below_of
from groupsolver.model.network.reference_distances import ReferenceDistances

EVERYONE = ""  # stands above every group, where a group's name is asked; no group can be called so
Size = tuple[
    tuple[str, int], ...
]  # resource classes and amounts above 0, sorted: what makes members identical


@dataclass(frozen=True)
class Member:
    """A member that is to be placed."""

    id: str
    group: str
    size: Size


@dataclass(frozen=True)
class RunningMember:
    """A member that runs already."""

    id: str
    group: str
    host: str
    resources: Resources


class Problem(Memo):
    """One application over one fleet.

    Its policies are read by `groupsolver.constraints.rules.rules_of`.

    Parameters
    ----------
    app : Application
    hosts : HostIndex
    valid : bool, default False
        Whether the names are known to be right, since the application was made of one that was
        held against this fleet: they are not looked up again, and there are no warnings.

    Raises
    ------
    BadInput
        Where the application names a level or a running member's host that the fleet lacks,
        or its sums leave 64 bits.

    Attributes
    ----------
    new_members : tuple of Member
        What is to be placed, in the file's order.
    running_members : tuple of RunningMember
        What runs already.
    below, above : dict of str to frozenset of str
        Groups below (above) each group, itself included; `EVERYONE` is above all, and
        `project(tenant)` above a project's and what is below these.
    children : dict of str to tuple of str
        Groups right below each.
    groups : tuple of str
        Every group's name.
    warnings : tuple of str
    app_warnings : tuple of str
        Those that say nothing of the fleet beyond what the application names.
    """

    def __init__(self, app: Application[Any], hosts: HostIndex, *, valid: bool = False) -> None:
        super().__init__()
        self.app = app
        self.hosts = hosts
        self.app_warnings: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        if not valid:
            faults, self.app_warnings = name_faults(app, hosts)
            if faults:
                raise BadInput(faults)
            self.warnings = self.app_warnings + fleet_warnings(hosts)
        self.children = {group.name: tuple(group.groups) for group in app.groups}
        self._tenant = {group.name: group.tenant_id for group in app.groups}
        descendants = below_of(app.groups)
        self.groups = tuple(descendants)
        self.below = descendants | self._below_projects(descendants)
        self.below[EVERYONE] = frozenset(self.groups)
        self.above = above_of(self.below)
        self.running_members = tuple(self._running_members())
        running = {there.id for there in self.running_members}
        self.new_members = tuple(
            Member(id_, group.name, size_of(app.resources(members)))
            for group in app.groups
            for id_, members in member_ids(group)
            if id_ not in running
        )

    def _below_projects(
        self, descendants: Mapping[str, frozenset[str]]
    ) -> dict[str, frozenset[str]]:
        """Return, by project, its groups and those below them."""
        found: dict[str, set[str]] = {}
        for group, inside in descendants.items():
            found.setdefault(self.project(group), set()).update(inside)
        return {name: frozenset(inside) for name, inside in found.items()}

    def _running_members(self) -> Iterator[RunningMember]:
        members = {id_: one for group in self.app.groups for id_, one in member_ids(group)}
        for there in self.app.existing:
            # A member of the file that runs already need not state its size again.
            sized = there if _sized(there) else members.get(there.id, there)
            yield RunningMember(there.id, there.group, there.host, self.app.resources(sized))

    def without_running(self, gone: RunningMember) -> Problem:
        """Return the problem without one of the running members; nothing is validated again."""
        other = self._without_derived()
        other.running_members = tuple(there for there in self.running_members if there is not gone)
        return other

    def with_members(
        self,
        app: Application[Any],
        hosts: HostIndex,
        running: Iterable[RunningMember],
        new: Iterable[Member],
    ) -> Problem:
        """Return the problem of the same groups with other members, maybe on other hosts.

        Nothing is validated again, and there are no warnings.

        Parameters
        ----------
        app : Application
            It has the same groups, nested as here, and the members that follow.
        hosts : HostIndex
        running : iterable of RunningMember
            In the order of `app.existing`.
        new : iterable of Member
            In the order of the groups of `app`.
        """
        other = self._without_derived()
        other.app = app
        other.hosts = hosts
        other.app_warnings = ()
        other.warnings = ()
        other.running_members = tuple(running)
        other.new_members = tuple(new)
        return other

    def _without_derived(self) -> Problem:
        """Return a copy that keeps nothing of what was worked out from members or hosts."""
        other = copy(self)
        Memo.__init__(other)
        for derived in ("_sizes", "_running_below", "distances"):
            other.__dict__.pop(derived, None)
        return other

    def project(self, group: str) -> str:
        """Return what is above all groups of a group's project; groups that name none share one."""
        return project(self._tenant[group])

    def running(self, group: str) -> list[RunningMember]:
        """Return the running members below a group, in the file's order."""
        return self._running_below.get(group, [])

    def size(self, group: str) -> int:
        """Return how many members are below a group, new and running."""
        return self._sizes[group]

    @cached_property
    def distances(self) -> ReferenceDistances:
        """How far hosts are from each other on the network graph, for checkers."""
        return ReferenceDistances(self.hosts)

    @cached_property
    def _running_below(self) -> dict[str, list[RunningMember]]:
        below: dict[str, list[RunningMember]] = {}
        for there in self.running_members:
            for group in self.above[there.group]:
                below.setdefault(group, []).append(there)
        return below

    @cached_property
    def _sizes(self) -> dict[str, int]:
        sizes = dict.fromkeys(self.below, 0)
        members = [member.group for member in self.new_members]
        members += [there.group for there in self.running_members]
        for name in members:
            for group in self.above[name]:
                sizes[group] += 1
        return sizes


def project(tenant: str | None) -> str:
    """Return the name above all groups of a project; no group can be called so."""
    return f"/{tenant or ''}"


def size_of(resources: Resources) -> Size:
    """Return resources in the form that makes identical members equal."""
    return tuple(sorted((name, amount) for name, amount in resources.items() if amount))


def _sized(sized: Sized) -> bool:
    return sized.flavor is not None or sized.resources is not None
