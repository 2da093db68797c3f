"""Identity by Keystone, with the real middleware, against a Keystone of the tests' own."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("keystonemiddleware")

from groupsolver.api.auth import Keystone
from tests.support.drivers.identity import SPOOFED, environ
from tests.support.drivers.keystone_api import Api
from tests.support.drivers.keystone_server import Keystone as Server
from tests.support.drivers.keystone_server import keystone_server, token_of

# webob, which the middleware imports, imports cgi where there still is one.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")

DOMAIN = {"id": "default", "name": "Default"}


@pytest.fixture
def server() -> Iterator[Server]:
    with keystone_server() as server:
        server.tokens |= {"good": token_of("Member", "Custom"), "admin": token_of("admin")}
        yield server


@pytest.fixture
def api(server: Server) -> Api:
    return Api(Keystone(server.config()))


def test_a_token_is_who_keystone_says(api: Api) -> None:
    assert api.identified("good") == ("shop", "ann", {"member", "custom"})
    assert api.identified("admin") == ("shop", "ann", {"admin"})


@pytest.mark.parametrize(
    "headers", [{}, {"X-Auth-Token": ""}, {"X-Auth-Token": "unknown"}, {"X-Auth-Token": "good,"}]
)
def test_no_token_and_an_unknown_one_are_refused(headers: dict[str, str], api: Api) -> None:
    assert api.get(headers) == (401, "unauthorized")


@pytest.mark.parametrize("headers", [{}, {"X-Auth-Token": "unknown"}, {"X-Auth-Token": "good"}])
def test_paths_that_need_nobody_are_reached_by_anybody(headers: dict[str, str], api: Api) -> None:
    assert api.get(headers, "/healthz") == (200, "in")


def test_a_token_that_has_expired_is_refused(api: Api, server: Server) -> None:
    server.tokens["old"] = token_of("admin", lasts=-timedelta(seconds=1))
    assert api.get({"X-Auth-Token": "old"}) == (401, "unauthorized")


def test_a_token_that_is_revoked_stops_working_where_nothing_is_remembered(
    api: Api, server: Server
) -> None:
    assert api.get({"X-Auth-Token": "good"})[0] == 200
    del server.tokens["good"]
    assert api.get({"X-Auth-Token": "good"}) == (401, "unauthorized")


def test_a_token_is_remembered_for_as_long_as_it_is_told(server: Server) -> None:
    api = Api(Keystone(server.config() | {"token_cache_time": "300"}))
    assert [api.get({"X-Auth-Token": "good"})[0] for _ in range(3)] == [200] * 3
    assert server.tokens_asked == ["good"]


@pytest.mark.parametrize("name", SPOOFED)
@pytest.mark.parametrize("token", [None, "unknown"])
def test_an_identity_that_a_client_claims_opens_nothing(
    name: str, token: str | None, api: Api
) -> None:
    sent = {} if token is None else {"X-Auth-Token": token}
    assert api.get({name: SPOOFED[name], **sent}) == (401, "unauthorized")
    assert api.get({**SPOOFED, **sent}) == (401, "unauthorized")


@pytest.mark.parametrize("name", SPOOFED)
def test_an_identity_that_a_client_claims_beside_a_token_changes_nothing(
    name: str, api: Api
) -> None:
    assert api.identified("good", **{name: SPOOFED[name]}) == ("shop", "ann", {"member", "custom"})


def test_all_claims_at_once_beside_a_token_change_nothing(api: Api) -> None:
    assert api.identified("good", **SPOOFED) == ("shop", "ann", {"member", "custom"})


def test_a_role_whose_name_has_a_comma_is_one_role(api: Api, server: Server) -> None:
    server.tokens["odd"] = token_of("guest,admin")
    assert api.identified("odd")[2] == {"guest,admin"}


# Scopes.


def test_the_admin_of_the_system_has_no_tenant(api: Api, server: Server) -> None:
    server.tokens["system"] = token_of("admin", system={"all": True})
    assert api.identified("system") == (None, "ann", {"admin"})


@pytest.mark.parametrize(
    ("roles", "scope"),
    [
        (["reader"], {"system": {"all": True}}),
        (["admin"], {"domain": DOMAIN}),
        (["member"], {"domain": DOMAIN}),
        (["admin"], {"project": None}),
        ([], {"project": None}),
    ],
    ids=["system reader", "domain admin", "domain member", "unscoped admin", "unscoped"],
)
def test_a_token_of_no_project_is_refused(
    roles: list[str], scope: dict[str, Any], api: Api, server: Server
) -> None:
    server.tokens["none"] = token_of(*roles, **scope)
    assert api.get({"X-Auth-Token": "none"}) == (403, "forbidden")
    assert api.get({"X-Auth-Token": "none", **SPOOFED}) == (403, "forbidden")


def test_where_one_project_is_the_admins_other_admins_are_none(api: Api, server: Server) -> None:
    server.tokens["other"] = {**token_of("admin", "member"), "is_admin_project": False}
    assert api.identified("other")[2] == {"member"}


# Two tokens: a user's, and the service's that acts for it.


def test_a_services_token_beside_the_users_changes_nothing(api: Api, server: Server) -> None:
    server.tokens["service"] = token_of("service", "admin", system={"all": True})
    server.tokens["domain"] = token_of("admin", domain=DOMAIN)
    assert api.identified("good", **{"X-Service-Token": "service"}) == (
        "shop",
        "ann",
        {"member", "custom"},
    )
    assert api.get({"X-Auth-Token": "domain", "X-Service-Token": "service"}) == (403, "forbidden")


def test_a_services_token_alone_is_nobodys(api: Api, server: Server) -> None:
    server.tokens["service"] = token_of("service")
    assert api.get({"X-Service-Token": "service"}) == (401, "unauthorized")


@pytest.mark.parametrize("token", ["unknown", "good"])
def test_a_services_token_that_is_wrong_is_refused(token: str, api: Api) -> None:
    # "good" is valid, but no service's.
    assert api.get({"X-Auth-Token": "good", "X-Service-Token": token}) == (401, "unauthorized")


# Keystone is not well.


@pytest.mark.parametrize("status", [500, 503, 401, 403, 400])
def test_a_keystone_that_fails_lets_nobody_in(
    status: int, api: Api, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    assert api.get({"X-Auth-Token": "good"})[0] == 200
    server.status = status
    with caplog.at_level(logging.ERROR, "groupsolver"):
        assert api.get({"X-Auth-Token": "good", **SPOOFED}) == (503, "identity-unavailable")
    assert api.marked == "Invalid"
    assert "could not be checked" in caplog.text
    assert api.get({}) == (401, "unauthorized")
    assert api.get({"X-Auth-Token": "good"}, "/healthz") == (200, "in")
    server.status = None
    assert api.get({"X-Auth-Token": "good"})[0] == 200


@pytest.mark.parametrize("token", ["good", "unknown"])
def test_a_keystone_that_is_down_lets_nobody_in(token: str) -> None:
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        dead = Server()
        dead.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        api = Api(Keystone(dead.config()))
        assert api.get({"X-Auth-Token": token, **SPOOFED}) == (503, "identity-unavailable")
        assert api.get(SPOOFED) == (401, "unauthorized")
        assert api.get({"X-Auth-Token": token}, "/healthz") == (200, "in")


def test_a_keystone_that_talks_garbage_lets_nobody_in(api: Api, server: Server) -> None:
    server.garbage = True
    assert api.get({"X-Auth-Token": "good", **SPOOFED}) == (503, "identity-unavailable")


def test_a_keystone_whose_words_make_no_sense_lets_nobody_in(api: Api, server: Server) -> None:
    server.tokens["odd"] = {**token_of("admin"), "expires_at": "soon"}
    assert api.get({"X-Auth-Token": "odd", **SPOOFED}) == (503, "identity-unavailable")


def test_a_service_user_with_a_wrong_password_lets_nobody_in(server: Server) -> None:
    api = Api(Keystone(server.config() | {"password": "wrong"}))
    assert api.get({"X-Auth-Token": "good", **SPOOFED}) == (503, "identity-unavailable")


def test_without_the_middleware_nobody_is_believed(server: Server) -> None:
    identity = Keystone(server.config())
    with pytest.raises(RuntimeError, match="not wrapped"):
        identity.principal(environ({**SPOOFED, "groupsolver.keystone": "answered"}))
