"""Adoption: instances that run already become members."""

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
        world.asker("demo", "admin").load(*hosts(4, racks=2, vcpu=4))
        yield world


@pytest.fixture
def service(world: World) -> Asker:
    return world.asker("infra", "service", at="demo")


def running(asker: Asker, count: int, vcpu: int = 1) -> list[str]:
    return [
        str(instance["id"]) for instance in asker.place(one(count=count, vcpu=vcpu))["instances"]
    ]


def adopt(asker: Asker, group: str, *ids: str, query: str = "", **headers: str) -> Any:
    return asker(
        "POST", f"~/groups/{group}/adopt{query}", {"adopt": {"instances": list(ids)}}, **headers
    )


@pytest.mark.parametrize("role", ["service", "admin"])
def test_what_runs_becomes_a_member_and_counts_from_then_on(world: World, role: str) -> None:
    asker = world.asker("infra", role, at="demo")
    group = asker.id(policies=[{"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}])
    first, second = running(asker, 2)
    tag = asker("GET", f"~/groups/{group}").headers["ETag"]
    answer = adopt(asker, group, second.upper(), first)
    assert answer.status_code == 200
    assert answer.get_json()["group"]["members"] == [first, second]  # as they came
    assert answer.headers["ETag"] == asker("GET", f"~/groups/{group}").headers["ETag"] != tag
    assert asker.get(f"~/instances/{first}", "instance")["group"] == group
    # Both stand in one rack: the third goes to the other.
    third = asker.place(one(group))["instances"][0]
    assert third["hostId"] != asker.get(f"~/instances/{first}", "instance")["hostId"]
    # Again: they are members already.
    assert adopt(asker, group, first, second).get_json()["group"]["members"] == [
        first,
        second,
        third["id"],
    ]


def test_a_preview_says_what_would_break_and_adopts_nobody(service: Asker) -> None:
    group = service.id(name="web", policies=["anti-affinity"])
    ids = running(service, 2)
    before = service("GET", f"~/groups/{group}")
    looked = adopt(service, group, *ids, query="?preview=true")
    assert looked.get_json()["preview"] == {
        "clean": False,
        "violations": [
            {
                "group": group,
                "policy": "anti-affinity",
                "sentence": "no host holds more than 1 member of web",
                "measure": 1,
                "members": ids,
                "other_members": 0,
            }
        ],
    }
    assert looked.headers["ETag"] == before.headers["ETag"]
    error = refused(adopt(service, group, *ids), "would-break", 409)
    assert error["preview"] == looked.get_json()["preview"]
    assert service("GET", f"~/groups/{group}").text == before.text
    assert (
        adopt(service, group, ids[0], query="?preview=true").get_json()["preview"]["clean"] is True
    )
    assert service("GET", f"~/groups/{group}").text == before.text


def test_force_takes_them_in_and_nothing_gets_worse_afterwards(service: Asker) -> None:
    group = service.id(policies=["anti-affinity"])
    ids = running(service, 2)
    assert adopt(service, group, *ids, query="?force=true").get_json()["group"]["members"] == ids
    other = service.place(one(group))["instances"][0]
    assert other["hostId"] != service.get(f"~/instances/{ids[0]}", "instance")["hostId"]


def test_what_was_looked_at_is_taken_in_only_as_long_as_it_is_so(service: Asker) -> None:
    group = service.id()
    (first,) = running(service, 1)
    tag = adopt(service, group, first, query="?preview=true").headers["ETag"]
    service.place(one(group))
    refused(adopt(service, group, first, If_Match=tag), "stale", 412)
    assert (
        adopt(
            service, group, first, If_Match=service("GET", f"~/groups/{group}").headers["ETag"]
        ).status_code
        == 200
    )


def test_policies_of_groups_over_it_and_of_those_that_name_it_are_held_against_it(
    service: Asker,
) -> None:
    group = service.id()
    over = service.id(groups=[group], policies=["anti-affinity"])
    other = service.id(policies=[{"kind": "apart-from", "group": over}])
    service.place(one(other))
    ids = running(service, 2)  # packed beside it
    found = adopt(service, group, *ids, query="?preview=true").get_json()["preview"]["violations"]
    assert {(broken["group"], broken["policy"]) for broken in found} == {
        (over, "anti-affinity"),
        (other, "apart-from"),
    }


def test_an_exclusive_group_takes_in_its_neighbours(service: Asker) -> None:
    group = service.id(policies=["exclusive"])
    first, second = running(service, 2)  # on one host
    (broken,) = adopt(service, group, first, query="?preview=true").get_json()["preview"][
        "violations"
    ]
    assert (broken["policy"], broken["measure"]) == ("exclusive", 1)
    assert adopt(service, group, first, second).status_code == 200


def test_it_is_all_or_none(world: World, service: Asker) -> None:
    group, other = service.id(), service.id()
    first, second = running(service, 2)
    taken = service.place(one(other))["instances"][0]["id"]
    foreign = running(world.asker("else", "member"), 1)[0]
    for ids, code, status in (
        ([first, taken], "instance-in-group", 409),
        ([first, foreign], "instance-not-found", 404),
        ([first, UNKNOWN], "instance-not-found", 404),
        ([first, first.upper()], "duplicate-name", 400),
        ([], "out-of-range", 400),
        (["x"], "ill-formed-name", 400),
    ):
        for query in ("", "?preview=true", "?force=true"):
            error = refused(adopt(service, group, *ids, query=query), code, status)
            assert other not in error["detail"]
    refused(adopt(service, UNKNOWN, first), "group-not-found", 404)
    assert service.get(f"~/groups/{group}", "group")["members"] == []
    # The quota is three.
    more = running(service, 2)
    refused(adopt(service, group, first, second, *more, query="?force=true"), "quota-exceeded", 403)
    assert adopt(service, group, first, second, more[0]).status_code == 200
    refused(adopt(service, group, more[1]), "quota-exceeded", 403)
    assert adopt(service, group, first).status_code == 200


def test_a_claim_that_ends_ends_the_membership_too(world: World, service: Asker) -> None:
    group = service.id()
    held = service.place(one(), ttl=60)["instances"][0]["id"]
    assert adopt(service, group, held).status_code == 200
    world.clock.now += 61
    assert service.get(f"~/groups/{group}", "group")["members"] == []
    refused(adopt(service, group, held), "instance-not-found", 404)


def test_what_is_adopted_is_told_to_whoever_audits(
    service: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    group = service.id()
    (first,) = running(service, 1)
    with caplog.at_level("INFO", "groupsolver.audit"):
        adopt(service, group, first, query="?preview=true")
        adopt(service, group, first)
        service("POST", f"~/groups/{group}/grants", {"grant": {"tenant_id": "guest"}})
        service("POST", f"~/groups/{group}/grants", {"grant": {"tenant_id": "guest"}})
        service("DELETE", f"~/groups/{group}/grants/guest")
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [line["action"] for line in lines] == ["group-adopt", "group-grant", "group-revoke"]
    assert (lines[0]["instances"], lines[0]["force"]) == ([first], False)
    assert [line["grantee"] for line in lines[1:]] == ["guest", "guest"]
    assert {(line["subject"], line["tenant"]) for line in lines} == {(group, "demo")}
