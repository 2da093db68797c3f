"""Seeded applications *where policies meet*.

Rules between groups, prices, parents, running members.
"""

from __future__ import annotations

import numpy as np

from benchmarks.support.applications import FLAVORS, compiled, planted, some_members
from benchmarks.support.fleets import SSD
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Existing
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet

_SIZES = {
    "lb": 6,
    "web": 16,
    "api": 14,
    "db": 6,
    "cache": 8,
    "search": 10,
    "queue": 6,
    "batch": 16,
    "etl": 14,
    "mon": 4,
}
_RUNNING = {"web": 2, "api": 2, "db": 1, "batch": 2, "search": 1}


def where_policies_meet(fleet: Fleet | CompiledFleet, seed: int) -> Application:
    """Draw ten groups of 100 members with two or three policies each, below three parents.

    Groups stand near and apart from each other at racks and zones, some policies are soft,
    and eight members run already (their resources are part of the fleet's ``used``).
    """
    arrays = compiled(fleet)
    return planted(arrays, seed, lambda rng: _draw(rng, arrays), tries=200)


def _draw(rng: np.random.Generator, fleet: CompiledFleet) -> Application:
    sizes = dict(_SIZES)
    for _ in range(8):  # members change sides, so that no two draws are alike
        loser, winner = rng.choice(
            [name for name in sizes if sizes[name] > 3], size=2, replace=False
        ).tolist()
        sizes[loser], sizes[winner] = sizes[loser] - 1, sizes[winner] + 1
    policies = _policies(rng)
    groups = [
        Group(name=name, policies=policies[name], members=some_members(rng, number))
        for name, number in sizes.items()
    ]
    weight = int(rng.integers(1, 4))
    groups += [
        Group(
            name="front",
            groups=("lb", "web"),
            policies=(
                AntiAffinity(max_per_domain=2),
                AntiAffinity(level="rack", max_per_domain=3, weight=weight),
            ),
        ),
        Group(
            name="data",
            groups=("db", "cache", "search"),
            policies=(
                AntiAffinity(max_per_domain=2),
                Spread(level="zone", min_domains=2, weight=weight),
            ),
        ),
        Group(
            name="all", groups=("front", "data", "api"), policies=(AntiAffinity(max_per_domain=3),)
        ),
    ]
    existing = _running(rng, fleet, groups)
    return Application(
        name="where-policies-meet", flavors=FLAVORS, groups=tuple(groups), existing=existing
    )


def _policies(rng: np.random.Generator) -> dict[str, tuple[Policy, ...]]:
    def weight() -> int:
        return int(rng.integers(1, 4))

    def level() -> str:
        return str(rng.choice(["zone", "rack"]))

    fast = HostCapabilities(required=(SSD,))
    return {
        "lb": (
            AntiAffinity(),
            Spread(level="zone", min_domains=3),
            Near(group="web", level="rack", weight=weight()),
        ),
        "web": (AntiAffinity(level="rack", max_per_domain=2), Spread(level="zone", max_skew=2)),
        "api": (
            AntiAffinity(),
            Near(group="db", level="zone"),
            AntiAffinity(level="rack", weight=weight()),
        ),
        "db": (fast, AntiAffinity(level="rack"), ApartFrom(group="etl", level="host")),
        "cache": (Near(group="api", level=level()), AntiAffinity(max_per_domain=2)),
        "search": (NetworkProximity(level="rack"), AntiAffinity(), fast),
        "queue": (
            Affinity(level="zone"),
            AntiAffinity(level="rack"),
            Near(group="api", level="rack", weight=weight()),
        ),
        "batch": (
            ApartFrom(group="db", level="rack"),
            AntiAffinity(max_per_domain=4),
            NetworkProximity(level=level(), weight=weight()),
        ),
        "etl": (
            NetworkProximity(level="rack"),
            AntiAffinity(max_per_domain=3),
            ApartFrom(group="search", level=level()),
        ),
        "mon": (
            Spread(level="zone", min_domains=3),
            Near(group="lb", level=level()),
            HostCapabilities(required=(SSD,), weight=weight()),
        ),
    }


def _running(
    rng: np.random.Generator, fleet: CompiledFleet, groups: list[Group]
) -> tuple[Existing, ...]:
    """Return of some hosts that part of what they use is members of ours."""
    flavor = {group.name: group.members[0].flavor for group in groups if group.members}
    fast = fleet.trait(SSD)
    found: list[Existing] = []
    left: dict[str, dict[str, int]] = {}
    for group, number in _RUNNING.items():
        name = flavor[group] or ""
        needs = FLAVORS[name].resources
        open_ = (
            np.flatnonzero(fleet.enabled & fast)
            if group in {"db", "search"}
            else np.flatnonzero(fleet.enabled)
        )
        for i in range(number):
            host = fleet.names[int(rng.choice(open_))]
            room = left.setdefault(host, dict(fleet.index[host].used))
            if all(room.get(resource, 0) >= amount for resource, amount in needs.items()):
                for resource, amount in needs.items():
                    room[resource] -= amount
                found.append(Existing(group=group, id=f"{group}-old-{i}", host=host, flavor=name))
    return tuple(found)
