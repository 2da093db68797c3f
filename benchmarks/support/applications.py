"""Seeded applications, drawn so that a placement exists.

One is planted, checked and thrown away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.support.board import plant
from benchmarks.support.fleets import SSD
from groupsolver.checking.check import judge
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Flavor, Members
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet


def _flavor(vcpu: int, memory_gb: int, disk_gb: int) -> Flavor:
    return Flavor(resources={"VCPU": vcpu, "MEMORY_MB": 1024 * memory_gb, "DISK_GB": disk_gb})


FLAVORS = {
    "m1.small": _flavor(1, 2, 20),
    "m1.medium": _flavor(2, 4, 40),
    "m1.large": _flavor(4, 8, 80),
    "m1.xlarge": _flavor(8, 16, 160),
    "c1.xlarge": _flavor(16, 16, 80),
    "r1.xlarge": _flavor(8, 64, 160),
    "i1.large": _flavor(4, 16, 480),
}

Draw = Callable[[np.random.Generator], Application]


def compiled(fleet: Fleet | CompiledFleet) -> CompiledFleet:
    """Compile a fleet unless it is compiled already."""
    return fleet if isinstance(fleet, CompiledFleet) else CompiledFleet(fleet)


def planted(fleet: CompiledFleet, seed: int, draw: Draw, tries: int = 50) -> Application:
    """Draw applications until one has a placement that the independent checker accepts."""
    rng = np.random.default_rng([seed, len(fleet)])
    for _ in range(tries):
        app = draw(rng)
        problem = Problem(app, fleet.index)
        placement = plant(CompiledProblem(problem, fleet), rng)
        if placement is not None and not judge(problem, placement, "pack").violations:
            return app
    raise RuntimeError(
        f"no application with a placement in {tries} draws: the fleet is too small or too full"
    )


def some_members(
    rng: np.random.Generator, number: int, flavors: int | None = None
) -> tuple[Members, ...]:
    """Return members of one flavor or two."""
    kinds = min(number, flavors or int(rng.integers(1, 3)))
    names = rng.choice(list(FLAVORS), size=kinds, replace=False).tolist()
    cuts = np.sort(rng.choice(np.arange(1, number), size=kinds - 1, replace=False)).tolist()
    bounds = [0, *cuts, number]
    return tuple(
        Members(flavor=name, count=bounds[i + 1] - bounds[i]) for i, name in enumerate(names)
    )


def _sizes(rng: np.random.Generator, groups: int, total: int, least: int) -> list[int]:
    sizes: list[int] = (
        least + rng.multinomial(total - least * groups, [1 / groups] * groups)
    ).tolist()
    return sizes


def application(fleet: Fleet | CompiledFleet, seed: int) -> Application:
    """Draw ten groups of 100 members: the issue's *application on a fleet*.

    Six groups with anti-affinity on hosts, two in one rack and apart on hosts, one spread
    over three zones, one of three members on one host; two of the ten need the trait
    ``STORAGE_DISK_SSD``. Half of the groups have two flavors.
    """
    arrays = compiled(fleet)
    return planted(arrays, seed, ten_groups)


def ten_groups(rng: np.random.Generator) -> Application:
    """Draw the application alone, whether it fits or not."""
    racked = rng.integers(4, 9, size=2).tolist()
    spread = int(rng.integers(6, 13))
    apart = _sizes(rng, 6, 100 - 3 - spread - sum(racked), 6)
    kinds: list[tuple[str, int, tuple[Policy, ...]]] = [
        *((f"apart-{i}", n, (AntiAffinity(),)) for i, n in enumerate(apart)),
        *(
            (f"rack-{i}", n, (NetworkProximity(level="rack"), AntiAffinity()))
            for i, n in enumerate(racked)
        ),
        ("zones", spread, (Spread(level="zone", min_domains=3),)),
        ("one-host", 3, (Affinity(),)),
    ]
    fast = rng.choice(len(kinds), size=2, replace=False).tolist()
    groups = []
    for i, (name, number, policies) in enumerate(kinds):
        needs = (HostCapabilities(required=(SSD,)),) if i in fast else ()
        groups.append(
            Group(name=name, policies=(*policies, *needs), members=some_members(rng, number))
        )
    order = rng.permutation(len(groups)).tolist()
    return Application(name="application", flavors=FLAVORS, groups=tuple(groups[i] for i in order))


def mixed_flavors(fleet: Fleet | CompiledFleet, seed: int) -> Application:
    """Draw four groups of ten members in five flavors each, on few hosts."""

    def draw(rng: np.random.Generator) -> Application:
        policies: list[tuple[Policy, ...]] = [
            (AntiAffinity(max_per_domain=2),),
            (NetworkProximity(level="rack"), AntiAffinity(max_per_domain=3)),
            (Spread(level="zone", max_skew=1),),
            (AntiAffinity(level="rack", max_per_domain=2), HostCapabilities(required=(SSD,))),
        ]
        groups = tuple(
            Group(name=f"mixed-{i}", policies=some, members=some_members(rng, 10, 5))
            for i, some in enumerate(policies)
        )
        return Application(name="mixed-flavors", flavors=FLAVORS, groups=groups)

    return planted(compiled(fleet), seed, draw)


def one_huge_group(fleet: Fleet | CompiledFleet, seed: int, members: int = 1000) -> Application:
    """Draw one group of many identical members, at most two on a host, evenly over zones."""

    def draw(rng: np.random.Generator) -> Application:
        policies = (AntiAffinity(max_per_domain=2), Spread(level="zone", max_skew=1))
        group = Group(name="huge", policies=policies, members=some_members(rng, members, 1))
        return Application(name="one-huge-group", flavors=FLAVORS, groups=(group,))

    return planted(compiled(fleet), seed, draw)
