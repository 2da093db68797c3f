"""Release: members leave a group, and run on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, quota={"members": 3}) as world:
        world.asker("demo", "admin").load(*hosts(3, racks=3, vcpu=4))
        yield world


def release(asker: Asker, group: str, *ids: str, **headers: str) -> Any:
    body = {"release": {"instances": list(ids)}}
    return asker("POST", f"~/groups/{group}/release", body, **headers)


def members(asker: Asker, group: str) -> Any:
    return asker.get(f"~/groups/{group}", "group")["members"]


def placed(asker: Asker, group: str | None = None, count: int = 1) -> list[str]:
    return [str(it["id"]) for it in asker.place(one(group, count=count))["instances"]]


def test_a_member_leaves_and_keeps_its_host_and_its_claim(member: Asker, world: World) -> None:
    group = member.id(policies=["anti-affinity"])
    first, second, third = placed(member, group, 3)
    before = member("GET", f"~/groups/{group}").headers["ETag"]
    there = member.get(f"~/instances/{first}", "instance")
    answer = release(member, group, first.upper())
    assert answer.status_code == 200
    assert answer.get_json()["group"]["members"] == [second, third]
    assert answer.headers["ETag"] == member("GET", f"~/groups/{group}").headers["ETag"] != before
    assert member.get(f"~/instances/{first}", "instance") == {**there, "group": None}
    # No policy counts it any more: its host is free for another member, with 3 of 4 VCPU.
    refused(member.ask(one(group, vcpu=4)), "placement-infeasible", 409)
    again = member.place(one(group, vcpu=3))["instances"][0]
    assert again["hostId"] == there["hostId"]


def test_a_group_whose_members_have_left_is_empty(member: Asker) -> None:
    group = member.id()
    ids = placed(member, group, 2)
    refused(member("DELETE", f"~/groups/{group}"), "group-not-empty", 409)
    assert release(member, group, *ids).get_json()["group"]["members"] == []
    change = {"group": {"policies": ["affinity"]}}
    assert member("PUT", f"~/groups/{group}", change).status_code == 200
    assert member("DELETE", f"~/groups/{group}").status_code == 204
    assert len(member.get("~/instances", "instances")) == 2


def test_what_has_left_may_be_adopted_and_counts_for_no_quota(world: World, member: Asker) -> None:
    service = world.asker("infra", "service", at="demo")
    group, other = member.id(), member.id()
    first, *_ = placed(member, group, 3)
    refused(member.ask(one(group)), "quota-exceeded", 403)
    release(member, group, first)
    (new,) = placed(member, group)
    body = {"adopt": {"instances": [first]}}
    refused(service("POST", f"~/groups/{group}/adopt", body), "quota-exceeded", 403)
    assert service("POST", f"~/groups/{other}/adopt", body).status_code == 200
    assert new in members(member, group)


def test_it_is_all_or_none(world: World, member: Asker) -> None:
    group, other = member.id(), member.id()
    (first,) = placed(member, group)
    (elsewhere,) = placed(member, other)
    (foreign,) = placed(world.asker("else", "member"))
    before = member("GET", f"~/groups/{group}")
    for ids, code, status in (
        ([first, elsewhere], "instance-in-group", 409),
        ([first, foreign], "instance-not-found", 404),
        ([first, UNKNOWN], "instance-not-found", 404),
        ([first, first.upper()], "duplicate-name", 400),
        ([], "out-of-range", 400),
        (["x"], "ill-formed-name", 400),
    ):
        error = refused(release(member, group, *ids), code, status)
        assert other not in error["detail"]
    refused(release(member, UNKNOWN, first), "group-not-found", 404)
    after = member("GET", f"~/groups/{group}")
    assert (after.text, after.headers["ETag"]) == (before.text, before.headers["ETag"])


def test_what_is_in_no_group_is_released_already(member: Asker) -> None:
    group = member.id()
    (first,) = placed(member, group)
    (single,) = placed(member)
    assert release(member, group, first, single).get_json()["group"]["members"] == []
    tag = member("GET", f"~/groups/{group}").headers["ETag"]
    again = release(member, group, first, single)
    assert (again.status_code, again.headers["ETag"]) == (200, tag)  # nothing changed


def test_it_is_done_only_to_the_state_that_was_read(member: Asker) -> None:
    group = member.id()
    (first,) = placed(member, group)
    tag = member("GET", f"~/groups/{group}").headers["ETag"]
    placed(member, group)
    refused(release(member, group, first, If_Match=tag), "stale", 412)
    tag = member("GET", f"~/groups/{group}").headers["ETag"]
    assert release(member, group, first, If_Match=tag).status_code == 200


@pytest.mark.parametrize(
    ("tenant", "role", "code"),
    [("demo", "reader", "forbidden"), ("else", "member", "tenant-not-found")],
)
def test_only_who_may_write_for_the_project_releases(
    world: World, member: Asker, tenant: str, role: str, code: str
) -> None:
    group = member.id()
    (first,) = placed(member, group)
    refused(release(world.asker(tenant, role, at="demo"), group, first), code)
    refused(release(world.nobody(), group, first), "unauthorized", 401)
    for other in (world.asker("demo", "admin"), world.asker("infra", "service", at="demo")):
        assert release(other, group, first).status_code == 200
    assert members(member, group) == []


def test_a_guest_releases_its_own_members_and_nobody_elses(world: World) -> None:
    owner, guest = world.asker("owner", "member"), world.asker("guest", "member")
    group = owner.id(metadata={"a": "secret"})
    (mine,) = placed(owner, group)
    refused(release(guest, group, mine), "group-not-found", 404)
    owner("POST", f"~/groups/{group}/grants", {"grant": {"tenant_id": "guest"}})
    (theirs,) = placed(guest, group)
    refused(release(guest, group, mine), "instance-not-found", 404)
    refused(release(owner, group, theirs), "instance-not-found", 404)
    answer = release(guest, group, theirs)
    shown = answer.get_json()["group"]
    # As it is shown to a guest: without metadata, others' members as a number.
    assert shown == guest.get(f"~/groups/{group}", "group")
    assert (shown["members"], shown["other_members"], shown["metadata"]) == ([], 1, None)
    assert owner.get(f"~/groups/{group}", "group")["other_members"] == 0
    (theirs,) = placed(guest, group)
    owner("DELETE", f"~/groups/{group}/grants/guest")
    refused(release(guest, group, theirs), "group-not-found", 404)


def test_a_release_is_audited_once(member: Asker, caplog: pytest.LogCaptureFixture) -> None:
    group = member.id()
    first, second = placed(member, group, 2)
    with caplog.at_level("INFO", "groupsolver.audit"):
        release(member, group, first, second)
        release(member, group, first)
    (line,) = [json.loads(record.getMessage()) for record in caplog.records]
    assert (line["action"], line["subject"], line["instances"]) == (
        "group-release",
        group,
        [first, second],
    )


def test_a_claim_that_is_not_confirmed_ends_after_its_release_too(
    world: World, member: Asker
) -> None:
    group = member.id()
    held = member.place(one(group), ttl=60)["instances"][0]["id"]
    release(member, group, held)
    world.clock.now += 61
    refused(release(member, group, held), "instance-not-found", 404)
