"""Zones of hosts that are near the same others, against pairs of hosts."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.network.proximity_zones import ProximityZones, zones_of


def table(*rows: str) -> Mask:
    return np.array([[letter == "x" for letter in row] for row in rows])


def near_hosts(zones: ProximityZones, one: int, other: int) -> bool:
    return bool(zones.of(int(zones.codes[one]))[zones.codes[other]])


def test_two_switches_are_two_zones() -> None:
    # Classes 0 and 1, near themselves alone: hosts 0 and 1 on one switch, host 2 on another.
    zones = zones_of("", np.array([0, 0, 1]), table("x.", ".x"))
    assert zones.codes[0] == zones.codes[1] != zones.codes[2]
    assert zones.equivalence


def test_classes_that_are_near_the_same_classes_are_one_zone() -> None:
    zones = zones_of("", np.array([0, 1, 1]), table("xx", "xx"))
    assert len(zones.kinds) == 1


def test_hosts_of_a_class_that_is_not_near_itself_are_zones_of_their_own() -> None:
    zones = zones_of("", np.array([0, 0, 0]), table("."))
    assert len(zones.kinds) == 3
    assert not near_hosts(zones, 0, 1)
    assert near_hosts(zones, 0, 0)


def test_a_chain_is_no_equivalence() -> None:
    # 0 near 1, 1 near 2, and 0 not near 2.
    zones = zones_of("", np.array([0, 1, 2]), table("xx.", "xxx", ".xx"))
    assert not zones.equivalence
    first, middle, last = zones.codes.tolist()
    assert np.flatnonzero(zones.of(first)).tolist() == sorted([first, middle])
    ends = zones.of(first) & zones.of(last)
    assert np.flatnonzero(ends).tolist() == [middle]
    both = ~zones.of(middle)
    both[[first, last]] = True
    assert zones.reached(both).all()
    assert np.flatnonzero(zones.reached_by_all(both)).tolist() == [middle]
    assert zones.among(np.array([first, last])).tolist() == [[True, False], [False, True]]


def test_rows_without_a_host_are_in_no_zone() -> None:
    zones = zones_of("", np.array([0, -1, 0]), table("x"))
    assert zones.codes.tolist() == [0, -1, 0]


@pytest.mark.parametrize("seed", range(30))
def test_zones_say_of_each_pair_of_hosts_what_the_classes_say(seed: int) -> None:
    rnd = Random(seed)
    number = rnd.randint(1, 4)
    drawn = np.array([[rnd.random() < 0.5 for _ in range(number)] for _ in range(number)])
    near = drawn | drawn.T
    classes = np.array([*range(number), *(rnd.randrange(number) for _ in range(4))])
    zones = zones_of("", classes, near)
    hosts = range(len(classes))

    def by_class(one: int, other: int) -> bool:
        return one == other or bool(near[classes[one], classes[other]])

    for one in hosts:
        assert [near_hosts(zones, one, other) for other in hosts] == [
            by_class(one, other) for other in hosts
        ]
    some = rnd.sample(hosts, 2)
    mask = np.zeros(len(zones.kinds), dtype=np.bool_)
    mask[zones.codes[some]] = True
    reached = zones.reached(mask)[zones.codes]
    by_all = zones.reached_by_all(mask)[zones.codes]
    # A zone stands for all its hosts, so a host counts as near its own zone.
    same_zone = zones.codes[:, None] == zones.codes[None, :]
    for host in hosts:
        pairs = [by_class(host, one) or bool(same_zone[host, one]) for one in some]
        assert reached[host] == any(pairs)
        assert by_all[host] == all(pairs)
