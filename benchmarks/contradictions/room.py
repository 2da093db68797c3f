"""Conflicts in which the room of hosts takes part: a resource class or two."""

from __future__ import annotations

import numpy as np

from benchmarks.contradictions.plot import Draft, Plot, Way, racks
from benchmarks.support.fleets import SSD
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.registry import Group
from groupsolver.model.application import Members
from groupsolver.model.compiled.arrays import Mask

HOST_MBPS = 25_000  # what a host's link has in all


def _stack(plot: Plot) -> Draft:
    """1 rule: all on one host, one more than the emptiest takes by one class."""
    plot, room = plot.greedy()
    return Draft([plot.group("stack", int(plot.slots(room).max()) + 1, Affinity())], (room,))


def _heap(plot: Plot) -> Draft:
    """1 rule: all in one rack, one more than the hosts of any rack take together by one class."""
    plot, room = plot.greedy()
    number = int(np.bincount(plot.fleet.codes("rack"), plot.slots(room)).max()) + 1
    return Draft([plot.group("heap", number, NetworkProximity(level="rack"))], (room,))


def _one_hop(plot: Plot) -> Draft:
    """1 rule: two hosts are two hops apart, so one hop means one host.

    No host takes so many by one class.
    """
    plot, room = plot.greedy()
    return Draft(
        [plot.group("clique", int(plot.slots(room).max()) + 1, NetworkProximity(max_hops=1))],
        (room,),
    )


def _thin_wire(plot: Plot) -> Draft:
    """1 rule: too many for one host.

    From one host to another a member may send more than a host's link has.
    """
    plot, room = plot.greedy()
    number = int(plot.slots(room).max()) + 1
    return Draft([plot.group("chatty", number, Bandwidth(mbps=HOST_MBPS + 1))], (room,))


def _both_large(plot: Plot) -> Draft:
    """1 rule: of the two hosts allowed, either has too little of one class.

    Some other has enough of both.
    """
    free, ready = (
        {room: plot.fleet.free(room) for room in ("VCPU", "MEMORY_MB")},
        plot.fleet.enabled,
    )
    for _ in range(1000):
        one, other = plot.rng.choice(np.flatnonzero(ready), size=2, replace=False).tolist()
        needs = {"VCPU": int(free["VCPU"][one]), "MEMORY_MB": int(free["MEMORY_MB"][other])}
        short = free["VCPU"][other] < needs["VCPU"] and free["MEMORY_MB"][one] < needs["MEMORY_MB"]
        if (
            short
            and (
                ready & np.logical_and.reduce([free[room] >= need for room, need in needs.items()])
            ).any()
        ):
            there = Within(hosts=tuple(sorted(plot.fleet.names[row] for row in (one, other))))
            group = Group(name="large", policies=(there,), members=(Members(resources=needs),))
            return Draft([group], tuple(needs))
    raise RuntimeError("no two hosts suit: the fleet is too even")


def _shared_room(plot: Plot) -> Draft:
    """2 rules: two groups within one rack, together one more than its hosts take by one class."""
    plot, room = plot.greedy()
    slots = plot.slots(room)
    names, hosts = plot.some_racks(1, lambda hosts: slots[hosts].sum() >= 2)
    number = int(slots[hosts].sum()) + 1
    groups = [
        plot.group("left", number // 2, racks(names)),
        plot.group("right", number - number // 2, racks(names)),
    ]
    return Draft(groups, (room,))


def _narrow_hosts(plot: Plot) -> Draft:
    """3 rules: with a trait, in some racks, two a host at most.

    One more than the hosts take by one class.
    """
    plot, room = plot.greedy()
    slots, two = plot.slots(room), plot.slots(room, 2)

    def number(hosts: Mask) -> int:
        return int(two[hosts & plot.fast()].sum()) + 1

    def missed(hosts: Mask) -> bool:
        # Without the limit, the class, or the trait there is room for one more.
        fast = hosts & plot.fast()
        return number(hosts) <= min(
            int(slots[fast].sum()), 2 * int(fast.sum()), int(two[hosts].sum())
        )

    names, hosts = plot.some_racks(3, missed)
    rules = (AntiAffinity(max_per_domain=2), HostCapabilities(required=(SSD,)), racks(names))
    return Draft([plot.group("narrow", number(hosts), *rules)], (room,))


def _family(plot: Plot) -> Draft:
    """2 rules: two groups on one host, one of them on this one.

    Together one more than it takes by one class.
    """
    plot, room = plot.greedy()
    slots = plot.slots(room)
    row = int(
        plot.rng.choice(np.flatnonzero((slots >= 2) & (slots < slots.max())))
    )  # the emptiest takes one more
    there, number = Within(hosts=(plot.fleet.names[row],)), int(slots[row]) + 1
    below = [
        plot.group("parents", number // 2),
        plot.group("children", number - number // 2, there),
    ]
    return Draft(
        [*below, Group(name="family", groups=("parents", "children"), policies=(Affinity(),))],
        (room,),
    )


WAYS: dict[str, Way] = {
    "stack": _stack,
    "heap": _heap,
    "one-hop": _one_hop,
    "thin-wire": _thin_wire,
    "both-large": _both_large,
    "shared-room": _shared_room,
    "family": _family,
    "narrow-hosts": _narrow_hosts,
}
