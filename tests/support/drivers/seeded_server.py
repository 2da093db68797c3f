"""A small server with a fleet, groups and instances, for fuzz tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from werkzeug.test import Client

from groupsolver.api import Loopback, Settings, make_app
from groupsolver.api.server.waitress_server import Server, bind

GUEST = "guest"  # may join the first group
TENANT = "default"  # whose groups are those of paths without a project, too
FLEET = {
    "levels": ["zone", "rack"],
    "hosts": [
        {
            "name": f"h{i}",
            "domains": {"zone": f"z{i % 2}", "rack": f"r{i // 2}"},
            "inventory": {"VCPU": 16, "MEMORY_MB": {"total": 65536, "reserved": 512}},
            "traits": ["SSD"] if i % 2 else [],
        }
        for i in range(8)
    ],
}
GROUPS: list[dict[str, Any]] = [
    {"name": "web", "policies": ["anti-affinity"], "metadata": {"a": "b"}},
    {"name": "db", "policies": [{"kind": "spread", "level": "zone", "min_domains": 2}]},
    {},
]


@dataclass(frozen=True)
class SeededServer:
    """The address of the server, and what it holds."""

    url: str
    groups: tuple[str, ...]
    instances: tuple[str, ...]
    placement: str


@contextmanager
def seeded(database: Path) -> Iterator[SeededServer]:
    """Serve, with a time limit of half a second for each solve."""
    (socket,) = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    settings = Settings.model_validate(
        {"time_limit": 0.5, "quota": {"groups": -1, "nova_groups": -1}, "most_members": 50}
    )
    app = make_app(settings, database=f"sqlite:///{database}", identity=Loopback())
    server = Server(app, [socket], threads=4, drain_timeout=5.0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield _filled(url, Client(app))
    finally:
        server.stop()
        thread.join()
        app.close()


def _filled(url: str, client: Client) -> SeededServer:
    def ask(method: str, path: str, body: Any) -> Any:
        local = {"REMOTE_ADDR": "127.0.0.1"}
        answer = client.open(
            path, method=method, json=body, base_url="http://127.0.0.1", environ_base=local
        )
        assert answer.status_code < 300, answer.text
        return answer.json if answer.data else None

    ask("PUT", "/v1.0/fleet", FLEET)
    groups = []
    for group in GROUPS:
        answer = ask("POST", f"/v1.0/{TENANT}/groups", {"group": group})
        groups.append(answer["group"]["id"])
    ask("POST", f"/v1.0/{TENANT}/groups/{groups[0]}/grants", {"grant": {"tenant_id": GUEST}})
    asked = [
        {"resources": {"VCPU": 1}, "count": 2, "hints": {"group": group}} for group in groups[:2]
    ]
    asked.append({"resources": {"VCPU": 1}, "count": 2})  # in no group: may be adopted
    placed = ask("POST", f"/v1.0/{TENANT}/placements", {"placement": {"instances": asked}})[
        "placement"
    ]
    return SeededServer(
        url, tuple(groups), tuple(one["id"] for one in placed["instances"]), placed["id"]
    )


def aim(case: Any, at: SeededServer) -> None:
    """Point most requests at what is there: drawn ids alone would all be answered with 404."""
    draw = Random(repr((case.path_parameters, case.query, case.body)))
    path = case.path_parameters or {}
    for name in path:
        if name in {"tenant_id", "project_id"} and draw.random() < 0.9:
            path[name] = TENANT
        elif name == "name" and draw.random() < 0.7:
            named = isinstance(case.body, dict) and "name" in case.body
            path[name] = case.body["name"] if named else "h0"
        elif name == "id" and draw.random() < 0.7:
            path[name] = draw.choice([*at.groups, *at.instances, at.placement])
        elif name == "grantee" and draw.random() < 0.7:
            path[name] = GUEST
    for name in set(case.headers or {}) & {"OpenStack-API-Version", "X-OpenStack-Nova-API-Version"}:
        if draw.random() < 0.8:
            case.headers[name] = draw.choice(["compute latest", "compute 2.15", "2.64", "latest"])
    if case.method == "PUT" and path.keys() == {"tenant_id", "id"} and draw.random() < 0.5:
        case.method = "UPDATE"  # the same, under a name that no document can give it
    for action in ("adopt", "release"):
        if (
            case.operation.path.endswith(f"/{action}")
            and isinstance(case.body, dict)
            and draw.random() < 0.8
        ):
            case.body[action] = {
                "instances": draw.sample(at.instances, draw.randint(1, len(at.instances)))
            }
    if case.operation.path.endswith(("/placements", "/explain", "/headroom")) and isinstance(
        case.body, dict
    ):
        _aim_placement(case.body.get("placement"), at, draw)


def _aim_placement(asked: Any, at: SeededServer, draw: Random) -> None:
    if not isinstance(asked, dict):
        return
    if draw.random() < 0.9:
        asked.pop("time_limit", None)
    instances = asked.get("instances")
    for one in instances if isinstance(instances, list) else ():
        if isinstance(one, dict) and draw.random() < 0.9:
            one.pop("flavor", None)
            one.pop("id", None)
            one["resources"] = {"VCPU": draw.randint(1, 3)}
            one["count"] = draw.randint(1, 3)
            one["hints"] = {"group": draw.choice([None, *at.groups])}
