"""Files for the commands that talk to a server, and calls of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from groupsolver.client import Client
from groupsolver.files import load_fleet
from tests.support.documents import put, write

FLEET: dict[str, Any] = {
    "levels": ["zone"],
    "hosts": [
        {"name": f"h{i}", "domains": {"zone": f"z{i % 2}"}, "inventory": {"VCPU": 8}}
        for i in range(4)
    ],
}
APP: dict[str, Any] = {
    "name": "shop",
    "flavors": {"small": {"resources": {"VCPU": 1}}},
    "groups": [
        {
            "name": "tier",
            "groups": ["web", "db"],
            "policies": [{"kind": "anti-affinity", "max_per_domain": 2}],
        },
        {
            "name": "web",
            "policies": [{"kind": "near", "group": "db", "level": "zone"}],
            "members": [{"flavor": "small", "count": 2}],
        },
        {
            "name": "db",
            "policies": [
                {"kind": "anti-affinity", "level": "zone"},
                {"kind": "near", "group": "web", "weight": 2},
            ],
            "members": [{"resources": {"VCPU": 2}}, {"resources": {"VCPU": 2}, "id": "main"}],
        },
    ],
}
TOO_MANY_MEMBERS = put(APP, ["groups", 2, "members", 0, "count"], 3)  # three and one, on two zones


@contextmanager
def _project(url: str) -> Iterator[Client]:
    """A project of a test's own, emptied at its end: the fleet is all tests'."""
    with Client(url, uuid.uuid4().hex) as client:
        yield client
        for one in client.instances.list():
            client.instances.delete(one.id)


@pytest.fixture
def files(tmp_path: Path, url: str) -> Path:
    """A folder with the files, whose fleet is loaded into the server at `url`."""
    return _prepared(tmp_path, url)


@pytest.fixture
def client(url: str, files: Path) -> Iterator[Client]:
    with _project(url) as client:
        yield client


def _prepared(folder: Path, url: str) -> Path:
    """Write an application, one that cannot be placed, and their fleet, and load the fleet."""
    write(folder, "fleet.yaml", FLEET)
    write(folder, "app.yaml", APP)
    write(folder, "many.yaml", TOO_MANY_MEMBERS)
    with Client(url) as client:
        client.fleet.put(load_fleet(folder / "fleet.yaml"))
    return folder


def at(client: Client, *argv: str) -> list[str]:
    return [*argv, "--url", str(client._session.url), "--tenant", client.tenant]
