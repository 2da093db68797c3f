"""What a picture tells: each host with what stands on it, before the placement and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.fleet import Host


class Mark(NamedTuple):
    """One member of the application; `new` where this placement put it."""

    number: int
    id: str
    group: str
    host: str
    new: bool
    resources: Mapping[str, int]
    cell: str | None = None


class Use(NamedTuple):
    """One resource of a host or a domain: what was in use, what the new members add, what there is."""

    resource: str
    before: int
    added: int
    capacity: int

    @property
    def share(self) -> float:
        """Share in use after the placement; above 1 where there is too little."""
        return self.of(self.before + self.added)

    def of(self, amount: int) -> float:
        """Give `amount` as a share of the capacity."""
        return share(amount, self.capacity)


def share(amount: int, capacity: int) -> float:
    """Give `amount` as a share of `capacity`; something of what there is none is above any capacity."""
    return amount / capacity if capacity else inf if amount else 0.0


class Stand:
    """A host as it stands after the placement.

    Attributes
    ----------
    host : Host
    marks : list of Mark
    share : float
        Share in use of the fullest resource; it decides how full the host looks.
    over : bool
        Whether more is used of something than there is.
    """

    __slots__ = ("amounts", "host", "marks", "over", "share")

    def __init__(self, host: Host, marks: list[Mark]) -> None:
        self.host = host
        self.marks = marks
        used, added, capacity = host.in_use(), self.added(), host.capacity()
        # Plain tuples, the fields of `Use`: a fleet has many of them, and few are ever looked at.
        self.amounts = [
            (name, used.get(name, 0), added.get(name, 0), size) for name, size in capacity.items()
        ]
        for name in (
            dict.fromkeys((*used, *added))
            if not (used.keys() | added.keys()) <= capacity.keys()
            else ()
        ):
            if name not in capacity and (used.get(name) or added.get(name)):
                self.amounts.append((name, used.get(name, 0), added.get(name, 0), 0))
        self.share = max(
            [share(before + more, size) for _, before, more, size in self.amounts], default=0.0
        )
        self.over = self.share > 1

    def uses(self) -> list[Use]:
        """Give each resource that the host has or uses."""
        return [Use(*amount) for amount in self.amounts]

    def added(self) -> dict[str, int]:
        """Give what the new members take of each resource."""
        added: dict[str, int] = {}
        for mark in self.marks:
            for name, amount in mark.resources.items() if mark.new else ():
                added[name] = added.get(name, 0) + amount
        return added

    def cells(self) -> list[tuple[str, list[Use]]]:
        """Give each cell of the host with its own resources."""
        found = []
        for name, cell in zip(self.host.cell_names(), self.host.cells, strict=True):
            here = [mark.resources for mark in self.marks if mark.new and mark.cell == name]
            found.append(
                (
                    name,
                    [
                        Use(
                            what,
                            cell.used.get(what, 0),
                            sum(taken.get(what, 0) for taken in here),
                            inventory.capacity,
                        )
                        for what, inventory in cell.inventory.items()
                    ],
                )
            )
        return found

    @property
    def fullest(self) -> Use | None:
        """The resource that is used most, if the host has any."""
        return max(self.uses(), key=lambda use: use.share, default=None)


@dataclass
class Tally:
    """Sums over the hosts of a domain.

    Attributes
    ----------
    hosts, disabled, over : int
    share : float
        The hosts' shares, summed; see `mean`.
    sums : dict of str to list of int
        What was in use, what the new members add and what there is, of each resource.
    marks : list of Mark
    """

    hosts: int = 0
    disabled: int = 0
    over: int = 0
    share: float = 0.0
    sums: dict[str, list[int]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean share in use of the hosts' fullest resources, a host over capacity taken as full."""
        return self.share / self.hosts if self.hosts else 0.0

    def groups(self) -> Counter[str]:
        """How many members of each group stand here."""
        return Counter(mark.group for mark in self.marks)

    def add(self, other: Tally) -> None:
        """Add the sums of hosts that are not counted yet."""
        self.hosts += other.hosts
        self.disabled += other.disabled
        self.over += other.over
        self.share += other.share
        self.marks += other.marks
        for name, (before, added, capacity) in other.sums.items():
            self.use(name, before, added, capacity)

    def use(self, name: str, before: int, added: int, capacity: int) -> None:
        """Add so much of a resource."""
        sums = self.sums.get(name)
        if sums is None:
            self.sums[name] = [before, added, capacity]
        else:
            sums[0] += before
            sums[1] += added
            sums[2] += capacity

    def uses(self) -> list[Use]:
        """Give the sums of each resource."""
        return [Use(name, *sums) for name, sums in self.sums.items()]


def tally(stands: Iterable[Stand]) -> Tally:
    """Sum over hosts."""
    total = Tally()
    for stand in stands:
        total.hosts += 1
        total.disabled += not stand.host.enabled
        total.over += stand.over
        total.share += min(1.0, stand.share)
        total.marks += stand.marks
        for amount in stand.amounts:
            total.use(*amount)
    return total


def stands_of(
    problem: Problem, placement: Mapping[str, str], cells: Mapping[str, str]
) -> list[Stand]:
    """Put the members of a problem onto its hosts: the new ones in the file's order, then those that run."""
    here: dict[str, list[Mark]] = {}
    inside = {there.id: there.cell for there in problem.app.existing} | dict(cells)
    placed = [
        (m.id, m.group, placement[m.id], True, dict(m.size))
        for m in problem.new_members
        if m.id in placement
    ]
    placed += [
        (there.id, there.group, there.host, False, there.resources)
        for there in problem.running_members
    ]
    for number, mark in enumerate(placed):
        here.setdefault(mark[2], []).append(Mark(number, *mark, inside.get(mark[0])))
    return [Stand(host, here.get(host.name, [])) for host in problem.hosts]
