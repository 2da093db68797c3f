"""What a picture shows of each host: its members, and its use before and after the placement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.fleet import Host
from groupsolver.picture.conflicts.named_places import NamedPlaces


class Mark(NamedTuple):
    """One member of the application on a host; `new` where this placement put it there."""

    number: int
    id: str
    group: str
    host: str
    new: bool
    resources: Mapping[str, int]
    cell: str | None = None


class Usage(NamedTuple):
    """One resource of a host or a domain.

    `before` is in use without the new members, which take `added`, of `capacity`.
    """

    resource: str
    before: int
    added: int
    capacity: int

    @property
    def share(self) -> float:
        """Share in use after the placement; above 1 where there is too little."""
        return self.of(self.before + self.added)

    def of(self, amount: int) -> float:
        """Return `amount` as a share of the capacity."""
        return share(amount, self.capacity)


def share(amount: int, capacity: int) -> float:
    """Return `amount` as a share of `capacity`; infinity for an amount of what there is none."""
    if capacity:
        return amount / capacity
    return inf if amount else 0.0


class HostState:
    """A host with its members after the placement.

    Attributes
    ----------
    host : Host
    marks : list of Mark
    amounts : list of tuple
        The fields of a `Usage` for each resource that the host has or uses. They are plain tuples,
        since a large fleet has many of them and few are looked at.
    share : float
        Share in use of the fullest resource; it decides how full the host looks.
    over : bool
        Whether more is used of something than there is.
    named_by : tuple of int
        The rules of a conflict that speak of the host, by their numbers.

    Parameters
    ----------
    host : Host
    marks : list of Mark
    pooled : collection of str, optional
        Classes that the host takes from pools: they are no part of its own use.
    named_by : tuple of int, optional
    """

    __slots__ = ("amounts", "host", "marks", "named_by", "over", "share")

    def __init__(
        self,
        host: Host,
        marks: list[Mark],
        pooled: Collection[str] = (),
        named_by: tuple[int, ...] = (),
    ) -> None:
        self.host = host
        self.marks = marks
        self.named_by = named_by
        used = _without(host.in_use(), pooled)
        added = _without(self.added(), pooled)
        capacity = host.capacity()
        self.amounts = [
            (name, used.get(name, 0), added.get(name, 0), size) for name, size in capacity.items()
        ]
        if not (used.keys() | added.keys()) <= capacity.keys():
            for name in dict.fromkeys((*used, *added)):
                before = used.get(name, 0)
                more = added.get(name, 0)
                if name not in capacity and (before or more):
                    self.amounts.append((name, before, more, 0))
        self.share = max(
            [share(before + more, size) for _, before, more, size in self.amounts], default=0.0
        )
        self.over = self.share > 1

    @property
    def drawn_alone(self) -> bool:
        """Whether it is drawn by itself in a fleet of any size: it has members, or is named."""
        return bool(self.marks or self.named_by)

    def usages(self) -> list[Usage]:
        """Return each resource that the host has or uses."""
        return [Usage(*amount) for amount in self.amounts]

    def added(self) -> dict[str, int]:
        """Return what the new members take of each resource."""
        added: dict[str, int] = {}
        for mark in self.marks:
            if mark.new:
                for name, amount in mark.resources.items():
                    added[name] = added.get(name, 0) + amount
        return added

    def cells(self) -> list[tuple[str, list[Usage]]]:
        """Return each NUMA cell of the host with its own resources."""
        found = []
        for name, cell in zip(self.host.cell_names(), self.host.cells, strict=True):
            taken = [mark.resources for mark in self.marks if mark.new and mark.cell == name]
            usages = []
            for resource, inventory in cell.inventory.items():
                before = cell.used.get(resource, 0)
                added = sum(resources.get(resource, 0) for resources in taken)
                usages.append(Usage(resource, before, added, inventory.capacity))
            found.append((name, usages))
        return found

    @property
    def fullest(self) -> Usage | None:
        """The resource that is used most, if the host has any."""
        return max(self.usages(), key=lambda usage: usage.share, default=None)


def _without(amounts: Mapping[str, int], names: Collection[str]) -> Mapping[str, int]:
    if not names:
        return amounts
    return {name: amount for name, amount in amounts.items() if name not in names}


@dataclass
class Tally:
    """Sums over the hosts of a domain.

    Attributes
    ----------
    hosts, disabled, over, reserved : int
        Numbers of hosts.
    share : float
        The hosts' shares, summed; see `mean`.
    sums : dict of str to list of int
        Of each resource: what was in use, what the new members add, and the capacity.
    marks : list of Mark
    named_by : set of int
        The rules of a conflict that speak of a host or a domain inside.
    """

    hosts: int = 0
    disabled: int = 0
    over: int = 0
    reserved: int = 0
    share: float = 0.0
    sums: dict[str, list[int]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    named_by: set[int] = field(default_factory=set)

    @property
    def worth_a_frame(self) -> bool:
        """Whether some host or domain inside is drawn by itself in a fleet of any size."""
        return bool(self.marks or self.named_by)

    @property
    def mean(self) -> float:
        """Mean share in use of the hosts' fullest resources, each at most 1."""
        return self.share / self.hosts if self.hosts else 0.0

    def groups(self) -> Counter[str]:
        """Count the members of each group."""
        return Counter(mark.group for mark in self.marks)

    def add(self, other: Tally) -> None:
        """Add the sums of other hosts."""
        self.hosts += other.hosts
        self.disabled += other.disabled
        self.over += other.over
        self.reserved += other.reserved
        self.share += other.share
        self.marks += other.marks
        self.named_by |= other.named_by
        for name, (before, added, capacity) in other.sums.items():
            self.add_usage(name, before, added, capacity)

    def add_usage(self, name: str, before: int, added: int, capacity: int) -> None:
        """Add the fields of a `Usage`."""
        sums = self.sums.get(name)
        if sums is None:
            self.sums[name] = [before, added, capacity]
        else:
            sums[0] += before
            sums[1] += added
            sums[2] += capacity

    def usages(self) -> list[Usage]:
        """Return the sums of each resource."""
        return [Usage(name, *sums) for name, sums in self.sums.items()]


def tally_of(states: Iterable[HostState]) -> Tally:
    """Sum over hosts."""
    total = Tally()
    for state in states:
        total.hosts += 1
        total.disabled += not state.host.enabled
        total.over += state.over
        total.reserved += bool(state.host.reserved_for)
        total.share += min(1.0, state.share)
        total.marks += state.marks
        total.named_by.update(state.named_by)
        for amount in state.amounts:
            total.add_usage(*amount)
    return total


def host_states(
    problem: Problem,
    placement: Mapping[str, str],
    cells: Mapping[str, str],
    named: NamedPlaces,
) -> list[HostState]:
    """Return each host of a problem with its members, and the rules that speak of it.

    Members are numbered: the new ones in the file's order, then the running ones.
    """
    cell_of = {member.id: member.cell for member in problem.app.existing} | dict(cells)
    placed = [
        (member.id, member.group, placement[member.id], True, dict(member.size))
        for member in problem.new_members
        if member.id in placement
    ]
    placed += [
        (member.id, member.group, member.host, False, member.resources)
        for member in problem.running_members
    ]
    by_host: dict[str, list[Mark]] = {}
    for number, fields in enumerate(placed):
        mark = Mark(number, *fields, cell_of.get(fields[0]))
        by_host.setdefault(mark.host, []).append(mark)
    pools = problem.hosts.pools
    return [
        HostState(host, by_host.get(host.name, []), pools.classes_of(host), named.of_host(host))
        for host in problem.hosts
    ]
