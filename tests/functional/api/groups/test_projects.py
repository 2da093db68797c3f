"""``exclusive`` with ``scope: tenant``: a project keeps its hosts for all of its groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots

OURS = {"kind": "exclusive", "scope": "tenant"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, reveal_hosts=True) as world:
        world.asker("ops", "admin").load(*hosts(3, vcpu=4))
        yield world


@pytest.fixture
def mine(world: World) -> Asker:
    return world.asker("mine", "member")


@pytest.fixture
def other(world: World) -> Asker:
    return world.asker("other", "member")


def at(asker: Asker, *instances: dict[str, Any], **fields: Any) -> set[str]:
    return set(spots(asker.place(*instances, **fields)))


def test_a_projects_own_come_to_its_hosts_and_nobody_else(mine: Asker, other: Asker) -> None:
    group, plain = mine.id(policies=[OURS]), mine.id()
    here = at(mine, one(group))
    assert at(mine, one(plain)) == here  # of another group
    assert at(mine, one()) == here  # and of none
    assert not at(other, one(count=8)) & here  # all of the two other hosts
    refused(other.ask(one()), "placement-infeasible", 409)
    # All of these are its own: it may come to them, where there is room for one more.
    assert at(mine, one(group)) == here


def test_a_project_keeps_off_what_others_use_and_not_off_its_own(mine: Asker, other: Asker) -> None:
    plain, group = mine.id(), mine.id(policies=[OURS])
    theirs = at(other, one(vcpu=3))
    beside, alone = at(mine, one(plain, vcpu=3)), at(mine, one(vcpu=3))
    assert len(beside | alone | theirs) == 3
    # Each host has room for one: the third is a stranger's.
    assert at(mine, one(group, count=2)) == beside | alone
    refused(mine.ask(one(group)), "placement-infeasible", 409)


def test_a_batch_of_groups_and_of_none_is_one_project(mine: Asker, other: Asker) -> None:
    group, plain = mine.id(policies=[OURS]), mine.id()
    other.place(one(vcpu=3), one(vcpu=3), objective="spread")
    # Two hosts have room for one more each, beside the other project; the third is empty and has
    # room for four.
    assert len(at(mine, one(group, vcpu=2), one(plain, vcpu=2))) == 1


def test_what_the_other_project_has_in_no_group_is_no_kin_either(mine: Asker, other: Asker) -> None:
    first = other.id(policies=[OURS])
    theirs = at(other, one(first))
    assert at(other, one()) == theirs
    group = mine.id(policies=[OURS])
    here = at(mine, one(group))
    assert here != theirs
    assert at(other, one(vcpu=2)) == theirs
    refused(other.ask(one(vcpu=4), one(vcpu=1)), "placement-infeasible", 409)


def test_a_member_of_a_shared_group_is_the_owners_kin(mine: Asker, other: Asker) -> None:
    group, shared = mine.id(policies=[OURS]), mine.id()
    assert (
        mine("POST", f"~/groups/{shared}/grants", {"grant": {"tenant_id": "other"}}).status_code
        == 201
    )
    here = at(mine, one(group))
    assert at(other, one(shared)) == here
    assert at(other, one()) != here


def test_a_preview_and_an_adoption_know_kin_too(world: World, mine: Asker, other: Asker) -> None:
    group = mine.id()
    mine.place(one(group), one())
    answer = mine("PATCH", f"~/groups/{group}?preview=true", {"group": {"policies": [OURS]}})
    assert answer.get_json()["preview"]["clean"] is True
    answer = mine("PATCH", f"~/groups/{group}?preview=true", {"group": {"policies": ["exclusive"]}})
    assert answer.get_json()["preview"]["clean"] is False
    other.place(one())
    answer = mine("PATCH", f"~/groups/{group}?apply=if-clean", {"group": {"policies": [OURS]}})
    refused(answer, "would-break", 409)
    assert "other" not in answer.text.replace("other_members", "")
    strays = [i["id"] for i in mine.get("~/instances", "instances") if i["group"] is None]
    alone = mine.id(policies=[OURS])
    boss = world.asker("mine", "admin")
    refused(
        boss("POST", f"~/groups/{alone}/adopt", {"adopt": {"instances": strays}}),
        "would-break",
        409,
    )
