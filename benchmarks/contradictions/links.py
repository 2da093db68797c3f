"""Conflicts of the network: hops, latency, bandwidth."""

from __future__ import annotations

from benchmarks.contradictions.plot import Draft, Plot, Way, racks
from benchmarks.contradictions.room import HOST_MBPS
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.registry import Group

_IN_RACK_HOPS, _IN_RACK_US = 2, 4  # between two hosts of one rack; of two racks: 4 hops, 14 us


def _hops(plot: Plot) -> Draft:
    """2 rules: two hosts at most two hops apart stand in one rack, and members stand one a rack."""
    return Draft(
        [
            plot.group(
                "tight",
                1 + plot.few(),
                NetworkProximity(max_hops=_IN_RACK_HOPS),
                AntiAffinity(level="rack"),
            )
        ]
    )


def _latency(plot: Plot) -> Draft:
    """2 rules: 4 us reach no other rack, and the two groups share none."""
    near, apart = (
        Near(group="store", max_latency_us=_IN_RACK_US),
        ApartFrom(group="reader", level="rack"),
    )
    return Draft([plot.group("reader", plot.few(), near), plot.group("store", plot.few(), apart)])


def _loud(plot: Plot) -> Draft:
    """2 rules: one a host, so each host's link carries one member's rate.

    That is more than the link has.
    """
    return Draft(
        [plot.group("loud", 1 + plot.few(), AntiAffinity(), Bandwidth(mbps=HOST_MBPS + 1))]
    )


def _far_talk(plot: Plot) -> Draft:
    """2 rules: the two groups share no host.

    The rate of one member at least crosses a link that has less.
    """
    talk, apart = Bandwidth(mbps=HOST_MBPS + 1, to="sink"), ApartFrom(group="source")
    return Draft([plot.group("source", plot.few(), talk), plot.group("sink", plot.few(), apart)])


def _uplinks(plot: Plot) -> Draft:
    """3 rules: 20 members in each of two racks, of one group.

    20 rates cross uplinks of which 20 are more.
    """
    names, _ = plot.some_racks(2, lambda hosts: plot.racks(hosts) == 2)
    half = 20
    free = min(plot.fleet.index.free_mbps("rack", name) or 0 for name in names)
    groups = [plot.group(f"half-{i}", half, racks([name])) for i, name in enumerate(names)]
    return Draft(
        [
            *groups,
            Group(
                name="mesh",
                groups=("half-0", "half-1"),
                policies=(Bandwidth(mbps=free // half + 1),),
            ),
        ]
    )


WAYS: dict[str, Way] = {
    "hops": _hops,
    "latency": _latency,
    "loud": _loud,
    "far-talk": _far_talk,
    "uplinks": _uplinks,
}
