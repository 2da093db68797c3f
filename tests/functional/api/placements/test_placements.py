"""POST .../placements: what is asked, what is answered, and all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.drivers.api_driver import (
    UNKNOWN,
    Asker,
    World,
    hosts,
    one,
    opened,
    refused,
    spots,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, quotas={"vast": {"members": -1}}) as world:
        world.asker("demo", "admin").load(*hosts(6, vcpu=8))
        yield world


@pytest.fixture
def admin(world: World) -> Asker:
    """Who may see names of hosts."""
    return world.asker("demo", "admin")


def test_several_groups_are_placed_at_once_and_instances_of_none(admin: Asker) -> None:
    a = admin.id(name="a", policies=["anti-affinity"])
    b = admin.id(name="b", policies=["affinity", {"kind": "apart-from", "group": a}])
    placed = admin.place(
        one(a, count=2, name="web"),
        one(b, vcpu=4, count=2),
        one(vcpu=8, name="big"),
        one(name=None),
    )
    assert [i["group"] for i in placed["instances"]] == [a, a, b, b, None, None]
    assert [i["name"] for i in placed["instances"]] == ["web-1", "web-2", None, None, "big", None]
    where = spots(placed)
    assert where[0] != where[1]
    assert where[2] == where[3]
    assert where[2] not in where[:2]
    assert where[:4].count(where[4]) == 0  # a whole host
    assert all(UUID(i["id"]) for i in placed["instances"])
    for group, count in ((a, 2), (b, 2)):
        members = admin.get(f"~/groups/{group}", "group")["members"]
        assert members == [i["id"] for i in placed["instances"] if i["group"] == group]
        assert len(members) == count


def test_all_or_nothing(admin: Asker) -> None:
    a, b = admin.id(), admin.id(policies=["anti-affinity"])
    refused(admin.ask(one(a), one(b, count=7)), "placement-infeasible", 409)
    assert admin.get("~/instances", "instances") == []
    assert admin.get(f"~/groups/{a}", "group")["members"] == []
    # Nothing is claimed either: six whole hosts are free.
    assert len(admin.place(one(vcpu=8, count=6))["instances"]) == 6
    refused(admin.ask(one()), "placement-infeasible", 409)


def test_what_is_claimed_is_gone_for_every_project(world: World, admin: Asker) -> None:
    admin.place(one(vcpu=5, count=6))
    other = world.asker("other", "member")
    refused(other.ask(one(vcpu=4)), "placement-infeasible", 409)
    assert other.ask(one(vcpu=3, count=6)).status_code == 201


@pytest.mark.parametrize("objective", ["pack", "spread", "cost"])
def test_each_objective_is_proved(admin: Asker, objective: str) -> None:
    placed = admin.place(one(count=2), objective=objective)
    # pack: 2 x 1000 for two empty hosts; spread: two hosts at 1000 - 1000; cost: hosts have none.
    assert (placed["status"], placed["objective"], placed["gap"]) == (
        "optimal",
        {"pack": 2000}.get(objective, 0),
        0.0,
    )
    assert placed["bound"] == placed["objective"]


def test_ids_may_be_given(world: World, admin: Asker) -> None:
    mine = str(uuid4())
    assert admin.place(one(id=mine.upper()))["instances"][0]["id"] == mine
    refused(admin.ask(one(id=mine)), "id-taken", 409)
    refused(world.asker("other", "service").ask(one(id=mine)), "id-taken", 409)
    new = str(uuid4())
    refused(
        admin.ask(one(id=new), one(id=new.upper())),
        "duplicate-name",
        400,
        "placement.instances[1].id",
    )
    refused(admin.ask(one(id=new, count=2)), "wrong-value", 400, "placement.instances[0]")
    refused(admin.ask(one(id="nope")), "ill-formed-name", 400, "placement.instances[0].id")
    assert len(admin.get("~/instances", "instances")) == 1
    # An id is free again once its instance is gone.
    admin("DELETE", f"~/instances/{mine}")
    assert admin.place(one(id=mine))["instances"][0]["id"] == mine


def test_hints_name_a_group_of_the_project(world: World, admin: Asker) -> None:
    foreign = world.asker("other", "member").id()
    for group in (foreign, UNKNOWN):
        refused(admin.ask(one(), one(group)), "group-not-found", 404)
        assert admin.ask(one(group), query="?dry_run=true").status_code == 404
    assert admin.get("~/instances", "instances") == []
    group = admin.id()
    assert admin.place(one(group.upper()))["instances"][0]["group"] == group


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, "missing-key", "placement.instances"),
        ({"instances": []}, "out-of-range", "placement.instances"),
        ({"instances": [{}]}, "missing-key", "placement.instances[0]"),
        ({"instances": [{"flavor": "m"}]}, "unknown-flavor", "placement.instances[0].flavor"),
        (
            {"instances": [one(flavor="m")], "flavors": {"m": {"resources": {}}}},
            "wrong-value",
            "placement.instances[0]",
        ),
        ({"instances": [{"resources": {}}]}, "out-of-range", "placement.instances[0]"),
        ({"instances": [{"resources": {"VCPU": 0}}]}, "out-of-range", "placement.instances[0]"),
        (
            {"instances": [{"resources": {"vcpu": 1}}]},
            "ill-formed-name",
            "placement.instances[0].resources.vcpu",
        ),
        (
            {"instances": [{"resources": {"VCPU": 1.5}}]},
            "wrong-type",
            "placement.instances[0].resources.VCPU",
        ),
        (
            {"instances": [{"resources": {"VCPU": -1}}]},
            "out-of-range",
            "placement.instances[0].resources.VCPU",
        ),
        ({"instances": [one(count=0)]}, "out-of-range", "placement.instances[0].count"),
        ({"instances": [one(count=2001)]}, "too-many-members", "placement.instances"),
        ({"instances": [one(count=2000), one()]}, "too-many-members", "placement.instances"),
        ({"instances": [one(count=2**62)]}, "too-many-members", "placement.instances"),
        ({"instances": [one(nme="x")]}, "unknown-key", "placement.instances[0].nme"),
        (
            {"instances": [one(hints={"grup": UNKNOWN})]},
            "unknown-key",
            "placement.instances[0].hints.grup",
        ),
        ({"instances": [one()], "objective": "best"}, "wrong-value", "placement.objective"),
        ({"instances": [one()], "time_limit": 30.5}, "out-of-range", "placement.time_limit"),
        ({"instances": [one()], "time_limit": 0}, "out-of-range", "placement.time_limit"),
        ({"instances": [one()], "time_limit": "5"}, "wrong-type", "placement.time_limit"),
        ({"instances": [one()], "ttl": 0}, "out-of-range", "placement.ttl"),
        ({"instances": [one()], "ttl": 1.5}, "wrong-type", "placement.ttl"),
        ({"instances": [one()], "tll": 5}, "unknown-key", "placement.tll"),
    ],
)
def test_what_means_nothing_is_refused(
    admin: Asker, body: dict[str, Any], code: str, path: str
) -> None:
    refused(admin("POST", "~/placements", {"placement": body}), code, 400, path)
    assert admin.get("~/instances", "instances") == []


@pytest.mark.parametrize("query", ["?dry_run=yes", "?dry_run", "?dryrun=true", "?dry-run=true"])
def test_a_misspelt_dry_run_claims_nothing(admin: Asker, query: str) -> None:
    assert admin.ask(one(), query=query).status_code == 400
    assert admin.get("~/instances", "instances") == []


def test_a_dry_run_decides_and_claims_nothing(admin: Asker) -> None:
    group = admin.id(policies=["anti-affinity"])
    tag = admin("GET", f"~/groups/{group}").headers["ETag"]
    for _ in range(2):
        answer = admin.ask(one(group, vcpu=8, count=6), query="?dry_run=true", ttl=5)
        assert answer.status_code == 200
        tried = answer.get_json()["placement"]
        assert (tried["id"], tried["expires_at"], tried["status"]) == (None, None, "optimal")
        assert sorted(spots(tried)) == ["h0", "h1", "h2", "h3", "h4", "h5"]
    refused(admin.ask(one(group, count=7), query="?dry_run=true"), "placement-infeasible", 409)
    assert admin.get("~/instances", "instances") == []
    assert admin("GET", f"~/groups/{group}").headers["ETag"] == tag


def test_disabled_hosts_take_nothing_and_overfull_ones_nothing_of_that_class(admin: Asker) -> None:
    first, second, third = hosts(3)
    admin.load({**first, "enabled": False}, {**second, "used": {"VCPU": 9}}, third)
    assert spots(admin.place(one(count=8))) == ["h2"] * 8
    refused(admin.ask(one()), "placement-infeasible", 409)


def test_without_a_fleet_nothing_is_placed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with opened(tmp_path / "empty") as world:
        refused(world.asker("demo", "member").ask(one()), "placement-infeasible", 409)


def test_two_thousand_instances_are_one_placement(world: World, admin: Asker) -> None:
    admin.load(*hosts(50, racks=10, vcpu=64))
    vast = world.asker("vast", "member")
    group = vast.id(policies=[{"kind": "anti-affinity", "level": "rack", "max_per_domain": 250}])
    placed = vast.place(one(group, count=2000, name="n"))
    assert len(placed["instances"]) == 2000
    assert placed["instances"][-1]["name"] == "n-2000"
    assert len(vast.get(f"~/groups/{group}", "group")["members"]) == 2000
    assert len(vast.get("~/instances", "instances")) == 1000  # a page
    refused(vast.ask(one(group, count=501)), "placement-infeasible", 409)  # 10 racks x 250
