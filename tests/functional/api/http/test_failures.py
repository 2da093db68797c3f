"""What nobody foresaw, and a database that does not answer: opaque to clients, told in the log."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.handlers import groups, placements
from groupsolver.api.services import placement
from groupsolver.store.repositories import idempotency, instances
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused


def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("the secret of /etc/groupsolver")


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_an_unexpected_failure_is_opaque(
    member: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    monkeypatch.setattr(groups, "list_groups", broken)
    answer = member("GET", "~/groups", Accept=accept)
    assert (answer.status_code, answer.mimetype) == (500, accept)
    for word in ("secret", "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert answer.headers["X-Openstack-Request-Id"] in record.getMessage()
    assert answer.headers["X-Openstack-Request-Id"] in answer.text
    assert record.exc_info
    assert "the secret of" in str(record.exc_info[1])
    assert member("GET", "~/instances").status_code == 200


def test_a_failure_on_novas_paths_has_novas_form(
    member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from groupsolver.api.nova import groups as nova

    monkeypatch.setattr(nova, "find_group", broken)
    answer = member("GET", f"/v2.1/os-server-groups/{UNKNOWN}")
    assert (answer.status_code, list(answer.get_json())) == (500, ["computeFault"])
    assert "secret" not in answer.text


def test_a_solve_that_fails_claims_nothing_and_gives_its_place_back(
    world: World, member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(placement, "_solve", broken)
        for _ in range(5):  # more than there are places
            refused(member.ask(one(), key="k"), "internal-error", 500)
    assert world.app.service.pool.running == 0
    assert member.ask(one(), key="k").status_code == 201


@pytest.mark.parametrize("where", ["insert", "finish"])
def test_a_claim_that_fails_half_way_leaves_nothing(
    member: Asker, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    group = member.id()
    before = member("GET", f"~/groups/{group}").headers["ETag"]
    with monkeypatch.context() as patched:
        if where == "insert":
            patched.setattr(instances, "_note_members", broken)
        else:
            patched.setattr(idempotency, "finish", broken)
        refused(member.ask(one(group, count=3), key="k"), "internal-error", 500)
    assert member.get("~/instances", "instances") == []
    assert member("GET", f"~/groups/{group}").headers["ETag"] == before
    assert len(member.place(one(group, vcpu=8, count=6))["instances"]) == 6


def test_what_is_claimed_is_answered_though_its_reasons_cannot_be_told(
    member: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "groupsolver.audit")
    monkeypatch.setattr(placements, "why", broken)
    assert member.ask(one()).status_code == 201
    assert "the secret of" in caplog.text


@contextmanager
def held(world: World) -> Iterator[None]:
    """Another process is writing, and does not end."""
    other = sqlite3.connect(world.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[World]:
    """An application whose writers do not wait long for others."""
    (tmp_path / "impatient").mkdir()
    with opened(tmp_path / "impatient", lock_wait=0.3) as world:
        world.asker("demo", "admin").load(*hosts())
        yield world


def test_a_locked_database_is_told_and_nothing_is_written(impatient: World) -> None:
    world, member = impatient, impatient.asker("demo", "member")
    group = member.id(name="old")
    admin = world.asker("demo", "admin")
    with held(world):
        for method, path, body in [
            ("POST", "~/groups", {"group": {}}),
            ("PATCH", f"~/groups/{group}", {"group": {"name": "new"}}),
            ("DELETE", f"~/groups/{group}", None),
            ("POST", "~/placements", {"placement": {"instances": [one()]}}),
        ]:
            answer = member(method, path, body)
            refused(answer, "store-unavailable", 503)
            assert answer.headers["Retry-After"] == "1"
            assert "sqlite" not in answer.text
        refused(admin("DELETE", "/v1.0/fleet/hosts/h0"), "store-unavailable", 503)
        # Readers go on.
        assert member.get(f"~/groups/{group}", "group")["name"] == "old"
        assert member("GET", "/healthz").status_code == 200
    assert member.get("~/instances", "instances") == []
    assert len(member.get("~/groups", "groups")) == 1
    assert member.ask(one()).status_code == 201


def test_a_database_that_is_gone_is_told(world: World, member: Asker) -> None:
    world.app.close()
    world.path.write_bytes(b"no database at all" * 1000)
    for wal in world.path.parent.glob("groups.db-*"):
        wal.unlink()
    for method, path, body in [
        ("GET", "~/groups", None),
        ("GET", "/healthz", None),
        ("POST", "~/placements", {"placement": {"instances": [one()]}}),
    ]:
        answer = member(method, path, body)
        refused(answer, "store-unavailable", 503)
        assert "no database" not in answer.text


def test_each_change_is_noted_with_who_and_why(
    world: World, member: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "groupsolver.audit")
    group = member.id(name="web", policies=["anti-affinity"])
    placed = member.place(one(group, count=2), ttl=60)
    member("POST", f"~/placements/{placed['id']}/confirm")
    member.ask(one(group, count=7))
    member("PATCH", f"~/groups/{group}", {"group": {"name": "new"}})
    for instance in placed["instances"]:
        member("DELETE", f"~/instances/{instance['id']}")
    member("DELETE", f"~/groups/{group}")
    member("DELETE", f"~/groups/{group}")  # no change, no line
    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "groupsolver.audit"]
    assert [line["action"] for line in lines] == [
        "group-create",
        "placement-create",
        "placement-confirm",
        "placement-create",
        "group-update",
        "instance-delete",
        "instance-delete",
        "group-delete",
    ]
    assert {(line["user"], line["tenant"]) for line in lines} == {("demo-user", "demo")}
    assert lines[1]["outcome"] == "placed"
    assert {(why["instance"], why["host"]) for why in lines[1]["why"]} == {
        (instance["id"], f"h{i}") for i, instance in enumerate(placed["instances"])
    }
    assert (lines[3]["outcome"], lines[3]["subject"]) == ("infeasible", None)
