"""What happens on a day of a scheduler: applications arrive and leave, hosts go and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks import alibaba
from benchmarks.support.applications import FLAVORS
from benchmarks.support.fleets import SSD, fleet
from groupsolver import Application, Fleet, Group, Members
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.exclusive import Exclusive
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.policies.within import Outside, Within
from groupsolver.constraints.policy import Policy
from groupsolver.model.application import BETWEEN
from groupsolver.model.fleet import Link

FIRST_LOAD, LAST_LOAD = 0.5, 1.4  # offered, as a share of what the fleet has free
Rng = np.random.Generator


@dataclass(frozen=True)
class Arrival:
    """An application that comes."""

    name: str
    app: Application


@dataclass(frozen=True)
class Departure:
    """An application that leaves, where it runs."""

    name: str


@dataclass(frozen=True)
class HostChange:
    """A host that is taken out of service and comes back empty, or is lost."""

    name: str
    lost: bool


Event = Arrival | Departure | HostChange


def fleet_of_day(hosts: int, seed: int) -> Fleet:
    """Draw a fleet with links from each rack to a core, of which little is free."""
    drawn = fleet(hosts, seed, load=(0.8, 1.0))
    racks = sorted({host.domains["rack"] for host in drawn.hosts})
    links = [Link(between=(rack, "core"), bandwidth_mbps=40_000) for rack in racks]
    return Fleet(levels=drawn.levels, hosts=drawn.hosts, links=links)


def day(of: Fleet, events: int, seed: int, draw: Callable[[Rng], list[Group]]) -> list[Event]:
    """Draw what happens: arrivals while less is offered than the load of the hour, else departures.

    Parameters
    ----------
    of : Fleet
    events : int
    seed : int
    draw : callable
        Returns the groups of an application.
    """
    rng = np.random.default_rng([seed, events])
    free = _free(of)
    offered: dict[str, dict[str, int]] = {}
    happened: list[Event] = []
    for number in range(events):
        load = FIRST_LOAD + (LAST_LOAD - FIRST_LOAD) * number / events
        if number % 200 == 199:
            name = of.hosts[int(rng.integers(len(of.hosts)))].name
            happened.append(HostChange(name, lost=number % 400 == 399))
        elif _share(offered.values(), free) < load:
            name = f"app{number:04d}"
            app = Application(
                name=name, flavors=FLAVORS, groups=tuple(_related(draw(rng), offered, rng))
            )
            offered[name] = _demand(app)
            happened.append(Arrival(name, app))
        else:
            name = str(rng.choice(list(offered)))
            del offered[name]
            happened.append(Departure(name))
    return happened


def _free(of: Fleet) -> dict[str, int]:
    total: dict[str, int] = {}
    for host in of.hosts:
        for name, amount in host.unused().items():
            total[name] = total.get(name, 0) + amount * host.enabled
    return total


def _demand(app: Application) -> dict[str, int]:
    total: dict[str, int] = {}
    for group in app.groups:
        for members in group.members:
            for name, amount in app.resources(members).items():
                total[name] = total.get(name, 0) + amount * members.count
    return total


def _share(demands: Iterable[Mapping[str, int]], free: Mapping[str, int]) -> float:
    total: dict[str, int] = dict.fromkeys(free, 0)
    for demand in demands:
        for name, amount in demand.items():
            total[name] += amount
    return max(total[name] / max(1, free[name]) for name in free)


def _related(groups: list[Group], offered: Mapping[str, object], rng: Rng) -> Iterator[Group]:
    """Yield the groups; the first of one application in eight stays apart from an earlier one."""
    for i, group in enumerate(groups):
        if i == 0 and offered and rng.random() < 1 / 8:
            other = f"{rng.choice(list(offered)[-20:])}{BETWEEN}{group.name}"
            yield group.model_copy(
                update={"policies": (*group.policies, ApartFrom(group=other, level="host"))}
            )
        else:
            yield group


def groups_of_day(rng: Rng) -> list[Group]:
    """Draw the groups of an application of 5 to 80 members, with policies of all kinds."""
    total = int(rng.integers(5, 81))
    number = min(int(rng.integers(1, 6)), total // 2)
    sizes = (2 + rng.multinomial(total - 2 * number, [1 / number] * number)).tolist()
    flavors = list(FLAVORS)
    groups = []
    for i, size in enumerate(sizes):
        first, second = rng.choice(flavors, size=2, replace=False).tolist()
        most = int(rng.integers(1, size + 1))
        members = [Members(flavor=first, count=most)]
        if most < size:
            members.append(Members(flavor=second, count=size - most))
        policies = _policies(rng, i, size)
        groups.append(Group(name=f"g{i}", policies=policies, members=members))
    return groups


def _policies(rng: Rng, position: int, size: int) -> tuple[Policy, ...]:
    """Draw the policies of a group; half of all groups are apart on hosts."""
    kinds: list[tuple[float, tuple[Policy, ...]]] = [
        (0.36, (AntiAffinity(),)),
        (0.10, (AntiAffinity(max_per_domain=3), Spread(level="zone", min_domains=3))),
        (0.08, (NetworkProximity(level="rack"), AntiAffinity(max_per_domain=4))),
        (0.08, (HostCapabilities(required=(SSD,)), AntiAffinity(max_per_domain=2))),
        (0.08, (AntiAffinity(level="rack", max_per_domain=max(1, size // 4)),)),
        (0.06, (AntiAffinity(weight=1),)),
        (0.06, (Within(domains={"zone": ("z1", "z2")}),)),
        (0.05, (Outside(domains={"zone": ("z3",)}), AntiAffinity(weight=2))),
        (0.05, (Bandwidth(mbps=100), AntiAffinity(level="rack", max_per_domain=size))),
        (0.04, (Affinity(level="zone"),)),
        (0.02, (Exclusive(),) if size <= 6 else ()),
        (0.02, (Survives(level="host"),) if size <= 8 else ()),
    ]
    chosen = int(rng.choice(len(kinds), p=[share for share, _ in kinds]))
    policies = kinds[chosen][1]
    if position and rng.random() < 0.1:
        policies = (*policies, Near(group="g0", level="zone"))
    return policies


def trace_day(trace: alibaba.Trace, events: int, seed: int) -> tuple[Fleet, list[Event]]:
    """Return the nodes of a public trace, and a day of applications made of its pods.

    Pods arrive in the order of the trace, 5 to 80 at a time: an application of one to three groups.
    They leave as on the drawn day.
    """
    nodes = alibaba.fleet(trace, seed, load=0.3)
    links = [
        Link(between=(rack, "core"), bandwidth_mbps=40_000)
        for rack in sorted({host.domains["rack"] for host in nodes.hosts})
    ]
    of = Fleet(levels=nodes.levels, hosts=nodes.hosts, links=links)
    position = 0

    def draw(rng: Rng) -> list[Group]:
        nonlocal position
        groups = []
        for i in range(int(rng.integers(1, 4))):
            size = int(rng.integers(5, 27))
            pods = [trace.pods[(position + k) % len(trace.pods)] for k in range(size)]
            position += size
            members = alibaba.shapes_of(np.array(pods))
            most = max(1, size // 3)
            policies: tuple[Policy, ...] = (AntiAffinity(max_per_domain=most),)
            if rng.random() < 0.3:
                policies = (AntiAffinity(max_per_domain=2), Spread(level="zone", min_domains=2))
            groups.append(Group(name=f"g{i}", policies=policies, members=members))
        return groups

    return of, day(of, events, seed, draw)
