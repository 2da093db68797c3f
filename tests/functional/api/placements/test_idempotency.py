"""Idempotency-Key: per tenant, for a day, the same body gets the same answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from groupsolver.api.services import placement
from groupsolver.wire.bodies.placements import PlacementAnswer, PlacementRequest
from groupsolver.wire.read import read_data
from groupsolver.wire.write import write_body
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused

DAY = 24 * 3600


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*hosts(2, vcpu=8))
        yield world


def count(asker: Asker) -> int:
    return len(asker.get("~/instances", "instances"))


def test_the_same_body_gets_the_same_answer_and_places_nothing_again(member: Asker) -> None:
    group = member.id()
    first = member.ask(one(group, count=2), key="k", ttl=60)
    again = member.ask(one(group, count=2), key="k", ttl=60)
    assert (first.status_code, first.get_json()) == (again.status_code, again.get_json())
    assert first.status_code == 201
    assert count(member) == 2
    assert member.ask(one(group, count=2), key="another", ttl=60).get_json() != first.get_json()
    assert count(member) == 4


def test_the_form_of_the_body_is_not_the_body(member: Asker) -> None:
    first = member.ask(one(), key="k").get_json()
    sent = write_body("xml", {"placement": {"instances": [one()]}}, PlacementRequest)
    xml = member(
        "POST",
        "~/placements",
        sent,
        Idempotency_Key="k",
        Content_Type="application/xml",
        Accept="text/xml",
    )
    assert xml.status_code == 201
    assert read_data("xml", xml.data, PlacementAnswer) == first
    # Nor are the order of its keys, and what is said where it is the default.
    spelt = {
        "placement": {"objective": "pack", "instances": [{"count": 1, "resources": {"VCPU": 1}}]}
    }
    assert member("POST", "~/placements", spelt, Idempotency_Key="k").get_json() == first


def test_another_body_is_refused(member: Asker) -> None:
    member.place(one())
    assert member.ask(one(), key="k").status_code == 201
    for other in (
        member.ask(one(vcpu=2), key="k"),
        member.ask(one(), key="k", ttl=5),
        member.ask(one(), one(), key="k"),
    ):
        refused(other, "idempotency-mismatch", 422)
    assert count(member) == 2


def test_a_key_is_one_projects(world: World, member: Asker) -> None:
    first = member.ask(one(), key="k").get_json()
    other = world.asker("other", "member")
    answer = other.ask(one(vcpu=2), key="k")
    assert answer.status_code == 201
    assert answer.get_json() != first
    assert other.ask(one(vcpu=2), key="k").get_json() == answer.get_json()


def test_a_key_is_kept_for_a_day(world: World, member: Asker) -> None:
    first = member.ask(one(), key="k").get_json()
    world.clock.now += DAY - 1
    assert member.ask(one(), key="k").get_json() == first
    world.clock.now += 1
    assert member.ask(one(vcpu=2), key="k").status_code == 201
    assert count(member) == 2


def test_an_infeasible_placement_stays_infeasible_under_its_key(member: Asker) -> None:
    held = member.place(one(vcpu=8))["instances"][0]["id"]
    first = refused(member.ask(one(vcpu=8, count=2), key="k"), "placement-infeasible", 409)
    member("DELETE", f"~/instances/{held}")
    again = refused(member.ask(one(vcpu=8, count=2), key="k"), "placement-infeasible", 409)
    assert again == {**first, "request_id": again["request_id"]}
    assert member.ask(one(vcpu=8, count=2), key="new").status_code == 201


def test_what_came_to_nothing_may_be_tried_again_under_its_key(
    member: Asker, monkeypatch: Any
) -> None:
    group = str(uuid4())
    refused(member.ask(one(group), key="k"), "group-not-found", 404)
    refused(member.ask(one(), key="k", time_limit=1e-9), "no-answer-in-time", 503)
    with monkeypatch.context() as patched:
        patched.setattr(placement, "_solve", lambda *_: 1 / 0)
        refused(member.ask(one(), key="k"), "internal-error", 500)
    assert member.ask(one(), key="k").status_code == 201
    assert count(member) == 1


def test_one_in_flight_is_told(member: Asker, monkeypatch: Any) -> None:
    begun, go = threading.Event(), threading.Event()
    solve = placement._solve

    def slow(*args: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return solve(*args)

    monkeypatch.setattr(placement, "_solve", slow)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(member.ask(one(), key="k")))
    thread.start()
    assert begun.wait(30)
    early = member.ask(one(), key="k")
    other = member.ask(one(vcpu=2), key="k")
    go.set()
    thread.join()
    refused(early, "idempotency-in-flight", 409)
    assert early.headers["Retry-After"] == "1"
    refused(other, "idempotency-mismatch", 422)
    assert answers[0].status_code == 201
    assert member.ask(one(), key="k").get_json() == answers[0].get_json()
    assert count(member) == 1


def test_a_key_whose_request_died_is_free_after_a_while(
    world: World, member: Asker, monkeypatch: Any
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(placement, "_solve", die)
        with pytest.raises(Killed):
            member.ask(one(), key="k", time_limit=5)
    refused(member.ask(one(), key="k", time_limit=5), "idempotency-in-flight", 409)
    world.clock.now += 5 + 61
    assert member.ask(one(), key="k", time_limit=5).status_code == 201


def test_a_dry_run_leaves_keys_alone(member: Asker) -> None:
    assert member.ask(one(), key="k", query="?dry_run=true").status_code == 200
    assert member.ask(one(vcpu=2), key="k").status_code == 201
    assert member.ask(one(vcpu=3), key="k", query="?dry_run=true").status_code == 200
    assert count(member) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_an_odd_key_is_refused(member: Asker, key: str) -> None:
    refused(member.ask(one(), key=key), "ill-formed-name", 400, "Idempotency-Key")
    assert count(member) == 0


def test_who_may_not_see_hosts_sees_none_by_asking_again(world: World) -> None:
    admin, member = world.asker("demo", "admin"), world.asker("demo", "member")
    shown = admin.ask(one(), key="a").get_json()["placement"]["instances"][0]
    again = member.ask(one(), key="a").get_json()["placement"]["instances"][0]
    assert (shown["host"], again) == ("h0", {**shown, "host": None})
    hidden = member.ask(one(), key="b").get_json()["placement"]["instances"][0]
    assert hidden["host"] is None
    assert admin.ask(one(), key="b").get_json()["placement"]["instances"][0] == {
        **hidden,
        "host": "h0",
    }
