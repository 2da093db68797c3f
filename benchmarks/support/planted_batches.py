"""Seeded batches of many groups that are known to fit, because a placement is drawn with them.

The placement is drawn first, onto hosts with room to spare. Then the load of the hosts is raised
until the batch takes a given share of all free room of its scarcest resource:

    fill = demand of all groups / free room of all enabled hosts

For example, groups that need 85 GB of memory are drawn onto hosts with 110 GB free, and the hosts
are loaded with 10 GB more: the fill is 85 / 100 = 0.85. The other resources are less scarce, by the
factors in `SCARCITY`. A fill above 1 is more than fits: then only some of the groups are planted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from benchmarks.support.applications import FLAVORS
from benchmarks.support.fleets import RACK, RESOURCES, SSD, fleet
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Members
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet

# Share of the groups, by what relates their members.
SHARES = {"apart": 0.60, "together": 0.15, "rack": 0.15, "zones": 0.10}
POLICIES: dict[str, Policy] = {
    "apart": AntiAffinity(),
    "together": Affinity(),
    "rack": Affinity(level="rack"),
    "zones": Spread(level="zone", min_domains=3),
}
NEEDS_TRAIT = 0.2  # share of the groups that need the trait
HAS_TRAIT = 0.35  # share of the hosts that have it
SPREAD_OVER = 3  # zones
MOST_TOGETHER = 5  # members on one host
LEAST_MEMBERS = {"apart": 2, "together": 2, "rack": 2, "zones": SPREAD_OVER}
# How full each resource is, as a share of how full the scarcest one is.
SCARCITY = {"VCPU": 0.92, "MEMORY_MB": 1.0, "DISK_GB": 0.80}
ROOM_TO_PLANT = 1.3  # free room while the placement is drawn, as a multiple of the demand
MORE_THAN_WANTED = 1.05  # the same, as a multiple of the free room that is left in the end
PLANTED_FILL = 0.95  # share of the room that planted groups take where more is asked for than fits
GRAIN = np.array([1, 512, 10])  # of amounts in use, as of flavors
RACKS_A_ZONE = 2  # at least

# The resources of each flavor, (F, 3) int64, smallest memory first.
NAMES = sorted(FLAVORS, key=lambda name: FLAVORS[name].resources["MEMORY_MB"])
SIZES_OF_FLAVORS = np.array(
    [[FLAVORS[name].resources[resource] for resource in RESOURCES] for name in NAMES]
)


@dataclass(frozen=True)
class BatchSize:
    """How large a batch is."""

    hosts: int
    members: int
    groups: int


SIZES = {
    "S": BatchSize(50, 96, 15),
    "M": BatchSize(200, 1_000, 100),
    "L": BatchSize(1_000, 5_000, 400),
    "XL": BatchSize(5_000, 25_000, 2_000),
}


class DoesNotFit(Exception):
    """A group found no place while the placement was drawn."""


@dataclass(frozen=True)
class PlantedBatch:
    """A batch, and a placement that shows that its planted groups fit.

    Attributes
    ----------
    fleet : Fleet
    application : Application
        All groups as one application. None names another.
    placement : dict of str to str
        The host of each member of the planted groups. No method may see it.
    fill : float
        Demand over free room, of the scarcest resource.
    planted : tuple of str
        The groups that are planted, in the order of the application; all where `fill` is at most 1.
    """

    fleet: Fleet
    application: Application
    placement: dict[str, str] = field(repr=False)
    fill: float
    planted: tuple[str, ...]

    @cached_property
    def compiled(self) -> CompiledFleet:
        """The compiled fleet."""
        return compile_fleet(self.fleet)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The number of members of each group."""
        return {
            group.name: sum(members.count for members in group.members)
            for group in self.application.groups
        }

    @property
    def members(self) -> int:
        """The number of members of all groups."""
        return sum(self.sizes.values())

    @property
    def planted_value(self) -> int:
        """The members of the planted groups: what the best answer places at least."""
        return sum(self.sizes[name] for name in self.planted)

    def planted_application(self) -> Application:
        """Return the planted groups alone."""
        names = set(self.planted)
        groups = tuple(group for group in self.application.groups if group.name in names)
        return self.application.model_copy(update={"groups": groups})

    def applications(self) -> dict[str, Application]:
        """Return one application a group, by the group's name.

        What each is worth is the number of its members, in `sizes`.
        """
        return {
            group.name: Application(
                name=group.name,
                flavors={str(one.flavor): FLAVORS[str(one.flavor)] for one in group.members},
                groups=(group,),
            )
            for group in self.application.groups
        }


@dataclass
class DrawnGroup:
    """A group as it is drawn: `counts` are the members of each flavor, by the flavor's row."""

    name: str
    kind: str
    needs_trait: bool
    counts: dict[int, int]

    @property
    def demand(self) -> Ints:
        """(3,) int64: what all members take together."""
        rows = list(self.counts)
        numbers = np.array([self.counts[row] for row in rows])
        demand: Ints = numbers @ SIZES_OF_FLAVORS[rows]
        return demand

    def shrink(self) -> None:
        """Give the members of the largest flavor the next smaller one. Raises `DoesNotFit`."""
        largest = max(self.counts)
        if largest == 0:
            raise DoesNotFit(self.name)
        number = self.counts.pop(largest)
        self.counts[largest - 1] = self.counts.get(largest - 1, 0) + number

    def group(self) -> Group:
        """Return the group of the application."""
        needs = (HostCapabilities(required=(SSD,)),) if self.needs_trait else ()
        members = tuple(
            Members(flavor=NAMES[row], count=count) for row, count in self.counts.items()
        )
        return Group(name=self.name, policies=(POLICIES[self.kind], *needs), members=members)


def planted_batch(
    *, hosts: int, members: int, groups: int, fill: float = 0.85, seed: int = 1
) -> PlantedBatch:
    """Draw a batch with a placement.

    Parameters
    ----------
    hosts, members, groups : int
    fill : float, default 0.85
        What the batch takes of all free room of its scarcest resource. Above 1, groups are added
        beyond the planted ones. It is more where the empty fleet has too little room for it.
    seed : int, default 1
        The same arguments give the same batch.

    Raises
    ------
    DoesNotFit
        Where no placement is drawn: the batch is too large for so few hosts.
    """
    rng = np.random.default_rng([seed, hosts, members, groups])
    zones = SPREAD_OVER if hosts < 1_000 else SPREAD_OVER + 2
    rack = min(RACK, max(2, hosts // (RACKS_A_ZONE * zones)))
    # Its hosts have types, domains and traits; their load is drawn below.
    empty = fleet(hosts, seed, zones=zones, rack=rack, load=(0.0, 0.0), ssd=HAS_TRAIT)
    drawn = list(_groups(rng, members, groups))
    limit = 1.0 if fill <= 1.0 else PLANTED_FILL / fill
    planted = _planted_part(rng, drawn, limit)
    board = PlantingBoard(empty, rng)
    room = max(ROOM_TO_PLANT, MORE_THAN_WANTED / fill)
    board.load_for(room * np.sum([group.demand for group in planted], axis=0))
    for group in sorted(planted, key=_hardness):
        board.plant(group)
    demand = np.sum([group.demand for group in drawn], axis=0)
    board.raise_load(demand, fill)
    names = {group.name for group in planted}
    application = Application(
        name="batch", flavors=FLAVORS, groups=tuple(group.group() for group in drawn)
    )
    return PlantedBatch(
        fleet=board.loaded_fleet(),
        application=application,
        placement=board.placement(drawn),
        fill=fill,
        planted=tuple(group.name for group in drawn if group.name in names),
    )


# Groups.


def _groups(rng: np.random.Generator, members: int, groups: int) -> Iterator[DrawnGroup]:
    """Yield groups in a random order, whose members sum up to what is asked for."""
    kinds = _dealt(rng, groups)
    needs_trait = np.zeros(groups, dtype=np.bool_)
    needs_trait[rng.choice(groups, size=round(NEEDS_TRAIT * groups), replace=False)] = True
    numbers = _numbers_of_members(rng, kinds, members)
    for i, kind in enumerate(kinds):
        number = numbers[i]
        yield DrawnGroup(
            name=f"g{i:04d}-{kind}",
            kind=kind,
            needs_trait=bool(needs_trait[i]),
            counts=_flavors(rng, number),
        )


def _dealt(rng: np.random.Generator, groups: int) -> list[str]:
    """Return the kind of each group, by the shares."""
    bounds = np.round(np.cumsum(list(SHARES.values())) * groups).astype(np.int64)
    numbers = np.diff(bounds, prepend=0)
    kinds = np.repeat(list(SHARES), numbers)
    return [str(kind) for kind in rng.permutation(kinds)]


def _numbers_of_members(rng: np.random.Generator, kinds: list[str], members: int) -> list[int]:
    """Return the number of members of each group."""
    numbers = np.array([LEAST_MEMBERS[kind] for kind in kinds])
    together = np.array([kind == "together" for kind in kinds])
    least = LEAST_MEMBERS["together"]
    numbers[together] = rng.integers(least, MOST_TOGETHER + 1, size=int(together.sum()))
    left = members - int(numbers.sum())
    if left < 0:
        raise DoesNotFit(f"{len(kinds)} groups have at least {numbers.sum()} members")
    weights = np.where(together, 0.0, rng.gamma(4.0, size=len(kinds)))
    numbers += rng.multinomial(left, weights / weights.sum())
    return [int(number) for number in numbers]


def _flavors(rng: np.random.Generator, number: int) -> dict[int, int]:
    """Return how many members there are of each flavor: of one, or of two."""
    kinds = int(rng.integers(1, 3))
    rows = [int(row) for row in rng.choice(len(NAMES), size=kinds, replace=False)]
    if kinds == 1:
        return {rows[0]: number}
    first = int(rng.integers(1, number))
    return {rows[0]: first, rows[1]: number - first}


def _planted_part(
    rng: np.random.Generator, drawn: list[DrawnGroup], limit: float
) -> list[DrawnGroup]:
    """Return the groups that are planted: their demand is at most `limit` of the whole."""
    if limit >= 1.0:
        return drawn
    memory = RESOURCES.index("MEMORY_MB")
    order = [int(i) for i in rng.permutation(len(drawn))]
    demand = np.array([drawn[i].demand[memory] for i in order])
    taken = np.cumsum(demand) <= limit * demand.sum()
    return [drawn[i] for i, is_taken in zip(order, taken, strict=True) if is_taken]


def _hardness(group: DrawnGroup) -> tuple[int, int]:
    """What comes first while the placement is drawn: what needs one host, then large members."""
    return (group.kind != "together", -max(group.counts))


# The placement.


class PlantingBoard:
    """The hosts while the placement is drawn.

    Parameters
    ----------
    empty : Fleet
        Without load.
    rng : numpy.random.Generator
    """

    def __init__(self, empty: Fleet, rng: np.random.Generator) -> None:
        self.empty = empty
        self.rng = rng
        capacities = [host.capacity() for host in empty.hosts]
        self.capacity = np.array([[one[name] for name in RESOURCES] for one in capacities])
        self.enabled = np.array([host.enabled for host in empty.hosts])
        self.with_trait = np.array([SSD in host.traits for host in empty.hosts])
        _, self.rack = np.unique([h.domains["rack"] for h in empty.hosts], return_inverse=True)
        _, self.zone = np.unique([h.domains["zone"] for h in empty.hosts], return_inverse=True)
        self.free = self.capacity.copy()
        self.rows: dict[str, list[tuple[int, int]]] = {}  # group -> flavor and host of each member

    def load_for(self, room: Floats) -> None:
        """Load the hosts unevenly, so that so much room is free, or more where it is less scarce.

        No host is loaded where the fleet has not so much room.
        """
        level = self.rng.uniform(0.1, 1.0, size=(len(self.capacity), 1))
        noise = self.rng.normal(1.0, 0.1, size=self.capacity.shape).clip(0.7, 1.3)
        drawn = self.capacity * level * noise
        scarcity = np.array([SCARCITY[name] for name in RESOURCES])
        wanted = room / scarcity
        factor = np.ones(len(RESOURCES))
        # No host has more free than its capacity, so that a factor too small is met in steps.
        for _ in range(8):
            free = np.minimum(drawn * factor, self.capacity)
            factor *= wanted / free[self.enabled].sum(axis=0)
        free = np.minimum(drawn * factor, self.capacity)
        self.free = (free / GRAIN).astype(np.int64) * GRAIN
        self.load = np.zeros_like(self.free)

    def plant(self, group: DrawnGroup) -> None:
        """Draw hosts for a group, with smaller flavors where there is no room. Raises."""
        while True:
            try:
                rows = self._hosts_for(group)
            except DoesNotFit:
                group.shrink()
                continue
            self._take(rows)
            self.rows[group.name] = rows
            return

    def _hosts_for(self, group: DrawnGroup) -> list[tuple[int, int]]:
        open_ = self.enabled & self.with_trait if group.needs_trait else self.enabled
        if group.kind == "together":
            fits = open_ & (self.free - self.load >= group.demand).all(axis=1)
            (row,) = self._sample(fits, 1)
            return [(flavor, row) for flavor, n in group.counts.items() for _ in range(n)]
        if group.kind == "rack":
            return self._in_one_rack(group, open_)
        if group.kind == "zones":
            return self._over_zones(group, open_)
        return self._apart(group.counts, open_)

    def _apart(self, counts: Mapping[int, int], open_: Mask) -> list[tuple[int, int]]:
        """Return a host of its own for each member."""
        left = open_.copy()
        found = []
        for flavor, number in counts.items():
            rows = self._sample(left & self._fits(flavor, self.free - self.load), number)
            left[rows] = False
            found += [(flavor, row) for row in rows]
        return found

    def _within(self, counts: Mapping[int, int], open_: Mask) -> list[tuple[int, int]]:
        """Return hosts for members, apart as far as there are enough. Raises `DoesNotFit`."""
        room = self.free - self.load
        found: list[tuple[int, int]] = []
        for flavor, number in counts.items():
            left = number
            while left:
                fits = open_ & self._fits(flavor, room)
                rows = self._sample(fits, min(left, max(1, int(fits.sum()))))
                room[rows] -= SIZES_OF_FLAVORS[flavor]
                found += [(flavor, row) for row in rows]
                left -= len(rows)
        return found

    def _in_one_rack(self, group: DrawnGroup, open_: Mask) -> list[tuple[int, int]]:
        """Return hosts in one rack. Raises `DoesNotFit` where no rack has room."""
        for rack in self.rng.permutation(self.rack.max() + 1):
            try:
                return self._within(group.counts, open_ & (self.rack == rack))
            except DoesNotFit:
                continue
        raise DoesNotFit(group.name)

    def _over_zones(self, group: DrawnGroup, open_: Mask) -> list[tuple[int, int]]:
        """Return hosts in three zones."""
        zones = self.rng.choice(self.zone.max() + 1, size=SPREAD_OVER, replace=False)
        members = [flavor for flavor, number in group.counts.items() for _ in range(number)]
        found = []
        for i, zone in enumerate(zones):
            here = members[i::SPREAD_OVER]
            counts = {flavor: here.count(flavor) for flavor in here}
            found += self._within(counts, open_ & (self.zone == zone))
        # In the order of the group's members.
        return sorted(found, key=lambda member: members.index(member[0]))

    def _fits(self, flavor: int, room: Ints) -> Mask:
        fits: Mask = (room >= SIZES_OF_FLAVORS[flavor]).all(axis=1)
        return fits

    def _sample(self, mask: Mask, number: int) -> list[int]:
        """Draw different hosts, those with more room left more often. Raises `DoesNotFit`.

        The largest of log(weight) + Gumbel noise are a sample without replacement (Efraimidis and
        Spirakis 2006, doi:10.1016/j.ipl.2005.11.003).
        """
        rows = np.flatnonzero(mask)
        if len(rows) < number:
            raise DoesNotFit("too few hosts")
        memory = RESOURCES.index("MEMORY_MB")
        weights = np.maximum(1, self.free[rows, memory] - self.load[rows, memory])
        keys = np.log(weights) + self.rng.gumbel(size=len(rows))
        chosen = np.argsort(-keys)[:number]
        return [int(row) for row in rows[chosen]]

    def _take(self, members: list[tuple[int, int]]) -> None:
        for flavor, row in members:
            self.load[row] += SIZES_OF_FLAVORS[flavor]

    def raise_load(self, demand: Ints, fill: float) -> None:
        """Take away free room until a demand is `fill` of what the scarcest resource has left."""
        for i, name in enumerate(RESOURCES):
            slack = np.where(self.enabled, self.free[:, i] - self.load[:, i], 0) // GRAIN[i]
            wanted = demand[i] / (fill * SCARCITY[name]) - self.load[self.enabled, i].sum()
            units = min(int(slack.sum()), max(0, round(wanted / GRAIN[i])))
            kept = _scaled_down(slack, units) * GRAIN[i]
            self.free[:, i] = np.where(self.enabled, self.load[:, i] + kept, self.free[:, i])

    def loaded_fleet(self) -> Fleet:
        """Return the fleet with its load."""
        used = (self.capacity - self.free).tolist()
        hosts = tuple(
            host.model_copy(update={"used": dict(zip(RESOURCES, amounts, strict=True))})
            for host, amounts in zip(self.empty.hosts, used, strict=True)
        )
        return Fleet(levels=self.empty.levels, hosts=hosts)

    def placement(self, groups: list[DrawnGroup]) -> dict[str, str]:
        """Return the host of each member that is planted."""
        names = [host.name for host in self.empty.hosts]
        return {
            f"{group.name}/{i}": names[row]
            for group in groups
            for i, (_, row) in enumerate(self.rows.get(group.name, ()))
        }


def _scaled_down(amounts: Ints, total: int) -> Ints:
    """Scale whole amounts so that they sum up to a smaller total.

    For example, 3, 3 and 2 to a total of 4: 1.5, 1.5 and 1 are 2, 1 and 1.
    """
    exact = amounts * (total / max(1, int(amounts.sum())))
    scaled: Ints = np.floor(exact).astype(np.int64)
    order = np.argsort(scaled - exact, kind="stable")
    scaled[order[: total - int(scaled.sum())]] += 1
    return scaled
