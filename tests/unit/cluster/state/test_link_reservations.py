"""Bandwidth that instances of any project reserve when they come, and release when they go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.state.snapshot_cache import Snapshot, SnapshotCache
from groupsolver.store.state.stored_state import StoredState
from tests.support.draws import applications
from tests.support.draws.histories import Clock, History
from tests.support.draws.store_contents import policy, uid
from tests.support.drivers.api_driver import Asker, World, one, opened, refused
from tests.support.drivers.databases import opened as opened_store
from tests.support.oracle.links import Links

_QUIET = [*settings.get_profile("ci").suppress_health_check, HealthCheck.function_scoped_fixture]
# Two racks of two hosts of 2 VCPU each. Between each rack and the core is one link of 1000 Mbit/s,
# of which 200 are used.
HOSTS = [
    {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 2}} for i in range(4)
]
LINKS = [{"between": [f"r{i}", "core"], "bandwidth_mbps": 1000, "used_mbps": 200} for i in range(2)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*HOSTS, levels=("rack",), links=LINKS)
        yield world


def apart(mbps: int) -> list[dict[str, Any]]:
    """Members of two racks, one each, that send each other so much."""
    return [{"kind": "anti-affinity", "level": "rack"}, {"kind": "bandwidth", "mbps": mbps}]


def test_two_placements_that_fit_each_but_not_together(member: Asker) -> None:
    # Of two members in two racks, min(1, 1) x 500 crosses each rack's link. Free are
    # 1000 - 200 = 800: enough for one group, and not for two.
    first, second = member.id(policies=apart(500)), member.id(policies=apart(500))
    placed = member.place(one(first, count=2))["instances"]
    refused(member.ask(one(second, count=2)), "placement-infeasible", 409)
    third = member.id(policies=apart(300))  # 500 + 300 = 800
    member.place(one(third, count=2))
    refused(member.ask(one(member.id(policies=apart(1)), count=2)), "placement-infeasible", 409)
    for there in placed:
        assert member("DELETE", f"~/instances/{there['id']}").status_code == 204
    member.place(one(second, count=2))


def test_one_member_more_needs_what_it_adds_and_no_more(member: Asker) -> None:
    group = member.id(policies=[{"kind": "bandwidth", "mbps": 400}, {"kind": "anti-affinity"}])
    # Three on three hosts: min(2, 1) x 400. The fourth makes it min(2, 2) x 400 = 800, all that
    # is free.
    member.place(one(group, count=3))
    member.place(one(group))
    other = member.id(policies=apart(1))
    refused(member.ask(one(other, count=2)), "placement-infeasible", 409)


def test_soft_policies_and_groups_that_stand_together_reserve_nothing(member: Asker) -> None:
    soft = member.id(policies=[apart(1)[0], {"kind": "bandwidth", "mbps": 700, "weight": 1}])
    member.place(one(soft, count=2))
    together = member.id(
        policies=[{"kind": "affinity", "level": "rack"}, {"kind": "bandwidth", "mbps": 10**6}]
    )
    member.place(one(together, count=2))
    member.place(one(member.id(policies=apart(800)), count=2))


def test_another_projects_groups_reserve_too_and_are_not_named(world: World) -> None:
    own, other = world.asker("demo", "member"), world.asker("rival", "member")
    secret = other.id(name="secret", policies=apart(500))
    other.place(one(secret, count=2))
    answer = own.ask(one(own.id(policies=apart(500)), count=2))
    refused(answer, "placement-infeasible", 409)
    assert "secret" not in answer.get_data(as_text=True)
    assert secret not in answer.get_data(as_text=True)


def test_a_group_that_is_sent_to_is_not_deleted(member: Asker) -> None:
    clients = member.id()
    member.id(policies=[{"kind": "bandwidth", "mbps": 500, "to": clients.upper()}])
    refused(member("DELETE", f"~/groups/{clients}"), "group-in-use", 409)


def test_traffic_between_two_groups_is_reserved_whichever_comes_last(member: Asker) -> None:
    def pinned(rack: int) -> dict[str, Any]:
        return {"kind": "within", "domains": {"rack": [f"r{rack}"]}}

    clients = member.id(policies=[pinned(0)])
    servers = member.id(policies=[pinned(1), {"kind": "bandwidth", "mbps": 300, "to": clients}])
    member.place(one(servers, count=3))
    # min(3 servers, n clients) x 300 + min(0, 0): 300, 600, 900 > 800.
    member.place(one(clients, count=2))
    refused(member.ask(one(clients)), "placement-infeasible", 409)
    refused(member.ask(one(member.id(policies=apart(300)), count=2)), "placement-infeasible", 409)


def test_a_fleet_that_is_loaded_anew_keeps_what_is_reserved(world: World, member: Asker) -> None:
    member.place(one(member.id(policies=apart(500)), count=2))
    late = member.id(policies=apart(500))
    links = [{**link, "bandwidth_mbps": 1200} for link in LINKS]
    refused(member.ask(one(late, count=2)), "placement-infeasible", 409)
    world.asker("demo", "admin").load(*HOSTS, levels=("rack",), links=links)
    member.place(one(late, count=2))  # 1200 - 200 = 2 x 500


def test_what_a_group_asks_for_to_another_projects_reserves_nothing_granted_or_not() -> None:
    def instance(number: int, group: int, host: str) -> Instance:
        return Instance(uid(number), "any", None, uid(group), host, {"VCPU": 1}, uid(9))

    fleet = Fleet.model_validate({"levels": ["rack"], "hosts": HOSTS, "links": LINKS})
    to = (policy({"kind": "bandwidth", "mbps": 5, "to": uid(2)}),)
    # A guest that asks for all the links to a group that it was let into would block its owner.
    for owner, grants, reserved in (("blue", (), 5), ("green", ("blue",), 0), ("green", (), 0)):
        state = StoredState(fleet)
        one = StoredGroup(uid(1), "blue", "u", policies=to, members=(uid(3),))
        other = StoredGroup(uid(2), owner, "u", members=(uid(4),), grants=grants)
        state.put_groups([], [one, other])
        state.put_instances([], [instance(3, 1, "h0"), instance(4, 2, "h2")])
        state.complete()
        assert state.fleet.index.reserved.get(("rack", "r0"), 0) == reserved


def by_hand(now: Snapshot) -> dict[tuple[str, str], int]:
    """What is reserved, domain by domain, from all that is stored."""
    below: dict[str, set[str]] = {}

    def down(key: str) -> set[str]:
        if key not in below:
            below[key] = {key}.union(
                *(down(child) for child in now.groups[key].groups if child in now.groups)
            )
        return below[key]

    def running_members(key: str) -> list[tuple[str, str, str, bool]]:
        return [
            (one.id, one.group or "", one.host, True)
            for one in now.instances.values()
            if one.group in down(key)
        ]

    index = now.fleet.index
    hosts = [{"name": host.name, "domains": host.domains} for host in index]
    links = Links({"levels": list(index.levels), "hosts": hosts})
    found: dict[tuple[str, str], int] = {}
    for group in now.groups.values():
        for rule in group.policies:
            named = now.groups.get(rule.target or group.id)
            void = named is None or named.tenant_id != group.tenant_id
            if isinstance(rule, Bandwidth) and rule.hard and not void:
                doc = {"mbps": rule.mbps} | ({"to": rule.to} if rule.to else {})
                theirs = running_members(rule.to) if rule.to else []
                for domain in links.hosts:
                    found[domain] = found.get(domain, 0) + links.need(
                        doc, domain, running_members(group.id), theirs
                    )
    return {domain: mbps for domain, mbps in found.items() if mbps} if index.links else {}


@settings(max_examples=10, suppress_health_check=_QUIET)
@given(seed=st.integers(0, 2**40))
def test_what_a_cache_keeps_reserved_is_what_follows_from_all_that_is_stored(
    new_database: Callable[[], str], seed: int
) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(applications, "KINDS", ("bandwidth",) * 12)
        store = stack.enter_context(opened_store(new_database(), clock))
        history = History(store, clock, Random(f"links {seed}"))
        snapshot_cache = SnapshotCache(store)
        for _ in range(40):
            history.step(snapshot_cache)
            now = snapshot_cache.snapshot()
            assert dict(now.fleet.index.reserved) == by_hand(now)
        assert dict(SnapshotCache(store).snapshot().fleet.index.reserved) == by_hand(
            snapshot_cache.snapshot()
        )
