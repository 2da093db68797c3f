"""An application held against a fleet: names resolved, nesting unrolled, members numbered.

What the checkers, the encodings and the heuristics all read. Plain values; knows neither
arrays nor ortools.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from groupsolver.constraints.problem.validation import name_faults
from groupsolver.errors import BadInput
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.nesting import above_of, below_of
from groupsolver.model.network.reference_distances import Distances

if TYPE_CHECKING:
    from groupsolver.constraints.policy import Policy

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


@dataclass(frozen=True)
class Rule:
    """A policy, and the group that it belongs to."""

    group: str
    policy: Policy

    def __str__(self) -> str:
        return self.policy.describe(self.group)

    @property
    def tier(self) -> int | None:
        """Priority of a soft rule that has one: it has no price, its tier is bounded as a whole."""
        return None if self.policy.hard else self.policy.priority

    @property
    def weight(self) -> int:
        """Units that its measure costs in the objective of a stage: none where it is hard or in a tier."""
        return self.policy.weight or 0 if self.tier is None else 0


class Problem:
    """One application over one fleet.

    Parameters
    ----------
    app : Application
    hosts : HostIndex

    Raises
    ------
    BadInput
        Where the application names a level or a running member's host that the fleet lacks,
        or its sums leave 64 bits.

    Attributes
    ----------
    new_members : tuple of Member
        What is to be placed, in the file's order.
    running_members : tuple of Standing
        What runs already.
    rules : tuple of Rule
    below, above : dict of str to frozenset of str
        Groups below (above) each group, itself included; `EVERYONE` is above all, and `project(tenant)`
        above a project's and what is below these.
    children : dict of str to tuple of str
        Groups right below each.
    groups : tuple of str
        Every group's name.
    warnings : tuple of str
    """

    def __init__(self, app: Application[Any], hosts: HostIndex) -> None:
        self.app = app
        self.hosts = hosts
        faults, self.warnings = name_faults(app, hosts)
        if faults:
            raise BadInput(faults)
        self.below = below_of(app.groups)
        self.children = {group.name: tuple(group.groups) for group in app.groups}
        self.groups = tuple(self.below)
        self._tenant = {group.name: group.tenant_id for group in app.groups}
        for group in self.groups:
            whose = project(self._tenant[group])
            self.below[whose] = self.below.get(whose, frozenset()) | self.below[group]
        self.below[EVERYONE] = frozenset(self.groups)
        self.above = above_of(self.below)
        ids = {id_: members for group in app.groups for id_, members in member_ids(group)}
        running = {there.id for there in app.existing}
        self.running_members = tuple(
            RunningMember(
                there.id,
                there.group,
                there.host,
                # A member of the file that runs already need not say its size again.
                app.resources(ids[there.id] if there.id in ids and not _sized(there) else there),
            )
            for there in app.existing
        )
        self.new_members = tuple(
            Member(id_, group.name, size_of(app.resources(members)))
            for group in app.groups
            for id_, members in member_ids(group)
            if id_ not in running
        )
        self.rules = tuple(
            Rule(group.name, policy) for group in app.groups for policy in group.policies
        )
        self._open: dict[tuple[str, str], frozenset[str]] = {}
        self._running: dict[str, list[RunningMember]] = {}

    def hard(self) -> Iterator[Rule]:
        """Give the rules that must hold."""
        return (rule for rule in self.rules if rule.policy.hard)

    def soft(self) -> Iterator[Rule]:
        """Give the rules that have a price."""
        return (rule for rule in self.rules if not rule.policy.hard)

    def rules_over(self, group: str) -> list[Rule]:
        """Give the rules of a group and of all groups above it: those that speak of its members."""
        return [rule for rule in self.rules if rule.group in self.above[group]]

    def project(self, group: str) -> str:
        """Give what stands above all groups of a group's project; groups that do not say are all of one."""
        return project(self._tenant[group])

    def running(self, group: str) -> list[RunningMember]:
        """Give the running members below a group."""
        if group not in self._running:
            self._running[group] = [
                there for there in self.running_members if there.group in self.below[group]
            ]
        return self._running[group]

    def size(self, group: str) -> int:
        """How many members stand below a group, new and running."""
        return self._sizes[group]

    @cached_property
    def distances(self) -> Distances:
        """How far hosts are from each other on the network graph, for checkers."""
        return Distances(self.hosts)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        sizes = dict.fromkeys(self.below, 0)
        for name in (
            *(member.group for member in self.new_members),
            *(there.group for there in self.running_members),
        ):
            for group in self.above[name]:
                sizes[group] += 1
        return sizes

    def eligible(self, group: str, host: Host) -> bool:
        """Whether a host is enabled and meets the hard per-host policies over a group, room aside."""
        rules = self.rules_over(group)
        return host.enabled and all(
            rule.policy.admits(host) for rule in rules if rule.policy.told_hard
        )

    def open_domains(self, group: str, level: str) -> frozenset[str]:
        """Give the domains of a level with a host that is eligible for a group, looked for once."""
        if (group, level) not in self._open:
            domains = self.hosts.domains(level)
            self._open[group, level] = frozenset(
                name
                for name in domains
                if any(self.eligible(group, host) for host in self.hosts.hosts_in(level, name))
            )
        return self._open[group, level]


def project(tenant: str | None) -> str:
    """Give the name that stands above all groups of a project; no group can be called so."""
    return f"/{tenant or ''}"


def size_of(resources: Resources) -> Size:
    """Give resources in the form that makes identical members equal."""
    return tuple(sorted((name, amount) for name, amount in resources.items() if amount))


def _sized(sized: Any) -> bool:
    return sized.flavor is not None or sized.resources is not None
