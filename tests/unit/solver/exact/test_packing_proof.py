"""Packings that volume does not prove: triplets, and packings that are impossible."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, solve
from tests.support.small import host

Doc = dict[str, Any]
ONE = Limits(seconds=20, workers=1)


def triplets(number: int, seed: int) -> list[int]:
    """Sizes of which three each fill a host of 1000: Falkenauer's triplets."""
    rnd = Random(seed)
    sizes = []
    for _ in range(number):
        first = rnd.randint(380, 490)
        second = rnd.randint(250, (1000 - first) // 2 - 1)
        sizes += [first, second, 1000 - first - second]
    rnd.shuffle(sizes)
    return sizes


def solved(sizes: list[int], hosts: list[Doc], **more: Any) -> Any:
    members = [{"resources": {"VCPU": size}} for size in sizes]
    policies = more.pop("policies", [])
    group = {"name": "A", "members": members, "policies": policies}
    app = Application.model_validate({"groups": [group], **more})
    return solve(app, Fleet.model_validate({"hosts": hosts}), objective="cost", limits=ONE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("number", [8, 12])
def test_triplets_fill_their_hosts_and_that_is_proved(number: int, seed: int) -> None:
    hosts = [host(f"h{i}", 1000) for i in range(number + 3)]
    result = solved(triplets(number, seed), hosts, host_price=1)
    assert (result.status, result.objective) == ("optimal", number)


def test_the_same_by_a_soft_affinity() -> None:
    hosts = [host(f"h{i}", 1000) for i in range(11)]
    affinity = {"kind": "affinity", "weight": 3}
    result = solved(triplets(8, 0), hosts, policies=[affinity])
    assert (result.status, result.objective) == ("optimal", 3 * 7)


def test_where_volume_is_not_enough_one_more_host_is_proved() -> None:
    # 3 x 7 + 3 x 5 + 2 x 6 = 48 of 4 x 12; but 7 goes with 5 alone, and 6 with 6: 4 hosts.
    # With 4 in place of a 5, 47 in all, still four hosts by volume, and by patterns too.
    hosts = [host(f"h{i}", 12) for i in range(7)]
    assert solved([7, 7, 7, 5, 5, 5, 6, 6], hosts, host_price=1).objective == 4
    # 7, 7, 7, 6, 6, 6, 3, 3, 3 = 48: 7 leaves 5, a 3 fits; 6 with 6, and 6 with 3. By volume 4;
    # three hosts for the 7s, two for the 6s: 5.
    result = solved([7, 7, 7, 6, 6, 6, 3, 3, 3], hosts, host_price=1)
    assert (result.status, result.objective) == ("optimal", 5)


def test_unequal_hosts_and_their_own_prices() -> None:
    # Members of 5, 5, 4, 4: one host of 18 at 7 points, or two of 9 at 3 each.
    hosts = [host("big", 18, opening_cost=7), host("h0", 9), host("h1", 9)]
    result = solved([5, 5, 4, 4], hosts, host_price=3)
    assert (result.status, result.objective) == ("optimal", 6)


def test_members_that_run_keep_their_hosts_open() -> None:
    running = {"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 400}}
    hosts = [host("h0", 1000), host("h1", 1000, used={"VCPU": 400}), host("h2", 1000)]
    # 600 beside the running member, and 1000 on one more host.
    result = solved([350, 250, 500, 300, 200], hosts, host_price=5, existing=[running])
    assert (result.status, result.objective) == ("optimal", 5)
