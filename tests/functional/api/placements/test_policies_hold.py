"""Policies across requests: what already runs counts, whoever placed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(
            *hosts(6, vcpu=8)
        )  # racks r0 r1 r2, of h0 h3, h1 h4, h2 h5
        yield world


def racks(where: list[str]) -> list[int]:
    return [int(name[1:]) % 3 for name in where]


def test_anti_affinity_counts_members_of_earlier_requests(admin: Asker) -> None:
    group = admin.id(policies=[{"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}])
    found = [racks(spots(admin.place(one(group))))[0] for _ in range(6)]
    assert sorted(found) == [0, 0, 1, 1, 2, 2]
    refused(admin.ask(one(group)), "placement-infeasible", 409)


def test_affinity_keeps_to_where_the_first_member_is(admin: Asker) -> None:
    group = admin.id(policies=[{"kind": "affinity", "level": "rack"}])
    first = racks(spots(admin.place(one(group, vcpu=6))))[0]
    assert racks(spots(admin.place(one(group, vcpu=6)))) == [first]
    refused(admin.ask(one(group, vcpu=6)), "placement-infeasible", 409)


def test_apart_from_holds_from_both_sides(admin: Asker) -> None:
    named = admin.id()
    namer = admin.id(policies=[{"kind": "apart-from", "group": named, "level": "rack"}])
    first = racks(spots(admin.place(one(namer, count=2))))
    # The named group has no policy of its own. The other group's policy counts its members, which
    # packing would put on h0, too.
    second = racks(spots(admin.place(one(named, count=3))))
    assert not set(first) & set(second)
    third = racks(spots(admin.place(one(namer))))
    assert not set(third) & set(second)


def test_near_finds_the_other_group_of_an_earlier_request(admin: Asker) -> None:
    target = admin.id()
    near = admin.id(policies=[{"kind": "near", "group": target, "level": "rack"}])
    refused(admin.ask(one(near)), "placement-infeasible", 409)
    where = racks(spots(admin.place(one(target))))
    assert racks(spots(admin.place(one(near, count=3)))) == where * 3


def test_spread_counts_the_domains_that_are_covered(admin: Asker) -> None:
    group = admin.id(
        policies=[{"kind": "spread", "level": "rack", "min_domains": 3, "max_skew": 1}]
    )
    found = [racks(spots(admin.place(one(group))))[0] for _ in range(6)]
    assert sorted(found[:3]) == sorted(found[3:]) == [0, 1, 2]


@pytest.mark.parametrize("tenant", ["demo", "other"])
def test_nobody_comes_to_an_exclusive_host(world: World, admin: Asker, tenant: str) -> None:
    group = admin.id(policies=["exclusive"])
    mine = set(spots(admin.place(one(group, count=2))))
    other = world.asker(tenant, "admin")
    theirs = set(spots(other.place(one(count=20))))
    assert not mine & theirs
    # Its own group comes to its hosts, and to such as are free.
    assert set(spots(admin.place(one(group, vcpu=6)))) == mine
    refused(other.ask(one(vcpu=8, count=6)), "placement-infeasible", 409)


def test_who_wants_a_host_alone_keeps_off_those_that_others_use(world: World, admin: Asker) -> None:
    taken = set(spots(world.asker("other", "admin").place(one(count=5), objective="spread")))
    group = admin.id(policies=["exclusive"])
    where = spots(admin.place(one(group)))
    assert not taken & set(where)
    refused(admin.ask(one(group, vcpu=8)), "placement-infeasible", 409)


def test_an_exclusive_rack_admits_nobody(admin: Asker) -> None:
    group = admin.id(policies=[{"kind": "exclusive", "level": "rack"}])
    mine = racks(spots(admin.place(one(group))))
    assert mine[0] not in racks(spots(admin.place(one(count=30))))


def test_members_of_a_deleted_group_are_bound_no_more(admin: Asker) -> None:
    group = admin.id(policies=["exclusive"])
    admin.place(one(group, count=6), objective="spread")
    refused(admin.ask(one()), "placement-infeasible", 409)
    assert admin("DELETE", f"~/groups/{group}?force=true").status_code == 204
    assert admin.ask(one()).status_code == 201


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        ({"kind": "within", "domains": {"zone": ["z1"]}}, {"h2", "h5"}),
        ({"kind": "outside", "domains": {"rack": ["r0", "r1"]}}, {"h2", "h5"}),
        ({"kind": "within", "hosts": ["h4", "h5"]}, {"h4", "h5"}),
        ({"kind": "host-capabilities", "required": ["SSD"]}, {"h1"}),
        ({"kind": "host-capabilities", "minimum": {"VCPU": 9}}, {"h1"}),
    ],
)
def test_policies_of_hosts_hold(admin: Asker, policy: dict[str, Any], where: set[str]) -> None:
    big = {**hosts()[1], "inventory": {"VCPU": 10}, "traits": ["SSD"]}
    assert admin("PUT", "/v1.0/fleet/hosts/h1", big).status_code == 200
    group = admin.id(policies=[policy])
    assert set(spots(admin.place(one(group, count=4)))) <= where


def test_what_is_broken_already_may_not_become_worse(admin: Asker) -> None:
    group = admin.id(policies=[{"kind": "anti-affinity", "level": "rack"}])
    admin.place(one(group, count=2))
    # All hosts are moved into one rack: the measure is 1, with or without us.
    moved = [{**host, "domains": {"rack": "r0"}} for host in hosts()]
    admin.load(*moved, {"name": "alone", "inventory": {"VCPU": 8}, "domains": {"rack": "r9"}})
    assert spots(admin.place(one(group))) == ["alone"]
    refused(admin.ask(one(group)), "placement-infeasible", 409)
