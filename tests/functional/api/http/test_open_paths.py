"""What is answered to whom in each mode of identity, through the whole application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.auth import Loopback, Tokens
from groupsolver.api.auth.token_file import Role, Token, change, digest, mint
from groupsolver.api.http.errors import ApiError
from tests.support.drivers.api_driver import Given, World, hosts, one, opened, refused
from tests.support.drivers.identity import SPOOFED

OPEN = ["/", "/v2.1", "/v2.1/", "/openapi.json", "/healthz", "/metrics"]
CLOSED = [
    "~/groups",
    "~/instances",
    "/v1.0/fleet",
    "/v2.1/os-server-groups",
    "/v2.1/demo/os-server-groups",
]
HERE = {"REMOTE_ADDR": "127.0.0.1"}
LOCAL = {"Host": "127.0.0.1"}
SPOOF = {name.replace("-", "_"): value for name, value in SPOOFED.items()}


ROLES: tuple[Role, ...] = ("reader", "member", "service", "admin")


class Minted:
    """A file with a token for each role, all of one project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        secrets = {role: mint() for role in ROLES}
        tokens = tuple(
            Token(
                id=handle,
                sha256=digest(secret),
                tenant="demo",
                user=role,
                roles=(role,),
                created=datetime.now(UTC),
            )
            for role, (handle, secret) in secrets.items()
        )
        change(path, lambda _: tokens)
        self.headers = {role: {"X_Auth_Token": secret} for role, (_, secret) in secrets.items()}

    def revoke(self) -> None:
        change(self.path, lambda _: ())


@pytest.fixture
def minted(tmp_path: Path) -> Minted:
    return Minted(tmp_path / "tokens.toml")


@pytest.fixture
def guarded(tmp_path: Path, minted: Minted) -> Iterator[World]:
    with opened(tmp_path, Tokens(minted.path)) as world:
        yield world


@pytest.fixture
def local(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, Loopback()) as world:
        yield world


@pytest.mark.parametrize("path", OPEN)
def test_open_paths_ask_for_no_token(guarded: World, path: str) -> None:
    nobody = guarded.nobody()
    for headers in ({}, {"X_Auth_Token": "gs_000000000000_" + "0" * 64}, SPOOF):
        assert nobody("GET", path, **headers).status_code == 200
    assert nobody("HEAD", path).status_code == 200


def test_open_paths_do_not_need_the_file_of_tokens(guarded: World, minted: Minted) -> None:
    minted.path.chmod(0o644)
    for path in OPEN:
        assert guarded.nobody()("GET", path).status_code == 200
    answer = guarded.nobody()("GET", "~/groups", **minted.headers["admin"])
    refused(answer, "identity-unavailable", 503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("path", CLOSED)
def test_all_else_asks_for_a_token(guarded: World, minted: Minted, path: str) -> None:
    nobody = guarded.nobody()
    for headers in (
        {},
        {"X_Auth_Token": "gs_000000000000_" + "0" * 64},
        SPOOF,
        {"Authorization": "Bearer x"},
    ):
        answer = nobody("GET", path, **headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert nobody("GET", path, **minted.headers["admin"]).status_code == 200
    minted.revoke()
    assert nobody("GET", path, **minted.headers["admin"]).status_code == 401


def test_a_token_is_its_projects_and_no_header_makes_it_more(
    guarded: World, minted: Minted
) -> None:
    ask, victim = guarded.nobody("demo"), guarded.nobody("victim")
    admin, member, reader = (minted.headers[role] for role in ("admin", "member", "reader"))
    assert (
        ask(
            "PUT", "/v1.0/fleet", {"levels": ["zone", "rack"], "hosts": hosts()}, **admin
        ).status_code
        == 204
    )
    group = victim("POST", "~/groups", {"group": {"name": "secret"}}, **admin).get_json()["group"][
        "id"
    ]
    for headers in (member, {**member, **SPOOF}):
        refused(victim("GET", "~/groups", **headers), "tenant-not-found", 404)
        refused(victim("DELETE", f"~/groups/{group}", **headers), "tenant-not-found", 404)
        refused(ask("GET", f"~/groups/{group}", **headers), "group-not-found", 404)
        refused(ask("GET", "/v1.0/fleet", **headers), "forbidden", 403)
        refused(ask("POST", "~/groups", {"group": {"id": group}}, **headers), "forbidden", 403)
        placed = ask("POST", "~/placements", {"placement": {"instances": [one()]}}, **headers)
        assert placed.get_json()["placement"]["instances"][0]["host"] is None
    for headers in (reader, {**reader, **SPOOF}):
        refused(ask("POST", "~/groups", {"group": {}}, **headers), "forbidden", 403)
        assert ask("GET", "~/groups", **headers).status_code == 200
    service = minted.headers["service"]
    assert victim("GET", f"~/groups/{group}", **service).status_code == 200
    refused(victim("GET", "/v1.0/fleet", **service), "forbidden", 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "10.0.0.1"},
        {**LOCAL, "Origin": "http://127.0.0.1"},
        {**LOCAL, "Origin": "null"},
        {**LOCAL, "X_Forwarded_For": "127.0.0.1"},
        {**LOCAL, "Forwarded": "for=127.0.0.1"},
        {**LOCAL, "Sec_Fetch_Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", [*OPEN, *CLOSED])
def test_on_loopback_what_comes_from_elsewhere_is_refused_on_every_path(
    local: World, path: str, headers: dict[str, str]
) -> None:
    answer = local.nobody().within(HERE)("GET", path, **headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", [*OPEN, *CLOSED])
def test_on_loopback_whoever_is_here_is_admin(local: World, path: str) -> None:
    assert local.nobody().within(HERE)("GET", path, **LOCAL).status_code == 200
    assert (
        local.nobody().within({"REMOTE_ADDR": "10.0.0.1"})("GET", path, **LOCAL).status_code == 403
    )


def test_a_page_that_is_open_here_changes_nothing(local: World) -> None:
    nobody = local.nobody().within(HERE)
    page = {**LOCAL, "Origin": "http://evil.example", "Content_Type": "text/plain"}
    refused(nobody("POST", "~/groups", b'{"group": {}}', **page), "foreign-request", 403)
    rebound = {"Host": "evil.example"}
    refused(nobody("DELETE", "/v1.0/fleet/hosts/h0", **rebound), "foreign-request", 403)
    answer = nobody("GET", "~/groups", **LOCAL)
    assert answer.get_json() == {"groups": []}
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_an_open_path_needs_no_more_than_that_the_asker_is_not_from_elsewhere(
    tmp_path: Path,
) -> None:
    class Refusing(Given):
        what = ""

        def principal(self, environ: Any) -> Any:
            raise ApiError(self.what, "no")

    identity = Refusing()
    with opened(tmp_path, identity) as world:
        for what, status in [
            ("unauthorized", 200),
            ("forbidden", 200),
            ("identity-unavailable", 200),
        ]:
            identity.what = what
            assert world.nobody()("GET", "/healthz").status_code == status
        identity.what = "foreign-request"
        assert world.nobody()("GET", "/healthz").status_code == 403
