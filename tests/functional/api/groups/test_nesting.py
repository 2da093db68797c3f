"""Groups of groups: how deep, in what order, and while what is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import UNKNOWN, Asker, hosts, one, opened, refused


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Asker]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*hosts())
        yield world.asker("demo", "member")


def change(asker: Asker, group: str, **fields: Any) -> Any:
    return asker("UPDATE", f"~/groups/{group}", {"group": fields})


def test_children_are_told_in_their_order_and_may_have_several_parents(member: Asker) -> None:
    a, b = member.id(), member.id()
    first, second = member.id(groups=[b, a]), member.id(groups=[a.upper(), b])
    assert member.get(f"~/groups/{first}", "group")["groups"] == [b, a]
    assert member.get(f"~/groups/{second}", "group")["groups"] == [a, b]
    assert change(member, first, groups=[a, b]).get_json()["group"]["groups"] == [a, b]
    assert change(member, first, groups=[]).get_json()["group"]["groups"] == []


def test_a_child_is_named_once_and_is_there(member: Asker) -> None:
    child = member.id()
    refused(member("POST", "~/groups", {"group": {"groups": [UNKNOWN]}}), "group-not-found", 404)
    refused(
        member("POST", "~/groups", {"group": {"groups": [child, child]}}),
        "duplicate-name",
        400,
        "group.groups[1]",
    )
    refused(
        member("POST", "~/groups", {"group": {"groups": ["nope"]}}),
        "ill-formed-name",
        400,
        "group.groups[0]",
    )


def test_cycles_are_refused_and_told(member: Asker) -> None:
    a = member.id()
    b = member.id(groups=[a])
    c = member.id(groups=[b])
    error = refused(change(member, a, groups=[c]), "nested-in-itself", 400, "group.groups")
    # From wherever it is begun, a stands below c, which stands below b, which stands below a.
    cycle = f"{a} > {c} > {b} > {a}"
    assert cycle in error["detail"]
    refused(change(member, a, groups=[a]), "nested-in-itself", 400, "group.groups")
    assert member.get(f"~/groups/{a}", "group")["groups"] == []


def test_eight_groups_may_stand_below_one_another_and_no_ninth(member: Asker) -> None:
    chain = [member.id()]
    for _ in range(7):
        chain.append(member.id(groups=[chain[-1]]))
    refused(
        member("POST", "~/groups", {"group": {"groups": [chain[-1]]}}),
        "too-deep",
        400,
        "group.groups",
    )
    # Nor from below.
    new = member.id()
    refused(change(member, chain[0], groups=[new]), "too-deep", 400, "group.groups")
    assert change(member, chain[1], groups=[chain[0], new]).status_code == 200


def test_children_come_and_go_while_both_are_empty(member: Asker) -> None:
    full, child = member.id(), member.id()
    parent = member.id(groups=[child])
    held = member.place(one(full))["instances"][0]["id"]
    refused(member("POST", "~/groups", {"group": {"groups": [full]}}), "group-not-empty", 409)
    refused(change(member, parent, groups=[child, full]), "group-not-empty", 409)
    refused(change(member, full, groups=[child]), "group-not-empty", 409)
    below = member.place(one(child))["instances"][0]["id"]
    refused(change(member, parent, groups=[]), "group-not-empty", 409)
    refused(change(member, parent, policies=["affinity"]), "group-not-empty", 409)
    assert change(member, parent, groups=[child], name="the same children").status_code == 200
    assert member("DELETE", f"~/instances/{below}").status_code == 204
    assert change(member, parent, groups=[]).status_code == 200
    assert member("DELETE", f"~/instances/{held}").status_code == 204
    assert change(member, parent, groups=[full]).status_code == 200


def test_near_and_apart_from_name_no_relative(member: Asker) -> None:
    child = member.id()
    for kind in ("near", "apart-from"):
        policy = {"kind": kind, "group": child}
        body = {"group": {"groups": [child], "policies": [policy]}}
        refused(member("POST", "~/groups", body), "related-group", 400, "group.policies[0].group")
        refused(
            change(member, child, policies=[policy]),
            "related-group",
            400,
            "group.policies[0].group",
        )
        namer = member.id(policies=[policy])
        # The new parent would make relatives of two that a policy relates.
        refused(change(member, child, groups=[namer]), "related-group", 400, "group.groups")
        refused(
            change(member, namer, groups=[child]), "related-group", 400, "group.policies[0].group"
        )


def test_a_policy_of_a_parent_speaks_of_all_members_below(member: Asker) -> None:
    a, b = member.id(), member.id()
    parent = member.id(groups=[a, b], policies=[{"kind": "anti-affinity", "level": "rack"}])
    member.place(one(a), one(b))  # two of three racks
    assert member.ask(one(a, count=2)).status_code == 409
    member.place(one(parent))  # a group of groups has members of its own
    conflict = refused(member.ask(one(b)), "placement-infeasible", 409)["conflict"]
    assert {(rule["group"], rule["policy"]) for rule in conflict["policies"]} == {
        (b, "members"),
        (parent, "anti-affinity"),
    }
