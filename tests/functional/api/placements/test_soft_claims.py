"""Placements that are solved at the same time: what their soft policies cost is checked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services import placement
from groupsolver.store.repositories.claims import commit
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, spots

AT_ONCE = 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, waiting=4) as world:
        world.asker("demo", "admin").load(*hosts(3, vcpu=8))
        yield world


@pytest.fixture
def admin(world: World) -> Asker:
    return world.asker("demo", "admin")


def at_once(*requests: Callable[[], TestResponse]) -> list[TestResponse]:
    """Send requests from threads; return their answers."""
    answers: list[TestResponse] = []
    threads = [
        Thread(target=lambda request=request: answers.append(request())) for request in requests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


class Meeting:
    """Lets the first claims of some requests meet: all are solved before one is committed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self._barrier = Barrier(count)
        self._left = count
        self._commit = commit
        monkeypatch.setattr(placement, "commit", self)

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self._left > 0:
            self._barrier.wait(timeout=60)
            self._left -= 1
        return self._commit(*args, **options)


@pytest.mark.parametrize("round_number", range(5))
def test_members_that_are_placed_at_once_are_spread_as_one_after_the_other(
    admin: Asker, monkeypatch: pytest.MonkeyPatch, round_number: int
) -> None:
    group = admin.id(policies=[{"kind": "anti-affinity", "weight": 1}])
    Meeting(monkeypatch, AT_ONCE)
    answers = at_once(*[lambda: admin.ask(one(group))] * AT_ONCE)
    placed = [answer.get_json()["placement"] for answer in answers]
    assert sorted(spots(it)[0] for it in placed) == ["h0", "h1", "h2"]
    # Each was proved on the state that it was claimed in.
    assert [it["status"] for it in placed] == ["optimal"] * AT_ONCE


def test_novas_soft_policy_and_threads_without_a_meeting(admin: Asker) -> None:
    for _ in range(5):
        group = admin.id(policies=["soft-anti-affinity"])
        answers = at_once(*[lambda group=group: admin.ask(one(group))] * AT_ONCE)
        found = {spots(answer.get_json()["placement"])[0] for answer in answers}
        assert found == {"h0", "h1", "h2"}


def test_a_soft_affinity_draws_members_together_that_are_placed_at_once(
    world: World, admin: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each rack is one host with room for all four. `spread` prefers an empty host, `pack` h0.
    first_host, *others = hosts(3, vcpu=8)
    admin.load({**first_host, "used": {"VCPU": 2}}, *others)
    group = admin.id(policies=[{"kind": "affinity", "level": "rack", "weight": 5}])
    Meeting(monkeypatch, 2)
    first, second = at_once(
        lambda: admin.ask(one(group, count=2), objective="spread"),
        lambda: admin.ask(one(group, count=2), objective="pack"),
    )
    assert len({*spots(first.get_json()["placement"]), *spots(second.get_json()["placement"])}) == 1


def always_first(monkeypatch: pytest.MonkeyPatch, come_first: Callable[[], object]) -> None:
    """Let another claim come before each one that is committed."""

    def late(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(placement, "commit", commit)
        come_first()
        monkeypatch.setattr(placement, "commit", late)
        return commit(*args, **options)

    monkeypatch.setattr(placement, "commit", late)


def test_after_the_last_try_a_costlier_placement_is_taken_and_says_what_it_costs(
    world: World, admin: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.load(hosts(1, vcpu=8)[0])
    group = admin.id(policies=[{"kind": "anti-affinity", "weight": 1}])
    monkeypatch.setattr(
        world.app.service, "settings", world.app.service.settings.model_copy(update={"retries": 2})
    )
    always_first(monkeypatch, lambda: admin.place(one(group), objective="cost"))
    answer = admin.ask(one(group), objective="cost", key="again")
    placed = answer.get_json()["placement"]
    count = len(admin.get("~/instances", "instances"))
    assert count == 5  # one before each of three tries, one before it is taken, and itself
    assert placed["status"] == "feasible"
    assert placed["bound"] == 0  # every host costs 0; more is not proved
    # What all five cost is less than what six do.
    six = admin.ask(one(group), objective="cost", query="?dry_run=true").get_json()["placement"]
    assert 0 < placed["objective"] < six["objective"]
    assert placed["gap"] == 1.0
    repeated = admin.ask(one(group), objective="cost", key="again")
    assert (repeated.status_code, repeated.get_json()) == (201, answer.get_json())
    stored = admin("POST", f"~/placements/{placed['id']}/confirm").get_json()["placement"]
    assert (stored["status"], stored["objective"]) == ("feasible", placed["objective"])


def test_a_placement_whose_soft_policies_cost_no_more_is_not_solved_again(
    world: World, admin: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.load(hosts(1, vcpu=8)[0])
    group = admin.id(policies=[{"kind": "anti-affinity", "weight": 1}])
    admin.place(one(group, count=2))
    always_first(monkeypatch, lambda: admin.place(one()))  # a member of no group
    placed = admin.place(one(group))
    assert placed["status"] == "optimal"
    retried = "groupsolver_claim_retries_total 0"
    assert retried in admin("GET", "/metrics").text


def test_where_no_time_is_left_for_another_try_the_costlier_placement_is_taken(
    admin: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = admin.id(policies=[{"kind": "anti-affinity", "weight": 1}])
    admin.load(hosts(1, vcpu=8)[0])
    solve = placement._solve_now
    solved: list[object] = []

    def solved_once(*args: Any) -> Any:
        if solved:
            raise ApiError("no-answer-in-time", "the time has passed")
        solved.append(solve(*args))
        return solved[-1]

    def late(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(placement, "commit", commit)
        monkeypatch.setattr(placement, "_solve_now", solve)
        admin.place(one(group), objective="cost")
        monkeypatch.setattr(placement, "_solve_now", solved_once)
        return commit(*args, **options)

    monkeypatch.setattr(placement, "_solve_now", solved_once)
    monkeypatch.setattr(placement, "commit", late)
    placed = admin.place(one(group), objective="cost")
    # Two members on one host cost a unit, which is one point under `cost`.
    assert (placed["status"], placed["objective"], placed["bound"]) == ("feasible", 1, 0)
