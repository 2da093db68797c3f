"""Identity behind real servers, which differ in what they hand on of a request's headers.

CGI's names make ``X_Roles`` and ``X-Roles`` one. waitress drops the first, wsgiref does not. So
underscores can forge any header, but none that is read here says who somebody is without a secret;
and a forwarding header that is forged only shuts its sender out.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from waitress import wasyncore
from waitress.server import create_server

from groupsolver.api.auth import Identity, Loopback, Tokens
from groupsolver.api.http.errors import ApiError
from groupsolver.cli.main import main
from tests.support.drivers.identity import SPOOFED

UNDERSCORED = {name.replace("-", "_"): value for name, value in SPOOFED.items()}
Send = Callable[[list[str]], str]


def app_of(identity: Identity) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            principal = identity.principal(environ)
            text = f"{principal.tenant} {principal.user} {','.join(sorted(principal.roles))}"
        except ApiError as error:
            text = error.code
        start_response(
            "200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        )
        return [text.encode()]

    return identity.wrap(app)


def sender(port: int) -> Send:
    def send(lines: list[str]) -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
            head = ["GET / HTTP/1.1", "Connection: close", *lines, "", ""]
            peer.sendall("\r\n".join(head).encode("latin-1"))
            answer = b""
            while part := peer.recv(65536):
                answer += part
        return answer.decode().rpartition("\r\n\r\n")[2]

    return send


@contextmanager
def by_wsgiref(app: WSGIApplication) -> Iterator[Send]:
    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - as the base class has it

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield sender(server.server_port)
        finally:
            server.shutdown()
            thread.join(10)


@contextmanager
def by_waitress(app: WSGIApplication, **options: Any) -> Iterator[Send]:
    options = {"clear_untrusted_proxy_headers": False, "threads": 1, **options}
    sockets: dict[int, Any] = {}
    server: Any = create_server(app, map=sockets, host="127.0.0.1", port=0, **options)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            wasyncore.loop(timeout=0.01, map=sockets, count=1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield sender(server.effective_port)
    finally:  # its loop first: it must not wait for what is closed
        over.set()
        thread.join(10)
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


SERVERS = pytest.mark.parametrize("serve", [by_wsgiref, by_waitress])
HOST = "Host: localhost"


@pytest.fixture
def tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Tokens, str]:
    path = tmp_path / "tokens.toml"
    assert main(["tokens", "add", "--tenant", "shop", "--user", "ann", "--tokens", str(path)]) == 0
    return Tokens(path), capsys.readouterr().out.strip()


@SERVERS
def test_a_token_is_read_and_no_claim_beside_it_however_it_is_spelt(
    serve: Any, tokens: tuple[Tokens, str]
) -> None:
    identity, secret = tokens
    claims = [f"{name}: {value}" for name, value in {**SPOOFED, **UNDERSCORED}.items()]
    with serve(app_of(identity)) as send:
        assert send([HOST, f"X-Auth-Token: {secret}"]) == "shop ann member"
        assert send([HOST, f"Authorization: Bearer {secret}"]) == "shop ann member"
        assert send([HOST, f"X-Auth-Token: {secret}", *claims]) == "shop ann member"
        assert send([HOST, *claims]) == "unauthorized"
        assert send([HOST]) == "unauthorized"


@SERVERS
def test_a_second_token_never_replaces_the_first(serve: Any, tokens: tuple[Tokens, str]) -> None:
    identity, secret = tokens
    with serve(app_of(identity)) as send:
        assert send([HOST, "X-Auth-Token: x", f"X-Auth-Token: {secret}"]) == "unauthorized"
        assert send([HOST, f"X-Auth-Token: {secret}", "X-Auth-Token: x"]) == "unauthorized"


def test_a_token_under_an_underscore_is_a_token_or_nothing(tokens: tuple[Tokens, str]) -> None:
    # It is the secret that counts: who knows it may as well send it under its proper name.
    identity, secret = tokens
    lines = [HOST, f"X_Auth_Token: {secret}"]
    with by_wsgiref(app_of(identity)) as send:
        assert send(lines) == "shop ann member"
        assert send([*lines, "X-Auth-Token: x"]) == "unauthorized"
    with by_waitress(app_of(identity)) as send:
        assert send(lines) == "unauthorized"


@SERVERS
def test_loopback_is_admin_and_no_claim_changes_it(serve: Any) -> None:
    claims = [f"{name}: {value}" for name, value in {**SPOOFED, **UNDERSCORED}.items()]
    with serve(app_of(Loopback())) as send:
        assert send([HOST]) == "None loopback admin"
        assert send([HOST, *claims]) == "None loopback admin"


@SERVERS
@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Host: evil.example"],
        [HOST, "Host: evil.example"],
        ["Host: evil.example", HOST],
        ["Host: 127.0.0.1.evil.example"],
        [HOST, "Origin: http://evil.example"],
        [HOST, "Sec-Fetch-Site: cross-site"],
        [HOST, "Forwarded: for=10.0.0.1"],
        [HOST, "X-Forwarded-For: 10.0.0.1"],
        [HOST, "X-Forwarded-Host: localhost"],
        [HOST, "X-Real-IP: 10.0.0.1"],
        [HOST, "Via: 1.1 proxy"],
    ],
    ids=" + ".join,
)
def test_loopback_stays_shut(serve: Any, lines: list[str]) -> None:
    with serve(app_of(Loopback())) as send:
        assert send(lines) == "foreign-request"


def test_a_forwarding_header_under_an_underscore_shuts_its_sender_out_or_is_nothing() -> None:
    with by_wsgiref(app_of(Loopback())) as send:
        assert send([HOST, "X_Forwarded_For: 127.0.0.1"]) == "foreign-request"
    with by_waitress(app_of(Loopback())) as send:
        assert send([HOST, "X_Forwarded_For: 127.0.0.1"]) == "None loopback admin"


def test_by_default_waitress_hides_a_proxy_from_loopback() -> None:
    # Why the server must be told not to: what its own default drops is not there to be refused.
    with by_waitress(app_of(Loopback()), clear_untrusted_proxy_headers=True) as send:
        assert send([HOST, "X-Forwarded-For: 10.0.0.1"]) == "None loopback admin"
