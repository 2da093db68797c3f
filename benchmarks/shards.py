"""The application of replicas and shards: groups of groups that move as units."""

from __future__ import annotations

import numpy as np

from benchmarks.support.applications import FLAVORS
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Members

REPLICAS, SHARDS, MEMBERS = 3, 8, 12


def replicas_and_shards(seed: int) -> Application:
    """Draw the flavor: each shard in one rack, the shards of a replica in one zone.

    No feed for two replicas.
    """
    flavor = str(np.random.default_rng([seed, 288]).choice(list(FLAVORS)))
    shards = [
        Group(
            name=f"r{replica}s{shard}",
            policies=(Affinity(level="rack"),),
            members=(Members(flavor=flavor, count=MEMBERS),),
        )
        for replica in range(REPLICAS)
        for shard in range(SHARDS)
    ]
    replicas = [
        Group(
            name=f"r{replica}",
            policies=(Affinity(level="zone"),),
            groups=tuple(f"r{replica}s{n}" for n in range(SHARDS)),
        )
        for replica in range(REPLICAS)
    ]
    apart = AntiAffinity(level="power_feed", between="children")
    top = Group(name="database", policies=(apart,), groups=tuple(group.name for group in replicas))
    return Application(flavors=FLAVORS, groups=(*shards, *replicas, top))
