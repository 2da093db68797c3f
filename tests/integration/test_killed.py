"""A server killed during 200 placements: after a restart every claim is whole or absent."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from werkzeug.test import Client

from benchmarks.races import judge, prepare
from groupsolver.api import Loopback, Settings
from groupsolver.api.app import App
from groupsolver.api.services.service import Service
from groupsolver.store.state.snapshot_cache import SnapshotCache
from groupsolver.store.store import Store
from tests.support.drivers.databases import opened, postgres_server
from tests.support.drivers.server_process import ROOT

pytestmark = pytest.mark.integration
NUMBER, CLIENTS, KILLED_AFTER = 200, 8, 70


@pytest.fixture(params=["sqlite", "postgresql"])
def safe_database(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_made: Path
) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(sqlite_made, tmp_path / "killed.db")
        yield f"sqlite:///{tmp_path / 'killed.db'}"
    else:
        with postgres_server(safe=True) as server:
            yield server.new()


@contextmanager
def served(database: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-u", "-m", "groupsolver", "serve", "--port", "0", "--threads", "10"]
    with subprocess.Popen(
        [*command, "--database", database],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^ ]*:([0-9]+)", process.stdout.readline())
            assert found is not None
            yield process, int(found[1])
        finally:
            process.kill()


def post(port: int, number: int, body: dict[str, Any]) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"key {number}"}
        text = json.dumps({"placement": body["placement"]})
        connection.request("POST", f"/v1.0/{body['tenant']}/placements", text, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def killed_amid(port: int, process: Any, bodies: list[dict[str, Any]]) -> dict[int, Any]:
    """Place from several clients, kill the server amid; give the answers that came."""
    answered: dict[int, Any] = {}
    over = Event()

    def run(first: int) -> None:
        for number in range(first, len(bodies), CLIENTS):
            for _ in range(30):
                try:
                    status, answer = post(port, number, bodies[number])
                except (OSError, HTTPException, ValueError):  # cut off
                    return
                if status == 201:
                    answered[number] = answer
                    if len(answered) >= KILLED_AFTER:
                        over.set()
                    break
                time.sleep(0.05)

    threads = [Thread(target=run, args=(first,)) for first in range(CLIENTS)]
    for thread in threads:
        thread.start()
    assert over.wait(timeout=120)
    process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join(timeout=100)
    return dict(answered)


def size_of(body: dict[str, Any]) -> int:
    return sum(one["count"] for one in body["placement"]["instances"])


def test_a_killed_server_leaves_each_claim_whole_or_absent(safe_database: str) -> None:
    bodies = prepare(safe_database, NUMBER, slack=0.2)
    with served(safe_database) as (process, port):
        answered = killed_amid(port, process, bodies)
    assert KILLED_AFTER <= len(answered) < NUMBER

    # Some groups are asked for by several bodies; these are of one size.
    size_by_group = {
        one["hints"]["group"]: size_of(body)
        for body in bodies
        for one in body["placement"]["instances"]
    }
    with opened(safe_database) as store:
        now = SnapshotCache(store).snapshot()
    claims = defaultdict(list)
    for instance in now.instances.values():
        claims[instance.placement].append(instance.group)
    for groups in claims.values():
        assert {size_by_group[group] for group in groups} == {len(groups)}
    assert {answer["placement"]["id"] for answer in answered.values()} <= set(claims)  # written
    hosts = {
        one["id"]: one["host"]
        for answer in answered.values()
        for one in answer["placement"]["instances"]
    }
    assert {key: now.instances[key].host for key in hosts} == hosts
    taken: Counter[str] = Counter()
    for one in now.instances.values():
        assert set(one.resources) == {"VCPU"}
        taken[one.host] += one.resources["VCPU"]
    assert {host.name: host.used["VCPU"] for host in now.fleet.index if host.used} == dict(taken)
    assert judge(safe_database) == []

    # A key that was in flight is held for a while. Then each request is sent again, and no instance
    # is placed twice.
    again = App(
        Service(Settings(), Store(safe_database, clock=lambda: time.time() + 200)), Loopback()
    )
    client = Client(again)
    for number, body in enumerate(bodies):
        answer = client.post(
            f"/v1.0/{body['tenant']}/placements",
            json={"placement": body["placement"]},
            headers={"Host": "127.0.0.1", "Idempotency-Key": f"key {number}"},
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        )
        assert answer.status_code == 201, answer.get_data(as_text=True)
        if number in answered:
            assert answer.get_json() == answered[number]
    again.close()
    with opened(safe_database) as store:
        now = SnapshotCache(store).snapshot()
    assert len(now.instances) == sum(map(size_of, bodies))
    assert judge(safe_database) == []
