"""Applications on a leaf-spine network.

One group is promised bandwidth, another must be near itself.
"""

from __future__ import annotations

import numpy as np

from benchmarks.support.applications import compiled, planted, ten_groups
from benchmarks.support.fleets import RACK, fleet
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Link

SPINES = 8
NEAR_US = 10  # two hosts of one rack are 4 us apart, of two racks 14


def leaf_spine(hosts: int, seed: int, *, rack: int = RACK) -> Fleet:
    """Draw a fleet whose racks are leaves.

    8 uplinks of 40 Gbit/s each, hosts at 25 Gbit/s, 30 to 95 % in use.
    """
    made = fleet(hosts, seed, rack=rack)
    rng = np.random.default_rng([seed, hosts, SPINES])

    def link(one: str, other: str, bandwidth: int, latency: int) -> Link:
        used = int(rng.uniform(0.3, 0.95) * bandwidth)
        return Link(
            between=(one, other), bandwidth_mbps=bandwidth, used_mbps=used, latency_us=latency
        )

    racks = dict.fromkeys(host.domains["rack"] for host in made.hosts)
    up = [link(rack, f"spine{i}", 40_000, 5) for rack in racks for i in range(SPINES)]
    down = [link(host.name, host.domains["rack"], 25_000, 2) for host in made.hosts]
    return made.model_copy(update={"links": (*up, *down)})


def networked(arrays: Fleet | CompiledFleet, seed: int) -> Application:
    """Draw the application of ten groups.

    One needs 2 to 8 Gbit/s a member, another has to stay within 10 us.
    """

    def draw(rng: np.random.Generator) -> Application:
        app = ten_groups(rng)
        apart = [group.name for group in app.groups if group.name.startswith("apart")]
        wide, near = rng.choice(apart, size=2, replace=False).tolist()
        extra: dict[str, Policy] = {
            wide: Bandwidth(mbps=int(rng.integers(2, 9)) * 1000),
            near: NetworkProximity(max_latency_us=NEAR_US),
        }
        groups = tuple(
            group.model_copy(update={"policies": (*group.policies, extra[group.name])})
            if group.name in extra
            else group
            for group in app.groups
        )
        return app.model_copy(update={"groups": groups})

    return planted(compiled(arrays), seed, draw)
