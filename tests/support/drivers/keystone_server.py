"""A Keystone for tests: as much of Identity v3 as the middleware asks for, on 127.0.0.1."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SERVICE = "the-service-users-token"


def when(delta: timedelta) -> str:
    return (datetime.now(UTC) + delta).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def token_of(*roles: str, lasts: timedelta = timedelta(hours=1), **scope: Any) -> dict[str, Any]:
    """Return what Keystone knows of a token; its scope is a project unless another is given."""
    domain = {"id": "default", "name": "Default"}
    scope = scope or {"project": {"id": "shop", "name": "Shop", "domain": domain}}
    return {
        "methods": ["password"],
        "user": {"id": "ann", "name": "Ann", "domain": domain},
        "roles": [{"id": role, "name": role} for role in roles],
        "issued_at": when(-timedelta(hours=2)),
        "expires_at": when(lasts),
        "audit_ids": ["x"],
        **{key: value for key, value in scope.items() if value is not None},
    }


class Keystone:
    """The answers of the server: tokens by their text, or one status for every validation."""

    def __init__(self) -> None:
        self.tokens: dict[str, dict[str, Any]] = {}
        self.status: int | None = None
        self.garbage = False
        self.tokens_asked: list[str] = []
        self.url = ""

    def catalog(self) -> list[dict[str, Any]]:
        endpoints = [
            {
                "id": face,
                "interface": face,
                "region": "R",
                "region_id": "R",
                "url": f"{self.url}/v3",
            }
            for face in ("public", "internal", "admin")
        ]
        return [{"id": "i", "type": "identity", "name": "keystone", "endpoints": endpoints}]

    def version(self) -> dict[str, Any]:
        links = [{"rel": "self", "href": f"{self.url}/v3/"}]
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": links,
        }

    def config(self) -> dict[str, str]:
        return {
            "auth_url": self.url,
            "www_authenticate_uri": "http://keystone.example/v3",
            "username": "groupsolver",
            "password": "50%-secret",
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "http_request_max_retries": "0",
            "http_connect_timeout": "5",
            "token_cache_time": "-1",
        }


def handler_of(keystone: Keystone) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def answer(self, status: int, body: Any, **headers: str) -> None:
            text = (
                b"<html>" if keystone.garbage and "auth" in self.path else json.dumps(body).encode()
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].rstrip("/")
            if path == "":
                self.answer(300, {"versions": {"values": [keystone.version()]}})
            elif path == "/v3":
                self.answer(200, {"version": keystone.version()})
            elif path == "/v3/auth/tokens":
                self.validate()
            else:
                self.answer(
                    404, {"error": {"code": 404, "message": "no such path", "title": "Not Found"}}
                )

        def validate(self) -> None:
            token = self.headers["X-Subject-Token"]
            keystone.tokens_asked.append(token)
            status = keystone.status or (200 if token in keystone.tokens else 404)
            if self.headers["X-Auth-Token"] != SERVICE:
                status = 401
            if status == 200:
                body = {"token": {**keystone.tokens[token], "catalog": keystone.catalog()}}
                self.answer(200, body, X_Subject_Token=token)
            else:
                self.answer(status, {"error": {"code": status, "message": "no", "title": "No"}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            user = body["auth"]["identity"]["password"]["user"]
            if (user["name"], user["password"]) == ("groupsolver", "50%-secret"):
                token = {**token_of("service"), "catalog": keystone.catalog()}
                self.answer(201, {"token": token}, X_Subject_Token=SERVICE)
            else:
                self.answer(
                    401,
                    {"error": {"code": 401, "message": "wrong password", "title": "Unauthorized"}},
                )

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - as the base class has it

    return Handler


@contextmanager
def keystone_server() -> Iterator[Keystone]:
    """Serve, at a port that is free, until the block ends."""
    keystone = Keystone()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(keystone)) as server:
        keystone.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield keystone
        finally:
            server.shutdown()
            thread.join(10)
