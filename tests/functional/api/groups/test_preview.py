"""Changes to a group with members: previewed, or made if no member would break a policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.api.groups.test_grants import GRANT
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots

METHODS = ("UPDATE", "PUT", "PATCH")
ALONE = {"kind": "anti-affinity", "level": "host", "max_per_domain": 1}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, reveal_hosts=True) as world:
        world.asker("demo", "admin").load(*hosts(4, racks=2, vcpu=4))
        yield world


@pytest.fixture
def group(member: Asker) -> str:
    """Three members on one host."""
    group = member.id(name="web")
    assert len(set(spots(member.place(one(group, count=3))))) == 1
    return group


def change(asker: Asker, group: str, query: str = "", method: str = "PATCH", **fields: Any) -> Any:
    return asker(method, f"~/groups/{group}{query}", {"group": fields})


def preview(asker: Asker, group: str, **fields: Any) -> dict[str, Any]:
    answer = change(asker, group, "?preview=true", **fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json()["preview"])


@pytest.mark.parametrize("method", METHODS)
def test_a_preview_says_which_members_would_break_what_and_changes_nothing(
    member: Asker, group: str, method: str
) -> None:
    before = member("GET", f"~/groups/{group}")
    answer = change(member, group, "?preview=true", method, policies=["anti-affinity"], name="new")
    assert answer.get_json() == {
        "preview": {
            "clean": False,
            "violations": [
                {
                    "group": group,
                    "policy": "anti-affinity",
                    "sentence": "no host holds more than 1 member of web",
                    "measure": 3,  # 2 above the limit of 1: 2 x 3 / 2
                    "members": before.get_json()["group"]["members"],
                    "other_members": 0,
                }
            ],
        }
    }
    assert answer.headers["ETag"] == before.headers["ETag"]
    assert member("GET", f"~/groups/{group}").text == before.text
    assert preview(member, group, policies=["affinity"]) == {"clean": True, "violations": []}
    assert preview(member, group, name="new") == {"clean": True, "violations": []}
    assert member("GET", f"~/groups/{group}").text == before.text


@pytest.mark.parametrize("method", METHODS)
def test_what_no_member_breaks_is_applied_and_the_rest_is_refused_with_the_same_list(
    member: Asker, group: str, method: str
) -> None:
    looked = preview(member, group, policies=["anti-affinity"])
    answer = change(
        member, group, "?apply=if-clean", method, policies=["anti-affinity"], name="new"
    )
    error = refused(answer, "would-break", 409)
    assert error["preview"] == looked
    assert "anti-affinity" in error["detail"]
    assert member.get(f"~/groups/{group}", "group")["name"] == "web"
    refused(change(member, group, "", method, policies=["affinity"]), "group-not-empty", 409)
    done = change(member, group, "?apply=if-clean", method, policies=["affinity"], name="new")
    assert (done.status_code, done.get_json()["group"]["name"]) == (200, "new")
    assert done.headers["ETag"] == member("GET", f"~/groups/{group}").headers["ETag"]
    assert [policy["kind"] for policy in member.get(f"~/groups/{group}", "group")["policies"]] == [
        "affinity"
    ]
    # And it binds what comes later: the host has room for one of four.
    refused(member.ask(one(group, count=2)), "placement-infeasible", 409)


def test_soft_policies_break_nothing(member: Asker, group: str) -> None:
    assert (
        change(member, group, "?apply=if-clean", policies=["soft-anti-affinity"]).status_code == 200
    )


def test_members_that_have_no_part_in_it_are_not_named(member: Asker) -> None:
    group = member.id(name="web")
    first, second, third = (
        member.place(one(group, vcpu=vcpu))["instances"][0] for vcpu in (2, 2, 4)
    )  # two on one host of four, the third elsewhere
    assert first["host"] == second["host"] != third["host"]
    (broken,) = preview(member, group, policies=["anti-affinity"])["violations"]
    assert broken["members"] == [first["id"], second["id"]]
    (broken,) = preview(member, group, policies=["affinity"])["violations"]
    assert (broken["members"], broken["measure"]) == (
        [third["id"]],
        1,
    )  # without it there is one host


def test_where_no_single_member_makes_the_difference_all_are_named(member: Asker) -> None:
    group = member.id()
    placed = member.place(one(group, vcpu=2, count=4))["instances"]
    (broken,) = preview(member, group, policies=["affinity"])["violations"]
    assert broken["members"] == [instance["id"] for instance in placed]


def test_what_is_broken_already_is_told_only_where_it_gets_worse(
    world: World, member: Asker
) -> None:
    group = member.id(policies=[ALONE])
    placed = set(spots(member.place(one(group, count=2))))
    admin = world.asker("demo", "admin")
    for host in hosts(4, racks=2, vcpu=4):
        if host["name"] in placed:
            assert admin(
                "PUT", f"/v1.0/fleet/hosts/{host['name']}", {**host, "domains": {"rack": "r0"}}
            ).is_json
    rack = {**ALONE, "level": "rack"}
    (broken,) = preview(member, group, policies=[ALONE, rack])["violations"]
    assert broken["measure"] == 1
    # A group whose rule the fleet has broken can be given others.
    other = member.id(policies=[rack])
    member.place(one(other, count=2))
    for host in hosts(4, racks=1, vcpu=4):
        assert admin("PUT", f"/v1.0/fleet/hosts/{host['name']}", host).status_code == 200
    assert change(member, other, "?apply=if-clean", policies=[rack, ALONE]).status_code == 200
    assert preview(member, other, policies=[{**rack, "x-note": 1}])[
        "clean"
    ]  # the same rule, with a note


def test_a_target_that_members_break_with_is_told_in_the_projects_words(member: Asker) -> None:
    first, second = member.id(name="first"), member.id(name="second")
    member.place(one(first), one(second))  # packed on one host
    apart = {"kind": "apart-from", "group": second}
    (broken,) = preview(member, first, policies=[apart])["violations"]
    assert broken["sentence"] == "no host holds members of both first and second"
    assert len(broken["members"]) == 2
    assert preview(member, first, policies=[{**apart, "kind": "near"}])["clean"]
    (broken,) = preview(member, member.id(), policies=["exclusive"], groups=[first])["violations"]
    assert (broken["policy"], broken["measure"]) == ("exclusive", 1)


def test_groups_below_come_and_go_with_members_where_nothing_breaks(
    member: Asker, group: str
) -> None:
    other = member.id(name="other")
    member.place(one(other, vcpu=4))
    parent = member.id(name="all", policies=[{"kind": "affinity"}])
    refused(change(member, parent, groups=[group]), "group-not-empty", 409)
    assert change(member, parent, "?apply=if-clean", groups=[group]).status_code == 200
    assert change(member, parent, groups=[group, other]).status_code == 409
    (broken,) = preview(member, parent, groups=[group, other])["violations"]
    assert (broken["group"], broken["sentence"]) == (parent, "all members of all share one host")
    refused(change(member, parent, "?apply=if-clean", groups=[group, other]), "would-break", 409)
    done = change(member, parent, "?apply=if-clean", groups=[other])
    assert done.get_json()["group"]["groups"] == [other]


def test_what_stands_over_a_group_speaks_of_what_comes_below_it(member: Asker, group: str) -> None:
    parent = member.id()
    over = member.id(policies=["anti-affinity"], groups=[parent])
    (broken,) = preview(member, parent, groups=[group])["violations"]
    assert (broken["group"], broken["measure"]) == (over, 3)


def test_a_preview_refuses_what_the_change_itself_would_be_refused_for(
    member: Asker, group: str
) -> None:
    for query in ("?preview=true", "?apply=if-clean"):
        refused(change(member, group, query, policies=["anti-afinity"]), "unknown-policy", 400)
        refused(change(member, group, query, groups=[group]), "nested-in-itself", 400)
        refused(change(member, group, query, members=[]), "read-only", 400)
        stale = member(
            "PATCH", f"~/groups/{group}{query}", {"group": {"policies": []}}, If_Match='"old"'
        )
        refused(stale, "stale", 412)
    for query in ("?preview=yes", "?apply=always", "?apply=", "?preview=true&apply=if-clean"):
        refused(change(member, group, query, name="x"), "wrong-value", 400, "query.")
    assert change(member, group, "?preview=false&apply=if-clean", name="x").status_code == 200


def test_a_group_moves_to_another_project_only_while_it_is_empty(world: World, group: str) -> None:
    admin = world.asker("demo", "admin")
    for query in ("", "?preview=true", "?apply=if-clean"):
        refused(change(admin, group, query, tenant_id="other"), "group-not-empty", 409)


def test_members_of_other_projects_count_and_are_not_named(world: World, member: Asker) -> None:
    guest = world.asker("guest", "member")
    group = member.id(name="shared")
    assert member("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    mine = member.place(one(group))["instances"][0]["id"]
    theirs = [
        instance["id"] for instance in guest.place(one(group, count=2, name="secret"))["instances"]
    ]
    answers = [
        change(member, group, query, policies=["anti-affinity"])
        for query in ("?preview=true", "?apply=if-clean")
    ]
    for answer in answers:
        data = answer.get_json()
        (broken,) = (data["preview"] if "preview" in data else data["errors"][0]["preview"])[
            "violations"
        ]
        assert (broken["measure"], broken["members"], broken["other_members"]) == (3, [mine], 2)
        assert [word for word in (*theirs, "secret", "guest") if word in answer.text] == []
    # A guest's own group names the shared one, but does not see the projects of its members.
    own = guest.id(name="own")
    held = guest.place(one(own))["instances"][0]["id"]
    answer = change(guest, own, "?preview=true", policies=[{"kind": "apart-from", "group": group}])
    (broken,) = answer.get_json()["preview"]["violations"]
    assert held in broken["members"]
    assert mine not in answer.text
    assert "shared" not in answer.text


def test_what_a_guest_says_of_a_shared_group_stands_in_no_change_of_its_owners(
    world: World, member: Asker
) -> None:
    guest = world.asker("guest", "member")
    group = member.id()
    assert member("POST", f"~/groups/{group}/grants", GRANT).status_code == 201
    child = member.id()
    guest.id(policies=[{"kind": "apart-from", "group": group}])
    namer = guest.id(policies=[{"kind": "apart-from", "group": group}])
    guest.place(one(namer))
    member.place(one(child))
    answer = change(member, group, "?preview=true", groups=[child])
    assert answer.get_json() == {"preview": {"clean": True, "violations": []}}
