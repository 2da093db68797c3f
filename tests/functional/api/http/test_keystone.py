"""The whole application behind Keystone, by the real middleware."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("keystonemiddleware")

from groupsolver.api.auth import Keystone
from tests.support.drivers.api_driver import UNKNOWN, World, hosts, one, opened, refused
from tests.support.drivers.identity import SPOOFED
from tests.support.drivers.keystone_server import keystone_server, token_of

# webob, which the middleware imports, imports cgi where there still is one.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")

SPOOF = {name.replace("-", "_"): value for name, value in SPOOFED.items()}
OPEN = ["/", "/v2.1", "/v2.1/", "/openapi.json", "/healthz", "/metrics"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with keystone_server() as server:
        server.tokens |= {role: token_of(role) for role in ("reader", "member", "service", "admin")}
        with opened(tmp_path, Keystone(server.config())) as world:
            yield world


@pytest.mark.parametrize("path", OPEN)
def test_open_paths_are_open(world: World, path: str) -> None:
    for headers in ({}, {"X_Auth_Token": "unknown"}, SPOOF):
        assert world.nobody()("GET", path, **headers).status_code == 200


def test_roles_are_keystones_and_no_header_makes_them_more(world: World) -> None:
    shop, victim = world.nobody("shop"), world.nobody("victim")
    admin, member, reader = ({"X_Auth_Token": role} for role in ("admin", "member", "reader"))
    assert (
        shop(
            "PUT", "/v1.0/fleet", {"levels": ["zone", "rack"], "hosts": hosts()}, **admin
        ).status_code
        == 204
    )
    assert victim("POST", "~/groups", {"group": {"id": UNKNOWN}}, **admin).status_code == 201
    for headers in (member, {**SPOOF, **member}):
        assert (
            shop("POST", "~/groups", {"group": {}}, **headers).get_json()["group"]["tenant_id"]
            == "shop"
        )
        placed = shop(
            "POST", "~/placements", {"placement": {"instances": [one()]}}, **headers
        ).get_json()
        assert placed["placement"]["instances"][0]["host"] is None
        refused(shop("GET", f"~/groups/{UNKNOWN}", **headers), "group-not-found", 404)
        refused(victim("GET", f"~/groups/{UNKNOWN}", **headers), "tenant-not-found", 404)
        refused(shop("GET", "/v1.0/fleet", **headers), "forbidden", 403)
    for headers in (reader, {**SPOOF, **reader}):
        assert shop("GET", "~/groups", **headers).status_code == 200
        refused(shop("POST", "~/groups", {"group": {}}, **headers), "forbidden", 403)
    assert victim("GET", f"~/groups/{UNKNOWN}", X_Auth_Token="service").status_code == 200
    for headers in ({}, SPOOF, {**SPOOF, "X_Auth_Token": "unknown"}):
        answer = shop("GET", "~/groups", **headers)
        refused(answer, "unauthorized", 401)
        assert answer.headers["WWW-Authenticate"].startswith("Keystone")
