"""Without identities: who gets in, and all who must not."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from groupsolver.api.auth import STARTUP_NOTICE, Loopback, is_loopback_address
from tests.support.drivers.identity import SPOOFED, environ, refused, tenant_of

ADMIN = (None, "loopback", {"admin"})
GOOD = [
    "localhost",
    "localhost:8080",
    "LocalHost:1",
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.255.3.4",
    "[::1]",
    "[::1]:80",
]
BAD = [
    "",
    "example.org",
    "localhost.evil.com",
    "localhost.",
    "evil-localhost",
    "127.0.0.1.evil",
    "127.0.0.1.nip.io:8080",
    "127.0.0.1@evil",
    "evil@127.0.0.1",
    "localhost:80@evil",
    "user:x@localhost",
    "localhost, evil.com",
    "localhost,localhost",
    "evil.com\tlocalhost",
    " localhost",
    "localhost ",
    "localhost\n",
    "localhost/",
    "localhost:",
    "localhost:http",
    "localhost:8080:8080",
    "localhost:800000",
    "localhost:٨٠",
    "[::1",
    "::1",
    "[::1]evil",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::1%25lo]",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.0.0.01",
    "127.000.000.001",
    "127.1",
    "127.0.1",
    "127.0.0.256",
    "127.0.0.1.1",
    "127.0.0.1.",
    "١٢٧.0.0.1",
    "128.0.0.1",
    "126.0.0.1",
    "0.0.0.0",
    "0",
    "169.254.169.254",
    "10.127.0.0",
]  # fmt: skip
ELSEWHERE = ["0.0.0.0", "::", "[::]", "10.0.0.1", "example.org", "localhost.evil.com"]
FOREIGN = {
    "Origin": "http://localhost:8080",
    "Forwarded": "for=127.0.0.1",
    "Via": "1.1 proxy",
    "X-Real-IP": "127.0.0.1",
    "X-Forwarded": "for=127.0.0.1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "localhost",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "8080",
    "X-Forwarded-Anything": "",
    "X-Client-IP": "127.0.0.1",
    "X-Cluster-Client-IP": "127.0.0.1",
    "X-Original-Host": "localhost",
    "True-Client-IP": "127.0.0.1",
    "CF-Connecting-IP": "127.0.0.1",
}


@pytest.mark.parametrize("host", GOOD)
def test_whoever_names_loopback_from_loopback_is_admin(host: str) -> None:
    assert tenant_of(Loopback().principal(environ({"Host": host}))) == ADMIN


@pytest.mark.parametrize("host", BAD)
def test_a_host_that_is_no_name_of_loopback_is_refused(host: str) -> None:
    error = refused(Loopback(), environ({"Host": host}))
    assert (error.code, error.status) == ("foreign-request", 403)
    assert host == "" or host not in error.detail  # what was sent is not echoed


def test_a_request_without_a_host_is_refused() -> None:
    request = environ()
    del request["HTTP_HOST"]
    assert refused(Loopback(), request).code == "foreign-request"


def test_the_port_of_the_host_is_the_one_listened_at() -> None:
    assert tenant_of(Loopback(8080).principal(environ({"Host": "127.0.0.1:8080"}))) == ADMIN
    assert tenant_of(Loopback(8080).principal(environ({"Host": "127.0.0.1"}))) == ADMIN
    assert refused(Loopback(8080), environ({"Host": "127.0.0.1:8081"})).code == "foreign-request"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_served(address: str) -> None:
    assert tenant_of(Loopback().principal(environ(REMOTE_ADDR=address))) == ADMIN


@pytest.mark.parametrize(
    "address",
    [
        "",
        "10.0.0.1",
        "192.168.0.1",
        "::",
        "0.0.0.0",
        "localhost",
        "127.0.0.1, 10.0.0.1",
        "fe80::1",
        "::2",
    ],
)
def test_another_machine_is_refused_whatever_it_calls_this_one(address: str) -> None:
    assert refused(Loopback(), environ(REMOTE_ADDR=address)).code == "foreign-request"


def test_a_request_from_nowhere_is_refused() -> None:
    request = environ()
    del request["REMOTE_ADDR"]
    assert refused(Loopback(), request).code == "foreign-request"


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("empty", [False, True])
def test_what_browsers_and_proxies_add_is_refused(name: str, empty: bool) -> None:
    error = refused(Loopback(), environ({name: "" if empty else FOREIGN[name]}))
    assert (error.code, error.status) == ("foreign-request", 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "None", "anything"])
def test_what_a_web_page_loads_is_refused(site: str) -> None:
    assert refused(Loopback(), environ({"Sec-Fetch-Site": site})).code == "foreign-request"


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_opens_in_a_browser_is_served(site: str) -> None:
    assert tenant_of(Loopback().principal(environ({"Sec-Fetch-Site": site}))) == ADMIN


@pytest.mark.parametrize("name", SPOOFED)
def test_an_identity_that_a_client_claims_has_no_effect(name: str) -> None:
    request = environ({name: "x", "X-Auth-Token": "y", "Authorization": "Bearer z"})
    assert tenant_of(Loopback().principal(request)) == ADMIN


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "LOCALHOST"]
)
def test_a_server_may_listen_on_loopback(host: str) -> None:
    assert is_loopback_address(host)


@pytest.mark.parametrize(
    "host", [*ELSEWHERE, "", "*", "0", "127.1", "[127.0.0.2", "::ffff:127.0.0.1"]
)
def test_a_server_may_listen_nowhere_else(host: str) -> None:
    assert not is_loopback_address(host)


@pytest.mark.parametrize("found", [["127.0.0.1", "10.0.0.1"], []])
def test_localhost_must_resolve_to_loopback_alone(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", (address, 0)) for address in found]
    )
    assert not is_loopback_address("localhost")


def test_localhost_that_does_not_resolve_is_no_place_to_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert not is_loopback_address("localhost")


def test_the_start_up_line_says_that_everybody_is_admin() -> None:
    assert "every user" in STARTUP_NOTICE
    assert "admin" in STARTUP_NOTICE


def test_the_application_is_not_wrapped() -> None:
    def app(*_: Any) -> list[bytes]:
        return []

    assert Loopback().wrap(app) is app
