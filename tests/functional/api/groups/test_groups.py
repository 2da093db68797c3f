"""A group's attributes and rights: made, shown, deleted, listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, most_policies=4) as world:
        yield world


@pytest.fixture
def member(world: World) -> Asker:
    world.asker("demo", "admin").load(*hosts())
    return world.asker("demo", "member")


def make(asker: Asker, **fields: Any) -> Any:
    return asker("POST", "~/groups", {"group": fields})


def test_what_is_not_said_has_its_default(member: Asker) -> None:
    group = member.group()
    assert str(UUID(group["id"])) == group.pop("id")
    assert group == {
        "name": None,
        "tenant_id": "demo",
        "policies": [],
        "metadata": None,
        "groups": [],
        "members": [],
    }


@pytest.mark.parametrize("role", ["admin", "service"])
def test_an_admin_or_a_service_may_choose_the_id_once(world: World, role: str) -> None:
    chosen = str(uuid4())
    asker = world.asker("demo", role)
    assert asker.id(id=chosen.upper()) == chosen
    refused(make(asker, id=chosen), "id-taken", 409)
    # Ids are taken by whichever project.
    refused(make(world.asker("other", role), id=chosen), "id-taken", 409)


def test_a_member_may_not_choose_the_id(member: Asker) -> None:
    refused(make(member, id=str(uuid4())), "forbidden", 403)
    assert member.get("~/groups", "groups") == []


def test_names_need_not_differ(member: Asker) -> None:
    assert member.id(name="a") != member.id(name="a")


def test_the_project_is_that_of_the_path(world: World, member: Asker) -> None:
    assert member.group(tenant_id="demo")["tenant_id"] == "demo"
    refused(make(member, tenant_id="other"), "wrong-value", 400, "group.tenant_id")
    refused(make(world.asker("demo", "service"), tenant_id="other"), "wrong-value", 400)
    admin = world.asker("demo", "admin")
    made = admin.group(tenant_id="other")
    assert made["tenant_id"] == "other"
    assert [g["id"] for g in world.asker("other", "reader").get("~/groups", "groups")] == [
        made["id"]
    ]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("anti-affinity", {"kind": "anti-affinity", "level": "host", "max_per_domain": 1}),
        ("affinity", {"kind": "affinity", "level": "host"}),
        ("soft-affinity", {"kind": "affinity", "level": "host", "weight": 1}),
        (
            "soft-anti-affinity",
            {"kind": "anti-affinity", "level": "host", "max_per_domain": 1, "weight": 1},
        ),
        ("exclusive", {"kind": "exclusive", "level": "host", "scope": "group"}),
    ],
)
def test_a_bare_policy_is_answered_as_an_object(
    member: Asker, short: str, long: dict[str, Any]
) -> None:
    group = member.group(policies=[short])
    assert group["policies"] == [long]
    assert member.get(f"~/groups/{group['id']}", "group") == group
    assert member.group(policies=[long])["policies"] == [long]


def test_policies_name_groups_by_uuid(member: Asker) -> None:
    other = member.id()
    for kind in ("near", "apart-from"):
        policy = {"kind": kind, "group": other, "level": "rack"}
        assert member.group(policies=[policy])["policies"] == [policy]
        assert member.group(policies=[{**policy, "group": other.upper()}])["policies"] == [policy]
        for unknown in (UNKNOWN, "nope"):
            refused(make(member, policies=[{**policy, "group": unknown}]), "group-not-found", 404)


@pytest.mark.parametrize(
    ("policies", "code", "path"),
    [
        (
            ["affinity", {"kind": "affinity", "level": "host"}],
            "repeated-policy",
            "group.policies[1]",
        ),
        ([{"kind": "affinity", "level": "room"}], "unknown-level", "group.policies[0].level"),
        (
            [{"kind": "within", "domains": {"room": ["r"]}}],
            "unknown-level",
            "group.policies[0].domains.room",
        ),
        (["afinity"], "unknown-policy", "group.policies[0]"),
        ([{"level": "rack"}], "missing-key", "group.policies[0]"),
        ([{"kind": "affinity", "levels": "rack"}], "unknown-key", "group.policies[0].levels"),
        ([{"kind": "affinity", "weight": 0}], "out-of-range", "group.policies[0].weight"),
        (
            [{"kind": "anti-affinity", "max_per_domain": "3"}],
            "wrong-type",
            "group.policies[0].max_per_domain",
        ),
        (["affinity"] * 5, "out-of-range", "group.policies"),
        ("affinity", "wrong-type", "group.policies"),
    ],
)
def test_policies_that_mean_nothing_are_refused(
    member: Asker, policies: Any, code: str, path: str
) -> None:
    refused(make(member, policies=policies), code, 400, path)
    assert member.get("~/groups", "groups") == []


def test_the_same_policy_hard_and_soft_or_at_two_levels_is_two(member: Asker) -> None:
    policies = ["affinity", "soft-affinity", {"kind": "affinity", "level": "rack"}]
    assert len(member.group(policies=policies)["policies"]) == 3


def test_metadata_is_a_dictionary_of_strings(member: Asker) -> None:
    metadata = {"owner": "ann", "a b/<c>": "", "é": "ü", "kind": "x"}
    assert member.group(metadata=metadata)["metadata"] == metadata
    assert member.group(metadata={})["metadata"] == {}
    refused(make(member, metadata={"a": 5}), "wrong-type", 400, "group.metadata.a")
    refused(make(member, metadata={"a": None}), "wrong-type", 400, "group.metadata.a")
    refused(make(member, metadata=["a"]), "wrong-type", 400, "group.metadata")


def test_members_come_with_placements_alone(member: Asker) -> None:
    assert member.group(members=[])["members"] == []
    refused(make(member, members=[UNKNOWN]), "read-only", 400, "group.members")


def test_a_group_is_found_by_its_id_in_either_case(member: Asker) -> None:
    group = member.group(name="a")
    assert member.get(f"~/groups/{group['id'].upper()}", "group") == group
    for odd in ("a", "x" * 300, "%01", "%F0%9F%98%80", "a%20b", "a'b"):
        refused(member("GET", f"~/groups/{odd}"), "group-not-found", 404)
    assert member("GET", "~/groups/%00").status_code == 404


def test_a_group_with_members_is_deleted_by_force_alone_and_they_run_on(member: Asker) -> None:
    group = member.id()
    placed = member.place(one(group, vcpu=3))["instances"][0]
    here = f"~/groups/{group}"
    refused(member("DELETE", here), "group-not-empty", 409)
    refused(member("DELETE", f"{here}?force=false"), "group-not-empty", 409)
    refused(member("DELETE", f"{here}?force=perhaps"), "wrong-value", 400, "query.force")
    assert member.get(here, "group")["members"] == [placed["id"]]
    assert member("DELETE", f"{here}?force=true").status_code == 204
    refused(member("GET", here), "group-not-found", 404)
    refused(member("DELETE", here), "group-not-found", 404)
    left = member.get(f"~/instances/{placed['id']}", "instance")
    assert (left["group"], left["hostId"], left["resources"]) == (
        None,
        placed["hostId"],
        {"VCPU": 3},
    )


@pytest.mark.parametrize("force", ["", "?force=true"])
def test_a_group_that_another_names_is_not_deleted(member: Asker, force: str) -> None:
    named, part = member.id(), member.id()
    namer = member.id(policies=[{"kind": "near", "group": named}])
    parent = member.id(groups=[part])
    refused(member("DELETE", f"~/groups/{named}{force}"), "group-in-use", 409)
    refused(member("DELETE", f"~/groups/{part}{force}"), "group-in-use", 409)
    for group in (namer, parent, named, part):
        assert member("DELETE", f"~/groups/{group}{force}").status_code == 204


def test_deleting_a_parent_leaves_its_children(member: Asker) -> None:
    child = member.id()
    parent = member.id(groups=[child])
    member.place(one(child))
    assert member("DELETE", f"~/groups/{parent}").status_code == 204
    assert len(member.get(f"~/groups/{child}", "group")["members"]) == 1


def test_a_list_has_pages_and_names(member: Asker) -> None:
    ids = [member.id(name="ab"[i % 2]) for i in range(5)]

    def listed(query: str) -> list[int]:
        return [ids.index(group["id"]) for group in member.get(f"~/groups{query}", "groups")]

    assert listed("") == [0, 1, 2, 3, 4]
    assert listed("?limit=2") == [0, 1]
    assert listed(f"?limit=2&marker={ids[1]}") == [2, 3]
    assert listed(f"?marker={ids[3].upper()}") == [4]
    assert listed(f"?marker={ids[4]}") == []
    assert listed("?name=b") == [1, 3]
    assert listed(f"?name=b&marker={ids[2]}") == [3]
    assert listed("?name=c") == listed("?name=") == []
    assert listed("?limit=1000") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "many", "", "1.5", "٣", "0000000019999", "9" * 5000]
)
def test_a_limit_is_a_number_from_1_to_1000(member: Asker, limit: str) -> None:
    for path in ("~/groups", "~/instances"):
        refused(member("GET", f"{path}?limit={limit}"), "out-of-range", 400, "query.limit")


def test_a_marker_must_be_in_the_list(member: Asker) -> None:
    for marker in (UNKNOWN, "x", "", "%01"):
        refused(member("GET", f"~/groups?marker={marker}"), "unknown-group", 400, "query.marker")
        refused(
            member("GET", f"~/instances?marker={marker}"), "unknown-member", 400, "query.marker"
        )


@pytest.mark.parametrize("path", ["~/groups?nme=a", "~/instances?name=a", "/v1.0/fleet?limit=1"])
def test_unknown_query_parameters_are_refused(world: World, path: str) -> None:
    refused(world.asker("demo", "admin")("GET", path), "unknown-key", 400, "query: ")
