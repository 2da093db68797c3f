"""Conflicts between groups: chains of `near` and `apart-from`, parents and their children."""

from __future__ import annotations

import numpy as np

from benchmarks.contradictions.plot import ZONES, Draft, Plot, Way, racks, zones
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.exclusive import Exclusive
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.within import Outside
from groupsolver.constraints.registry import Group
from groupsolver.model.application import Existing


def _child_a_zone(plot: Plot) -> Draft:
    """1 rule: four groups below one, at most one of them in a zone, of three zones."""
    names = [f"shard-{i}" for i in range(4)]
    top = Group(
        name="shards",
        groups=tuple(names),
        policies=(AntiAffinity(level="zone", between="children"),),
    )
    return Draft([*(plot.group(name, plot.few()) for name in names), top])


def _shared_rack(plot: Plot) -> Draft:
    """3 rules: two groups within one rack, three members of both a host.

    One more than thrice its ready hosts.
    """
    names, hosts = plot.some_racks(1, lambda hosts: bool(hosts.any()))
    number = 3 * int(hosts.sum()) + 1
    groups = [
        plot.group("left", number // 2, racks(names)),
        plot.group("right", number - number // 2, racks(names)),
    ]
    return Draft(
        [
            *groups,
            Group(
                name="both", groups=("left", "right"), policies=(AntiAffinity(max_per_domain=3),)
            ),
        ]
    )


def _roommates(plot: Plot) -> Draft:
    """2 rules: a host to itself, or to its project.

    Another project's group is near, on the same host.
    """
    rule = Exclusive(scope="group" if plot.rng.random() < 0.5 else "tenant")
    alone = plot.group("alone", 1, rule).model_copy(update={"tenant_id": "one"})
    guest = plot.group("guest", plot.few(), Near(group="alone")).model_copy(
        update={"tenant_id": "other"}
    )
    return Draft([alone, guest])


def _running(plot: Plot) -> Draft:
    """2 rules: each has a running member of the other group in its zone.

    All of these run in a zone that is banned.
    """
    zone = plot.zone()
    host = plot.fleet.names[int(plot.rng.choice(np.flatnonzero(plot.inside("zone", zone))))]
    follower = plot.group(
        "late", plot.few(), Near(group="old", level="zone"), Outside(domains={"zone": (zone,)})
    )
    there = Existing(group="old", id="old-0", host=host, resources={})
    return Draft([follower, Group(name="old")], existing=(there,))


def _even_and_apart(plot: Plot) -> Draft:
    """2 rules: six members, evenly but for one, are two in each of three zones.

    A group that shares none has none.
    """
    balanced = plot.group("even", 6, Spread(level="zone", max_skew=1))
    return Draft([balanced, plot.group("shy", plot.few(), ApartFrom(group="even", level="zone"))])


def _near_and_apart(plot: Plot) -> Draft:
    """3 rules: A near B and B near C in their racks, so A shares a zone with C.

    A keeps apart from C.
    """
    return Draft(
        [
            plot.group(
                "a", plot.few(), Near(group="b", level="rack"), ApartFrom(group="c", level="zone")
            ),
            plot.group("b", plot.few(), Near(group="c", level="rack")),
            plot.group("c", plot.few()),
        ]
    )


def _torn_family(plot: Plot) -> Draft:
    """3 rules: a group's children in two zones, and all of it in one."""
    one, other = plot.rng.choice(ZONES, size=2, replace=False).tolist()
    below = [
        plot.group("east", plot.few(), zones(one)),
        plot.group("west", plot.few(), zones(other)),
    ]
    return Draft(
        [*below, Group(name="world", groups=("east", "west"), policies=(Affinity(level="zone"),))]
    )


def _covering_children(plot: Plot) -> Draft:
    """3 rules: children cover two racks, and both are within one."""
    names, _ = plot.some_racks(1, lambda hosts: bool(hosts.any()))
    below = [plot.group(name, plot.few(), racks(names)) for name in ("first", "second")]
    wide = Spread(level="rack", min_domains=2, between="children")
    return Draft([*below, Group(name="pair", groups=("first", "second"), policies=(wide,))])


def _crowded_out(plot: Plot) -> Draft:
    """3 rules: A covers all zones and each has a B in its own.

    C keeps off the zones of B, which are all.
    """
    return Draft(
        [
            plot.group(
                "a",
                2 + plot.few(),
                Spread(level="zone", min_domains=3),
                Near(group="b", level="zone"),
            ),
            plot.group("b", 3 + plot.few()),
            plot.group("c", plot.few(), ApartFrom(group="b", level="zone")),
        ]
    )


def _three_in_two(plot: Plot) -> Draft:
    """4 rules: three groups, pairwise in different zones, all within two."""
    two = plot.rng.choice(ZONES, size=2, replace=False).tolist()
    names = ("red", "green", "blue")
    below = [
        plot.group(name, plot.few(), ApartFrom(group=names[i - 1], level="zone"))
        for i, name in enumerate(names)
    ]
    return Draft([*below, Group(name="colors", groups=names, policies=(zones(*two),))])


def _long_way(plot: Plot) -> Draft:
    """4 rules: A covers all zones, each has a B in its own and each B a C.

    D keeps off the zones of C.
    """
    return Draft(
        [
            plot.group(
                "a",
                2 + plot.few(),
                Spread(level="zone", min_domains=3),
                Near(group="b", level="zone"),
            ),
            plot.group("b", 3 + plot.few(), Near(group="c", level="zone")),
            plot.group("c", 3 + plot.few()),
            plot.group("d", plot.few(), ApartFrom(group="c", level="zone")),
        ]
    )


def _chain(plot: Plot) -> Draft:
    """5 rules: A near B near C near D near E, rack by rack, so A shares a zone with E.

    A keeps apart from E.
    """
    names = ("a", "b", "c", "d", "e")
    near = [Near(group=name, level="rack") for name in names[1:]]
    apart = ApartFrom(group="e", level="zone")
    return Draft(
        [
            plot.group("a", plot.few(), near[0], apart),
            *(
                plot.group(name, plot.few(), rule)
                for name, rule in zip(names[1:4], near[1:], strict=True)
            ),
            plot.group("e", plot.few()),
        ]
    )


def _no_zone_left(plot: Plot) -> Draft:
    """5 rules: A covers two zones, not the third, and each has a B in its own.

    C shares no zone with B, and is not in the third.
    """
    third = Outside(domains={"zone": (plot.zone(),)})
    return Draft(
        [
            plot.group(
                "a",
                1 + plot.few(),
                Spread(level="zone", min_domains=2),
                Near(group="b", level="zone"),
                third,
            ),
            plot.group("b", 2 + plot.few()),
            plot.group("c", plot.few(), ApartFrom(group="b", level="zone"), third),
        ]
    )


WAYS: dict[str, Way] = {
    "child-a-zone": _child_a_zone,
    "roommates": _roommates,
    "running": _running,
    "even-and-apart": _even_and_apart,
    "shared-rack": _shared_rack,
    "near-and-apart": _near_and_apart,
    "torn-family": _torn_family,
    "covering-children": _covering_children,
    "crowded-out": _crowded_out,
    "three-in-two": _three_in_two,
    "long-way": _long_way,
    "chain": _chain,
    "no-zone-left": _no_zone_left,
}
