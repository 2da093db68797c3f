"""Over HTTP, nobody takes the last room into which a running group would recover."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.api.http.test_hidden import OUTSIDE
from tests.support.drivers.api_driver import Asker, World, one, opened, refused

# Two members fill two of the three hosts. After the loss of one, the third host takes its member.
HOSTS = [{"name": f"h{i}", "inventory": {"VCPU": 2}} for i in range(3)]
SURVIVES = [{"kind": "survives", "level": "host"}]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*HOSTS)
        yield world


@pytest.fixture
def running(world: World) -> Asker:
    asker = world.asker("green", "member")
    asker.place(one(asker.id(policies=SURVIVES), vcpu=2, count=2))
    return asker


def test_another_project_is_refused_and_learns_of_a_rule_alone(
    world: World, running: Asker
) -> None:
    other = world.asker("blue", "member")
    answer = other.ask(one())
    refused(answer, "placement-infeasible", 409)
    conflict = answer.get_json()["errors"][0]["conflict"]
    assert conflict["policies"][-1] == OUTSIDE
    assert "survive" not in answer.text
    assert "green" not in answer.text
    explained = other("POST", "~/explain", {"placement": {"instances": [one()]}})
    assert explained.get_json()["explanation"]["status"] == "infeasible"
    assert "survive" not in explained.text


def test_an_admin_reads_which_rule_it_is(world: World, running: Asker) -> None:
    answer = world.asker("blue", "admin").ask(one())
    assert "after the loss of any host" in answer.text


def test_room_is_given_once_the_group_is_gone(world: World, running: Asker) -> None:
    for instance in running("GET", "~/instances").get_json()["instances"]:
        assert running("DELETE", f"~/instances/{instance['id']}").status_code == 204
    world.asker("blue", "member").place(one())
