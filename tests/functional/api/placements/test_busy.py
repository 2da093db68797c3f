"""Placements that take long: bounded, and in nobody's way."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.services import placement
from groupsolver.model.result import Result
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, solves=1, waiting=1) as world:
        world.asker("demo", "admin").load(*hosts())
        yield world


class Slow:
    """Solves that end when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()
        solve = placement._solve

        def slow(*args: Any) -> Result:
            self.begun.release()
            assert self.go.wait(30)
            return solve(*args)

        monkeypatch.setattr(placement, "_solve", slow)

    @contextmanager
    def running(self, world: World, member: Asker) -> Iterator[list[Any]]:
        """One placement is solved, another waits."""
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(member.ask(one()))) for _ in range(2)
        ]
        try:
            threads[0].start()
            assert self.begun.acquire(timeout=30)
            threads[1].start()
            end = time.monotonic() + 30
            while world.app.service.pool.waiting < 1 and time.monotonic() < end:
                time.sleep(0.005)
            yield answers
        finally:
            self.go.set()
            for thread in threads:
                thread.join(30)


def test_all_else_is_answered_while_placements_are_solved(
    world: World, member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = member.id()
    with Slow(monkeypatch).running(world, member) as answers:
        start = time.monotonic()
        busy = member.ask(one(), key="k")
        refused(busy, "busy", 503)
        assert int(busy.headers["Retry-After"]) >= 1
        assert world.nobody()("GET", "/healthz").status_code == 200
        assert world.nobody()("GET", "/metrics").status_code == 200
        assert member("PUT", f"~/groups/{group}", {"group": {"name": "new"}}).status_code == 200
        assert member("DELETE", f"~/groups/{member.id()}").status_code == 204
        assert member("GET", "/v2.1/os-server-groups").status_code == 200
        assert world.asker("demo", "admin")("GET", "/v1.0/fleet").status_code == 200
        assert time.monotonic() - start < 10
        assert answers == []
    assert [answer.status_code for answer in answers] == [201, 201]
    assert member.ask(one(), key="k").status_code == 201  # busy is no answer to be kept


def test_what_changes_meanwhile_is_seen_by_the_claim(
    world: World, member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = member.id(policies=["anti-affinity"])
    slow = Slow(monkeypatch)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(member.ask(one(group, count=6))))
    thread.start()
    assert slow.begun.acquire(timeout=30)
    # The answer under way has all six hosts; then there are five.
    assert world.asker("demo", "admin")("DELETE", "/v1.0/fleet/hosts/h0").status_code == 204
    slow.go.set()
    thread.join(30)
    refused(answers[0], "placement-infeasible", 409)
    assert member.get(f"~/groups/{group}", "group")["members"] == []


def test_who_is_overtaken_again_and_again_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").mkdir()
    with opened(tmp_path / "x", retries=2) as world:
        admin = world.asker("demo", "admin")
        admin.load(*hosts())
        tries: list[int] = []

        def overtaken(*args: Any) -> Result:
            tries.append(1)
            full = {**hosts()[0], "used": {"VCPU": 8}, "cost": len(tries)}
            assert admin("PUT", "/v1.0/fleet/hosts/h0", full).status_code == 200
            chosen = {wanted.id: "h0" for wanted in args[3].instances}
            return Result(status="feasible", placement=chosen, objective=1, bound=0, gap=1.0)

        monkeypatch.setattr(placement, "_solve", overtaken)
        answer = admin.ask(one())
        refused(answer, "claim-contended", 503)
        assert answer.headers["Retry-After"] == "1"
        assert len(tries) == 3
        assert admin.get("~/instances", "instances") == []


def test_no_answer_in_time_is_told(member: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "_solve", lambda *_: Result(status="unknown"))
    answer = member.ask(one(), time_limit=2)
    assert "2 s" in refused(answer, "no-answer-in-time", 503)["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert member.get("~/instances", "instances") == []


def test_the_time_limit_is_for_all_that_a_placement_takes(
    member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def solve(*args: Any) -> Result:
        given.append(args[-1])
        return Result(status="unknown")

    monkeypatch.setattr(placement, "_solve", solve)
    member.ask(one(), time_limit=20)
    member.ask(one())
    assert 10 < given[0] <= 20  # a slow machine takes its share
    assert 20 < given[1] <= 30


def test_a_placement_that_would_solve_for_ever_ends_in_time(world: World, member: Asker) -> None:
    # Packing 3 resources of 120 sizes into hosts that are 98 % full then: far beyond a second.
    draw, names = random.Random(5), ("VCPU", "MEMORY_MB", "DISK_GB")
    wanted = [{"resources": {name: draw.randint(20, 60) for name in names}} for _ in range(120)]
    total = {name: sum(w["resources"][name] for w in wanted) for name in names}
    size = {name: total[name] * 102 // (100 * 40) for name in names}
    world.asker("demo", "admin").load(
        *[{"name": f"n{i}", "inventory": size} for i in range(40)], levels=()
    )
    world.app.warm()  # as a server is when it starts
    start = time.monotonic()
    answer = member.ask(*wanted, time_limit=1, objective="cost")
    assert time.monotonic() - start < 15  # little more than 1, where nobody else is at work
    assert answer.status_code in {201, 409, 503}
    if answer.status_code == 503:
        refused(answer, "no-answer-in-time", 503)
    assert world.nobody()("GET", "/healthz").status_code == 200
