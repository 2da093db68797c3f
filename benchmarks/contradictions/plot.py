"""Where conflicts are planted: a fleet with something of everything, and how a way looks at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.network import leaf_spine
from benchmarks.support.applications import FLAVORS
from benchmarks.support.fleets import RACK, SSD
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Group
from groupsolver.model.application import Existing, Members
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet

AVX = "HW_CPU_X86_AVX512F"  # of whole racks, every other: hosts of a rack were bought together
ZONES = ("z1", "z2", "z3")
_EMPTY = 6  # racks with a host on which nothing runs yet, at least


def varied(hosts: int, seed: int) -> Fleet:
    """Draw a leaf-spine fleet of at least ten racks in three zones.

    It has two traits, and some empty hosts.

    Every other rack of a zone has `AVX`; one rack in ten, six at least, has one host on which
    nothing runs. 120 hosts stand in racks of ten, 480 and more in racks of 40.
    """
    size = min(RACK, max(2, hosts // 12))
    made = leaf_spine(hosts, seed, rack=size)
    racks = -(-hosts // size)
    rng = np.random.default_rng([seed, hosts, 7])
    # Among the hosts that are enabled: the first of the rack from a drawn one on.
    empty = set()
    for rack in rng.permutation(racks)[: max(_EMPTY, racks // 10)].tolist():
        inside = [
            i for i in range(rack * size, min(hosts, (rack + 1) * size)) if made.hosts[i].enabled
        ]
        empty |= {int(rng.choice(inside))} if inside else set()
    grown = []
    for i, host in enumerate(made.hosts):
        traits = (*host.traits, AVX) if i // size // len(ZONES) % 2 else host.traits
        grown.append(
            host.model_copy(update={"traits": traits, "used": {} if i in empty else host.used})
        )
    return made.model_copy(update={"hosts": tuple(grown)})


@dataclasses.dataclass(frozen=True)
class Draft:
    """Groups that contradict each other.

    All their hard rules and sizes, and these resource classes, take part.
    """

    groups: Sequence[Group]
    room: tuple[str, ...] = ()
    existing: tuple[Existing, ...] = ()


@dataclasses.dataclass(frozen=True)
class Plot:
    """A fleet as a way sees it.

    Only hosts that are *ready* count: enabled, and not over capacity.
    """

    fleet: CompiledFleet
    rng: np.random.Generator
    flavor: str = "m1.small"

    def group(self, name: str, number: int, *policies: Policy) -> Group:
        return Group(
            name=name, policies=policies, members=(Members(flavor=self.flavor, count=number),)
        )

    def few(self) -> int:
        """Return a number of members that does not matter."""
        return int(self.rng.integers(1, 5))

    def zone(self) -> str:
        return str(self.rng.choice(ZONES))

    def inside(self, level: str, *names: str) -> Mask:
        """(H,) bool: the ready hosts in some domains."""
        return self.fleet.enabled & np.isin(
            self.fleet.codes(level), [self.fleet.code(level, name) for name in names]
        )

    def fast(self) -> Mask:
        return self.fleet.enabled & self.fleet.trait(SSD)

    def racks(self, hosts: Mask) -> int:
        """Count the racks in which some of the hosts stand."""
        return len(np.unique(self.fleet.codes("rack")[hosts]))

    def some_racks(
        self, number: int, suits: Callable[[Mask], bool]
    ) -> tuple[tuple[str, ...], Mask]:
        """Draw racks that together suit: their names, and their ready hosts."""
        names = self.fleet.index.domains("rack")
        for _ in range(1000):
            drawn = tuple(sorted(self.rng.choice(names, size=number, replace=False).tolist()))
            hosts = self.inside("rack", *drawn)
            if suits(hosts):
                return drawn, hosts
        raise RuntimeError("no racks suit: the fleet is too small or too even")

    def slots(self, room: str, most: int = 10_000) -> Ints:
        """(H,) int64: how many members each host takes by one resource class alone."""
        return self.fleet.slots({room: FLAVORS[self.flavor].resources[room]}, most)

    def greedy(self) -> tuple[Plot, str]:
        """Draw a resource class, and see the fleet by the flavor that takes most of it."""
        flavor, room = GREEDY[int(self.rng.integers(len(GREEDY)))]
        return dataclasses.replace(self, flavor=flavor), room


GREEDY = (("c1.xlarge", "VCPU"), ("r1.xlarge", "MEMORY_MB"), ("i1.large", "DISK_GB"))
Way = Callable[[Plot], Draft]


def racks(names: Sequence[str]) -> Within:
    return Within(domains={"rack": tuple(names)})


def zones(*names: str) -> Within:
    return Within(domains={"zone": names})
