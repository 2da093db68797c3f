"""Conflicts that counting domains or hosts proves, whatever room these have."""

from __future__ import annotations

import numpy as np

from benchmarks.contradictions.plot import AVX, ZONES, Draft, Plot, Way, racks, zones
from benchmarks.support.fleets import SSD
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.exclusive import Exclusive
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.within import Outside
from groupsolver.model.compiled.arrays import Mask


def _zones_apart(plot: Plot) -> Draft:
    """1 rule: four members, one a zone, of three zones; or two a zone, and seven."""
    limit = int(plot.rng.integers(1, 3))
    return Draft(
        [plot.group("quorum", 3 * limit + 1, AntiAffinity(level="zone", max_per_domain=limit))]
    )


def _racks_apart(plot: Plot) -> Draft:
    """1 rule: one member more, one a rack, than racks have a ready host."""
    return Draft(
        [plot.group("racks", plot.racks(plot.fleet.enabled) + 1, AntiAffinity(level="rack"))]
    )


def _wide(plot: Plot) -> Draft:
    """1 rule: four or more members cover four zones, of three."""
    return Draft([plot.group("wide", 3 + plot.few(), Spread(level="zone", min_domains=4))])


def _even(plot: Plot) -> Draft:
    """1 rule: as many members in each of three zones, and their number is 3k + 1 or 3k + 2."""
    number = 3 * plot.few() + int(plot.rng.integers(1, 3))
    return Draft([plot.group("even", number, Spread(level="zone", max_skew=0))])


def _no_such_host(plot: Plot) -> Draft:
    """1 rule: a member on a host of more processors than any has."""
    most = int(plot.fleet.capacity("VCPU").max())
    return Draft([plot.group("huge", plot.few(), HostCapabilities(minimum={"VCPU": most + 1}))])


def _whole_domain(plot: Plot) -> Draft:
    """1 rule: a rack or a zone to itself.

    Something runs in every one, on all hosts but few.
    """
    return Draft(
        [plot.group("lonely", plot.few(), Exclusive(level=str(plot.rng.choice(["rack", "zone"]))))]
    )


def _racks_of_a_zone(plot: Plot) -> Draft:
    """2 rules: one member more, one a rack, than one zone has racks."""
    zone = plot.zone()
    number = plot.racks(plot.inside("zone", zone)) + 1
    return Draft([plot.group("rows", number, AntiAffinity(level="rack"), zones(zone))])


def _rack_mates(plot: Plot) -> Draft:
    """2 rules: one member more, one a host, than any rack has ready hosts."""
    number = int(np.bincount(plot.fleet.codes("rack")[plot.fleet.enabled]).max()) + 1
    return Draft([plot.group("mates", number, NetworkProximity(level="rack"), AntiAffinity())])


def _two_zones(plot: Plot) -> Draft:
    """2 rules: three zones are to be covered from within two."""
    two = plot.rng.choice(ZONES, size=2, replace=False).tolist()
    return Draft(
        [plot.group("wide", 2 + plot.few(), Spread(level="zone", min_domains=3), zones(*two))]
    )


def _together_and_wide(plot: Plot) -> Draft:
    """2 rules: all members in one rack, and in two at least."""
    return Draft(
        [
            plot.group(
                "torn", 1 + plot.few(), Affinity(level="rack"), Spread(level="rack", min_domains=2)
            )
        ]
    )


def _nowhere(plot: Plot) -> Draft:
    """2 rules: within some racks of a zone, outside that zone."""
    zone = plot.zone()
    names, _ = plot.some_racks(2, lambda hosts: not (hosts & ~plot.inside("zone", zone)).any())
    return Draft(
        [plot.group("exiled", plot.few(), racks(names), Outside(domains={"zone": (zone,)}))]
    )


def _big_hosts(plot: Plot) -> Draft:
    """2 rules: one member more, one a rack, than racks have a host of the largest type."""
    most = int(plot.fleet.capacity("VCPU")[plot.fleet.enabled].max())
    number = plot.racks(plot.fleet.enabled & (plot.fleet.capacity("VCPU") == most)) + 1
    return Draft(
        [
            plot.group(
                "big", number, AntiAffinity(level="rack"), HostCapabilities(minimum={"VCPU": most})
            )
        ]
    )


def _avx_racks(plot: Plot) -> Draft:
    """3 rules: one member more, one a rack, than a zone has racks with the trait."""
    zone = plot.zone()
    number = plot.racks(plot.inside("zone", zone) & plot.fleet.trait(AVX)) + 1
    rules = (AntiAffinity(level="rack"), zones(zone), HostCapabilities(required=(AVX,)))
    return Draft([plot.group("vectors", number, *rules)])


def _fast_hosts(plot: Plot) -> Draft:
    """3 rules: one member more, one a host, than three racks have ready hosts with the trait."""
    names, hosts = plot.some_racks(3, lambda hosts: bool((hosts & plot.fast()).any()))
    rules = (AntiAffinity(), racks(names), HostCapabilities(required=(SSD,)))
    return Draft([plot.group("fast", int((hosts & plot.fast()).sum()) + 1, *rules)])


def _fast_and_plain(plot: Plot) -> Draft:
    """3 rules, one in two pieces.

    Hosts with one trait and without another, of racks that have both kinds.
    """
    avx = plot.fleet.trait(AVX)

    def both(hosts: Mask) -> bool:
        # Either piece must be missed: some host has the one trait only for the other, and some has
        # neither.
        kinds = (avx & plot.fast(), ~avx & plot.fast(), ~avx & ~plot.fast())
        return all((hosts & kind).any() for kind in kinds)

    names, hosts = plot.some_racks(2, both)
    rules = (AntiAffinity(), racks(names), HostCapabilities(required=(SSD,), forbidden=(AVX,)))
    return Draft([plot.group("plain", int((hosts & plot.fast() & ~avx).sum()) + 1, *rules)])


def _either_trait(plot: Plot) -> Draft:
    """3 rules: hosts with one of two traits, of racks that have one of the two alone."""
    plain, fast = plot.fleet.enabled & ~plot.fleet.trait(AVX), plot.fast()
    names, hosts = plot.some_racks(
        2,
        lambda hosts: (
            not (hosts & ~plain).any() and bool((hosts & fast).any() and (hosts & ~fast).any())
        ),
    )
    rules = (AntiAffinity(), racks(names), HostCapabilities(any_of=(SSD, AVX)))
    return Draft([plot.group("either", int((hosts & fast).sum()) + 1, *rules)])


def _fresh_hosts(plot: Plot) -> Draft:
    """3 rules: hosts to themselves, one each.

    One more than the racks have hosts where nothing runs.
    """
    empty = plot.fleet.enabled & ~plot.fleet.busy
    names, hosts = plot.some_racks(4, lambda hosts: 0 < (hosts & empty).sum() < empty.sum())
    return Draft(
        [
            plot.group(
                "fresh", int((hosts & empty).sum()) + 1, AntiAffinity(), Exclusive(), racks(names)
            )
        ]
    )


def _picky(plot: Plot) -> Draft:
    """4 rules: one a host, with the trait, in some racks, but not on these.

    One more than are left.
    """
    names, hosts = plot.some_racks(3, lambda hosts: (hosts & plot.fast()).sum() >= 2)
    fast = [plot.fleet.names[row] for row in np.flatnonzero(hosts & plot.fast())]
    banned = plot.rng.choice(fast, size=len(fast) // 2, replace=False).tolist()
    rules = (
        AntiAffinity(),
        HostCapabilities(required=(SSD,)),
        racks(names),
        Outside(hosts=tuple(sorted(banned))),
    )
    return Draft([plot.group("picky", len(fast) - len(banned) + 1, *rules)])


def _cornered(plot: Plot) -> Draft:
    """5 rules: in one of two zones, one a rack, with a trait.

    One such rack of each is banned, and they are as many.
    """
    of_zone = {name: plot.fleet.trait(AVX) & plot.inside("zone", name) for name in ZONES}
    free = max(ZONES, key=lambda name: plot.racks(of_zone[name]))  # the third zone could take them
    two = [name for name in ZONES if name != free]
    number = max(plot.racks(of_zone[name]) for name in two)
    hosts = [plot.fleet.names[int(plot.rng.choice(np.flatnonzero(of_zone[name])))] for name in two]
    banned = tuple(plot.fleet.index[host].domains["rack"] for host in hosts)
    rules = (
        NetworkProximity(level="zone"),
        AntiAffinity(level="rack"),
        HostCapabilities(required=(AVX,)),
    )
    return Draft(
        [plot.group("cornered", number, *rules, zones(*two), Outside(domains={"rack": banned}))]
    )


WAYS: dict[str, Way] = {
    "zones-apart": _zones_apart,
    "racks-apart": _racks_apart,
    "wide": _wide,
    "even": _even,
    "no-such-host": _no_such_host,
    "whole-domain": _whole_domain,
    "racks-of-a-zone": _racks_of_a_zone,
    "rack-mates": _rack_mates,
    "two-zones": _two_zones,
    "together-and-wide": _together_and_wide,
    "nowhere": _nowhere,
    "big-hosts": _big_hosts,
    "avx-racks": _avx_racks,
    "fast-hosts": _fast_hosts,
    "fast-and-plain": _fast_and_plain,
    "either-trait": _either_trait,
    "fresh-hosts": _fresh_hosts,
    "picky": _picky,
    "cornered": _cornered,
}
