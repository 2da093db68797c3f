"""Policies across projects: which members they bind, and what remains after a grant is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.api.groups.test_grants import GRANT
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, reveal_hosts=True) as world:
        world.asker("ops", "admin").load(
            *hosts(4, racks=2, vcpu=4)
        )  # racks r0 of h0 h2, r1 of h1 h3
        yield world


@pytest.fixture
def owner(world: World) -> Asker:
    return world.asker("owner", "member")


@pytest.fixture
def guest(world: World) -> Asker:
    return world.asker("guest", "member")


def shared(owner: Asker, **fields: Any) -> str:
    group = owner.id(**fields)
    assert owner("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    return group


def revoke(owner: Asker, group: str) -> None:
    assert owner("DELETE", f"~/groups/{group}/grants/guest").status_code == 204


def at(asker: Asker, *instances: dict[str, Any], **fields: Any) -> list[str]:
    return spots(asker.place(*instances, **fields))


def within(rack: str) -> dict[str, Any]:
    return {"kind": "within", "domains": {"rack": [rack]}}


def test_a_hard_policy_counts_members_of_all_projects(owner: Asker, guest: Asker) -> None:
    group = shared(owner, policies=[{"kind": "anti-affinity", "level": "rack"}])
    first, second = at(owner, one(group)), at(guest, one(group))
    assert {int(name[1:]) % 2 for name in (*first, *second)} == {0, 1}
    for asker in (owner, guest):
        refused(asker.ask(one(group)), "placement-infeasible", 409)


def test_a_soft_policy_of_a_shared_group_has_its_price_for_all_projects(
    owner: Asker, guest: Asker
) -> None:
    group = shared(owner, policies=[{"kind": "anti-affinity", "weight": 5}])
    first = at(owner, one(group))
    assert at(guest, one(group)) != first  # packing alone would put it there
    revoke(owner, group)
    assert at(guest, one(guest.id())) == first


def test_prices_of_groups_over_a_shared_one_are_not_the_guests(owner: Asker, guest: Asker) -> None:
    group = shared(owner)
    owner.id(groups=[group], policies=[{"kind": "anti-affinity", "weight": 5}])
    first = at(owner, one(group))
    assert at(guest, one(group)) == first
    assert at(owner, one(group)) != first


def test_hard_policies_of_groups_over_a_shared_one_bind_the_guest(
    owner: Asker, guest: Asker
) -> None:
    group = shared(owner)
    owner.id(groups=[group], policies=["anti-affinity"])
    first = at(owner, one(group))
    assert at(guest, one(group)) != first


def test_an_owners_policy_about_its_group_binds_who_joins_it(owner: Asker, guest: Asker) -> None:
    group = shared(owner)
    other = owner.id(
        policies=[{"kind": "apart-from", "group": group, "level": "rack"}, within("r0")]
    )
    assert set(at(owner, one(other, count=2))) <= {"h0", "h2"}
    assert set(at(guest, one(group, count=4))) <= {"h1", "h3"}


@pytest.mark.parametrize("weight", [None, 7])
def test_a_guests_policy_about_a_shared_group_binds_the_guest_and_never_the_owner(
    owner: Asker, guest: Asker, weight: int | None
) -> None:
    group = shared(owner)
    apart = {"kind": "apart-from", "group": group, **({"weight": weight} if weight else {})}
    mine = guest.id(policies=[apart])
    theirs = at(owner, one(group))
    where = at(guest, one(mine))
    assert where != theirs
    # Where nothing but the guest's rule stood in the way, the owner goes as if it were not there.
    assert at(owner, one(group, vcpu=3)) == theirs
    assert at(owner, one(group)) == where
    # The guest stands by its word wherever it is broken now: it makes nothing worse.
    assert not set(at(guest, one(mine, vcpu=2))) & set(theirs)


def test_near_a_shared_group_is_near_members_of_any_project(owner: Asker, guest: Asker) -> None:
    group = shared(owner, policies=[within("r1")])
    mine = guest.id(policies=[{"kind": "near", "group": group, "level": "rack"}])
    refused(guest.ask(one(mine)), "placement-infeasible", 409)
    owner.place(one(group))
    assert set(at(guest, one(mine, count=3))) <= {"h1", "h3"}


def test_members_that_a_guest_placed_are_no_strangers_to_an_exclusive_group(
    owner: Asker, guest: Asker
) -> None:
    group = shared(owner, policies=["exclusive"])
    first = at(owner, one(group))
    assert at(guest, one(group)) == first
    assert at(guest, one()) != first


def test_what_a_shared_group_would_like_is_no_price_of_who_does_not_join_it(
    owner: Asker, guest: Asker
) -> None:
    group = shared(owner)
    owner.place(one(group))
    options = {
        "kind": "exclusive",
        "weight": 10**14,
    }  # beyond what the prices of a batch may come to
    body = {"group": {"policies": [options]}}
    assert owner("PATCH", f"~/groups/{group}?apply=if-clean", body).status_code == 200
    assert guest.place(one())["objective"] < 1000 * 10**3


def test_a_guest_is_not_told_how_many_members_the_owner_may_have(
    world: World, owner: Asker, guest: Asker
) -> None:
    group = shared(owner)
    owner.place(one(group, count=10))
    for host in hosts(8, racks=2, vcpu=1000):
        world.asker("ops", "admin")("PUT", f"/v1.0/fleet/hosts/{host['name']}", host)
    answer = refused(guest.ask(one(group, count=995)), "quota-exceeded", 403)
    assert "no more members" in str(answer)


def test_a_guest_in_two_shared_groups_is_bound_by_what_each_says(
    world: World, owner: Asker, guest: Asker
) -> None:
    group = shared(owner, policies=[within("r0")])
    assert (
        owner("POST", f"~/groups/{group}/grants", {"grant": {"tenant_id": "third"}}).status_code
        == 201
    )
    third = world.asker("third", "member")
    other = third.id(policies=[{"kind": "apart-from", "group": group, "level": "rack"}])
    assert third("POST", f"~/groups/{other}/grants", GRANT).status_code == 201
    owner.place(one(group))
    assert set(at(guest, one(other))) <= {"h1", "h3"}
    # What the third project says of the owner's group is no business of who joins that one.
    third.place(one(other, count=1))
    assert set(at(guest, one(group))) <= {"h0", "h2"}


def test_a_reference_is_void_while_there_is_no_grant(owner: Asker, guest: Asker) -> None:
    group = shared(owner)
    apart = {"kind": "apart-from", "group": group, "level": "host"}
    mine = guest.id(name="mine", policies=[apart, "anti-affinity"])
    theirs = at(owner, one(group))
    revoke(owner, group)
    assert at(guest, one(mine)) == theirs  # packing puts it there, and nothing keeps it off
    held = guest.get("~/instances", "instances")[0]["id"]
    shown = guest.get(f"~/groups/{mine}", "group")
    assert [policy["kind"] for policy in shown["policies"]] == ["apart-from", "anti-affinity"]
    # It can still be changed, with the void reference and without; but nothing new is named.
    assert guest("PATCH", f"~/groups/{mine}", {"group": {"name": "new"}}).status_code == 200
    assert guest("DELETE", f"~/instances/{held}").status_code == 204
    for policies in ([apart], [apart, "affinity"]):
        assert (
            guest("PATCH", f"~/groups/{mine}", {"group": {"policies": policies}}).status_code == 200
        )
    other = {"group": {"policies": [apart, {**apart, "level": "rack"}]}}
    refused(guest("PATCH", f"~/groups/{mine}", other), "group-not-found", 404)
    refused(guest("POST", "~/groups", {"group": {"policies": [apart]}}), "group-not-found", 404)
    # Others of the project are not touched by it.
    assert (
        guest(
            "POST", "~/groups", {"group": {"policies": [{"kind": "near", "group": mine}]}}
        ).status_code
        == 201
    )
    # Granted again, it binds again.
    assert owner("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    assert at(guest, one(mine)) != theirs


def test_a_guests_reference_keeps_nobody_from_deleting_a_group(owner: Asker, guest: Asker) -> None:
    group, mine = shared(owner), None
    for still in (True, False):
        mine = guest.id(policies=[{"kind": "near", "group": group}])
        if not still:
            revoke(owner, group)
        assert owner("DELETE", f"~/groups/{group}").status_code == 204
        assert guest.ask(one(mine)).status_code == 201  # void
        assert guest("GET", f"~/groups/{mine}").status_code == 200
        assert guest("DELETE", f"~/groups/{mine}?force=true").status_code == 204
        group = shared(owner)
    # An own group that names it does.
    owner.id(policies=[{"kind": "near", "group": group}])
    refused(owner("DELETE", f"~/groups/{group}"), "group-in-use", 409)


def test_a_group_that_moves_away_takes_no_reference_along_that_its_new_project_may_not_have(
    world: World, owner: Asker, guest: Asker
) -> None:
    group = shared(owner)
    near = {"kind": "near", "group": group}
    mine = guest.id(policies=[near])
    boss = world.asker("guest", "admin")
    move = {"group": {"tenant_id": "third"}}
    refused(boss("PATCH", f"~/groups/{mine}", move), "group-not-found", 404)
    assert (
        owner("POST", f"~/groups/{group}/grants", {"grant": {"tenant_id": "third"}}).status_code
        == 201
    )
    assert boss("PATCH", f"~/groups/{mine}", move).status_code == 200


@pytest.mark.parametrize("target", ["own", "granted"])
def test_the_same_reference_twice_is_refused_and_other_levels_are_not(
    owner: Asker, guest: Asker, target: str
) -> None:
    group = guest.id() if target == "own" else shared(owner)
    near = {"kind": "near", "group": group.upper(), "level": "rack"}
    refused(
        guest("POST", "~/groups", {"group": {"policies": [near, near]}}), "repeated-policy", 400
    )
    body = {"group": {"policies": [near, {**near, "level": "host"}]}}
    assert guest("POST", "~/groups", body).status_code == 201


def test_members_of_another_project_keep_a_group_from_being_changed(
    owner: Asker, guest: Asker
) -> None:
    group = shared(owner)
    guest.place(one(group))
    refused(
        owner("PATCH", f"~/groups/{group}", {"group": {"policies": ["affinity"]}}),
        "group-not-empty",
        409,
    )
    assert owner("PATCH", f"~/groups/{group}", {"group": {"name": "new"}}).status_code == 200
