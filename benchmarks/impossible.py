"""Seeded applications without a placement, each for a reason that counting alone proves.

Every one is a possible application, one or a few of whose groups were exchanged for groups
that cannot be placed; the reason stands in each function's docstring.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from benchmarks.support.applications import FLAVORS, application, compiled
from benchmarks.support.fleets import SSD
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Members
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet


@dataclasses.dataclass(frozen=True)
class _Place:
    """A fleet seen by one flavor."""

    fleet: CompiledFleet
    rng: np.random.Generator
    flavor: str

    def group(self, name: str, number: int, *policies: Policy) -> Group:
        return Group(
            name=name, policies=policies, members=(Members(flavor=self.flavor, count=number),)
        )

    def slots(self, most: int) -> Ints:
        return self.fleet.slots(FLAVORS[self.flavor].resources, most)

    def per_rack(self, slots: Ints) -> Ints:
        return np.bincount(self.fleet.codes("rack"), slots, self.fleet.domains("rack")).astype(
            np.int64
        )


def _too_few_ssd_hosts(place: _Place) -> list[Group]:
    """One member more, one a host, than three racks have hosts with the trait and the room."""
    fleet = place.fleet
    names = {
        fleet.index[name].domains["rack"] for name in place.rng.choice(fleet.names, size=3).tolist()
    }
    codes = [fleet.code("rack", name) for name in names]
    fit = (place.slots(1) > 0) & fleet.trait(SSD) & np.isin(fleet.codes("rack"), codes)
    there = Within(domains={"rack": tuple(sorted(names))})
    return [
        place.group(
            "few", int(fit.sum()) + 1, AntiAffinity(), HostCapabilities(required=(SSD,)), there
        )
    ]


def _too_few_racks(place: _Place) -> list[Group]:
    """One member more, one a rack, than a zone has racks with a fitting host of the trait."""
    fleet = place.fleet
    zone = str(place.rng.choice(["z1", "z2", "z3"]))
    fit = (
        (place.slots(1) > 0) & fleet.trait(SSD) & (fleet.codes("zone") == fleet.code("zone", zone))
    )
    racks = len(np.unique(fleet.codes("rack")[fit]))
    rules = (
        AntiAffinity(level="rack"),
        HostCapabilities(required=(SSD,)),
        Within(domains={"zone": (zone,)}),
    )
    return [place.group("racks", racks + 1, *rules)]


def _no_rack_holds(place: _Place) -> list[Group]:
    """One member more, one a host, than the best rack has hosts with room."""
    number = int(place.per_rack(place.slots(1)).max()) + 1
    return [place.group("row", number, NetworkProximity(level="rack"), AntiAffinity())]


def _rack_capacity(place: _Place) -> list[Group]:
    """One member more than all hosts of the best rack take together."""
    place = dataclasses.replace(
        place, flavor="r1.xlarge"
    )  # large members, lest it take a thousand of them
    number = int(place.per_rack(place.slots(1000)).max()) + 1
    return [place.group("heap", number, NetworkProximity(level="rack"))]


def _host_capacity(place: _Place) -> list[Group]:
    """One member more than the emptiest host takes."""
    return [place.group("stack", int(place.slots(1000).max()) + 1, Affinity())]


def _near_and_apart(place: _Place) -> list[Group]:
    """A is near B and B near C in their racks, so each A shares a rack with a C.

    Yet A keeps off C's zones.
    """
    return [
        place.group("a", 4, Near(group="b", level="rack"), ApartFrom(group="c", level="zone")),
        place.group("b", 4, Near(group="c", level="rack"), AntiAffinity()),
        place.group("c", 4, AntiAffinity()),
    ]


def _pigeons(place: _Place) -> list[Group]:
    """Four groups, pairwise in different zones, of which there are three."""
    names = [f"pigeon-{i}" for i in range(4)]
    return [
        place.group(
            name, 3, AntiAffinity(), *(ApartFrom(group=other, level="zone") for other in names[:i])
        )
        for i, name in enumerate(names)
    ]


def _two_zones(place: _Place) -> list[Group]:
    """Three zones are to be covered from within two."""
    two = tuple(place.rng.choice(["z1", "z2", "z3"], size=2, replace=False).tolist())
    return [
        place.group("wide", 8, Spread(level="zone", min_domains=3), Within(domains={"zone": two}))
    ]


def _shared_rack(place: _Place) -> list[Group]:
    """Two groups share a rack that, host by host, takes one member less than both have."""
    fleet = place.fleet
    slots = place.per_rack(place.slots(3))
    rack = int(place.rng.choice(np.flatnonzero(slots >= 2)))
    host = fleet.names[int(np.flatnonzero(fleet.codes("rack") == rack)[0])]
    there = Within(domains={"rack": (fleet.index[host].domains["rack"],)})
    number = int(slots[rack]) + 1
    groups = [
        place.group("left", number // 2, there),
        place.group("right", number - number // 2, there),
    ]
    return [
        *groups,
        Group(name="both", groups=("left", "right"), policies=(AntiAffinity(max_per_domain=3),)),
    ]


WAYS: dict[str, Callable[[_Place], list[Group]]] = {
    "too-few-ssd-hosts": _too_few_ssd_hosts,
    "too-few-racks": _too_few_racks,
    "no-rack-holds": _no_rack_holds,
    "rack-capacity": _rack_capacity,
    "host-capacity": _host_capacity,
    "near-and-apart": _near_and_apart,
    "pigeons": _pigeons,
    "two-zones": _two_zones,
    "shared-rack": _shared_rack,
}


def impossible(fleet: Fleet | CompiledFleet, seed: int, way: str | None = None) -> Application:
    """Draw an application that has no placement, on a fleet of three zones.

    Parameters
    ----------
    fleet : Fleet or CompiledFleet
    seed : int
    way : str, optional
        One of `WAYS`; by default they take turns with the seed. The application is named by it.
    """
    arrays = compiled(fleet)
    way = way or list(WAYS)[seed % len(WAYS)]
    rng = np.random.default_rng([seed, len(arrays), 1])
    bad = WAYS[way](_Place(arrays, rng, str(rng.choice(["m1.large", "m1.xlarge", "r1.xlarge"]))))
    rest = application(arrays, seed).groups[len(bad) :]
    # Among the others, not at the end, so that the order gives no hint.
    at = int(rng.integers(0, len(rest) + 1))
    return Application(name=way, flavors=FLAVORS, groups=(*rest[:at], *bad, *rest[at:]))
