"""Quotas: of the family that a group was made on, and a project's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.settings import Quota, Settings
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused

NOVA = "/v2.1/os-server-groups"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    quotas = {"rich": {"groups": -1, "members": -1}, "poor": {"groups": 0}}
    small = {"groups": 3, "members": 4, "nova_groups": 2, "nova_members": 2}
    with opened(tmp_path, quota=small, quotas=quotas) as world:
        world.asker("demo", "admin").load(*hosts(6, vcpu=100))
        yield world


def nova(asker: Asker) -> Any:
    return asker("POST", NOVA, {"server_group": {"name": "a", "policies": ["affinity"]}})


def test_the_defaults_are_the_contracts() -> None:
    assert Settings().quota == Quota(groups=100, members=1000, nova_groups=10, nova_members=10)
    assert (Settings().most_members, Settings().time_limit, Settings().most_policies) == (
        2000,
        30,
        32,
    )
    assert (Settings().depth, Settings().body, Settings().fleet_body) == (8, 2**20, 2**26)


def test_groups_are_counted_by_family(world: World, member: Asker) -> None:
    made = [member.id() for _ in range(3)]
    refused(member("POST", "~/groups", {"group": {}}), "quota-exceeded", 403)
    for _ in range(2):
        assert nova(member).status_code == 200
    answer = nova(member)
    assert (answer.status_code, list(answer.get_json())) == (403, ["forbidden"])
    # Both families show all of them, and what is deleted is given back.
    assert len(member.get("~/groups", "groups")) == len(member.get(NOVA, "server_groups")) == 5
    member("DELETE", f"{NOVA}/{made[0]}")
    assert nova(member).status_code == 403
    assert member("POST", "~/groups", {"group": {}}).status_code == 201
    assert world.asker("other", "member")("POST", "~/groups", {"group": {}}).status_code == 201


def test_a_project_may_have_quotas_of_its_own(world: World) -> None:
    rich, poor = world.asker("rich", "member"), world.asker("poor", "member")
    for _ in range(5):
        group = rich.id()
    assert len(rich.place(one(group, count=10))["instances"]) == 10
    refused(poor("POST", "~/groups", {"group": {}}), "quota-exceeded", 403)
    # The quota is the project's, whoever makes the group.
    refused(
        world.asker("demo", "admin", at="poor")("POST", "~/groups", {"group": {}}),
        "quota-exceeded",
        403,
    )
    to_poor = {"group": {"tenant_id": "poor"}}
    refused(
        world.asker("rich", "admin")("PUT", f"~/groups/{rich.id()}", to_poor), "quota-exceeded", 403
    )


def test_members_are_counted_over_requests(member: Asker) -> None:
    group = member.id()
    member.place(one(group, count=3), one(count=9))
    refused(member.ask(one(group), one(group)), "quota-exceeded", 403)
    refused(member.ask(one(group, count=2), query="?dry_run=true"), "quota-exceeded", 403)
    assert len(member.get(f"~/groups/{group}", "group")["members"]) == 3
    held = member.place(one(group))["instances"][0]["id"]
    refused(member.ask(one(group)), "quota-exceeded", 403)
    member("DELETE", f"~/instances/{held}")
    assert member.ask(one(group)).status_code == 201


def test_members_of_novas_groups_have_novas_quota(member: Asker) -> None:
    group = nova(member).get_json()["server_group"]["id"]
    refused(member.ask(one(group, count=3)), "quota-exceeded", 403)
    assert member.ask(one(group, count=2)).status_code == 201
