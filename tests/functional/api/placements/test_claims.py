"""Claims that end: by deletion, or because nobody confirmed them in time."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*hosts(2, vcpu=8))
        yield world


def test_deleting_an_instance_frees_its_claim_and_ends_its_membership(member: Asker) -> None:
    group = member.id(policies=["anti-affinity"])
    first, second = member.place(one(group, vcpu=8, count=2))["instances"]
    refused(member.ask(one()), "placement-infeasible", 409)
    here = f"~/instances/{first['id']}"
    assert member("DELETE", here).status_code == 204
    for method in ("GET", "DELETE"):
        refused(member(method, here), "instance-not-found", 404)
    assert member.get(f"~/groups/{group}", "group")["members"] == [second["id"]]
    again = member.place(one(group, vcpu=8))["instances"][0]
    assert again["hostId"] == first["hostId"]


def test_an_instance_says_where_it_is(member: Asker) -> None:
    group = member.id()
    placed = member.place(one(group, vcpu=2, name="db"), ttl=60)
    there = placed["instances"][0]
    assert member.get(f"~/instances/{there['id'].upper()}", "instance") == {
        "id": there["id"],
        "name": "db",
        "tenant_id": "demo",
        "group": group,
        "host": None,
        "hostId": there["hostId"],
        "resources": {"VCPU": 2},
        "placement": placed["id"],
        "expires_at": "2027-01-15T08:01:00Z",  # 1.8e9 s, and 60
    }
    refused(member("GET", "~/instances/nope"), "instance-not-found", 404)


def test_instances_have_pages(member: Asker) -> None:
    ids = [i["id"] for i in member.place(one(count=3), one(count=2))["instances"]]

    def listed(query: str) -> list[str]:
        return [i["id"] for i in member.get(f"~/instances{query}", "instances")]

    assert listed("") == ids
    assert listed("?limit=2") == ids[:2]
    assert listed(f"?limit=2&marker={ids[1].upper()}") == ids[2:4]
    assert listed(f"?marker={ids[4]}") == []


def test_a_claim_that_nobody_confirms_ends(world: World, member: Asker) -> None:
    group = member.id()
    placed = member.place(one(group, vcpu=8, count=2), ttl=30)
    there = f"~/instances/{placed['instances'][0]['id']}"
    world.clock.now += 29.9
    assert member("GET", there).status_code == 200
    refused(member.ask(one()), "placement-infeasible", 409)
    world.clock.now += 0.1
    refused(member("GET", there), "instance-not-found", 404)
    refused(member("DELETE", there), "instance-not-found", 404)
    assert member.get("~/instances", "instances") == []
    assert member.get(f"~/groups/{group}", "group")["members"] == []
    refused(member("POST", f"~/placements/{placed['id']}/confirm"), "placement-not-found", 404)
    assert member.ask(one(group, vcpu=8, count=2)).status_code == 201


def test_the_end_of_claims_is_audited(
    world: World, member: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    placed = member.place(one(count=2), ttl=30)
    world.clock.now += 31
    with caplog.at_level(logging.INFO, "groupsolver.audit"):
        member.place(one())
    ended, _ = [
        json.loads(record.getMessage())
        for record in caplog.records
        if record.name == "groupsolver.audit"
    ]
    assert (ended["action"], ended["subject"], ended["tenant"]) == (
        "placement-expire",
        placed["id"],
        "demo",
    )
    assert ended["instances"] == [instance["id"] for instance in placed["instances"]]


def test_a_group_whose_last_claims_have_ended_is_empty(world: World, member: Asker) -> None:
    group = member.id()
    member.place(one(group), ttl=30)
    world.clock.now += 31
    assert (
        member("PUT", f"~/groups/{group}", {"group": {"policies": ["affinity"]}}).status_code == 200
    )
    member.place(one(group), ttl=30)
    world.clock.now += 31
    assert member("DELETE", f"~/groups/{group}").status_code == 204


def test_hosts_whose_claims_have_ended_may_go(world: World, member: Asker) -> None:
    admin = world.asker("demo", "admin")
    member.place(one(vcpu=8, count=2), ttl=30)
    refused(admin("DELETE", "/v1.0/fleet/hosts/h0"), "host-in-use", 409)
    world.clock.now += 31
    assert admin("DELETE", "/v1.0/fleet/hosts/h0").status_code == 204


def test_a_claim_that_is_confirmed_stays(world: World, member: Asker) -> None:
    placed = member.place(one(vcpu=8, count=2), ttl=30)
    confirm = f"~/placements/{placed['id'].upper()}/confirm"
    world.clock.now += 29
    answer = member("POST", confirm)
    assert answer.status_code == 200
    assert answer.get_json()["placement"] == {**placed, "expires_at": None}
    world.clock.now += 10_000
    assert len(member.get("~/instances", "instances")) == 2
    assert member("POST", confirm).get_json() == answer.get_json()  # again does nothing again
    refused(member.ask(one()), "placement-infeasible", 409)


def test_what_has_no_ttl_may_be_confirmed_and_what_is_gone_may_not(member: Asker) -> None:
    placed = member.place(one())
    confirm = f"~/placements/{placed['id']}/confirm"
    assert member("POST", confirm).status_code == 200
    member("DELETE", f"~/instances/{placed['instances'][0]['id']}")
    for path in (confirm, f"~/placements/{UNKNOWN}/confirm", "~/placements/nope/confirm"):
        refused(member("POST", path), "placement-not-found", 404)


def test_an_instance_that_was_deleted_is_not_confirmed(member: Asker) -> None:
    placed = member.place(one(count=2), ttl=30)
    gone, stays = placed["instances"]
    member("DELETE", f"~/instances/{gone['id']}")
    confirmed = member("POST", f"~/placements/{placed['id']}/confirm").get_json()["placement"]
    assert confirmed["instances"] == [stays]


def test_policies_see_claims_that_may_end_until_they_do(world: World, member: Asker) -> None:
    group = member.id(policies=["anti-affinity"])
    member.place(one(group, count=2), ttl=30)
    refused(member.ask(one(group)), "placement-infeasible", 409)
    world.clock.now += 31
    assert member.ask(one(group, count=2)).status_code == 201
