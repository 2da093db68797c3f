"""The application over a SQLite file for each test; each response is checked against PEP 3333."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.validate import WSGIWarning, validator

import pytest
from werkzeug.test import Client, TestResponse

from groupsolver.api.app import App
from groupsolver.api.auth import Identity
from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import HTTP_ERRORS, ApiError
from groupsolver.api.services.service import Service
from groupsolver.api.settings import Settings
from groupsolver.store.database.migrate import ensure_schema
from groupsolver.store.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PRINCIPAL_KEY = "test.principal"
# wsgiref.validate knows no others, and warns.
_KNOWN = {"GET", "HEAD", "POST", "OPTIONS", "PATCH", "PUT", "DELETE", "TRACE"}


class Given:
    """An identity given by the test itself, past everything that a client can send."""

    def principal(self, environ: WSGIEnvironment) -> Principal:
        principal = environ.get(PRINCIPAL_KEY)
        if not isinstance(principal, Principal):
            raise ApiError(
                "unauthorized", "no principal is given", headers={"WWW-Authenticate": "Test"}
            )
        return principal

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        return app


class Clock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Asker:
    """A client of one principal, which checks what every answer must have."""

    def __init__(self, app: App, principal: Principal | None, tenant: str) -> None:
        self.app = app
        self.principal = principal
        self.tenant = tenant
        self.base: dict[str, Any] = {}
        self.client = Client(validator(app))

    def within(self, base: dict[str, Any]) -> Asker:
        """The same client, behind a server that adds this to the environment of each request."""
        other = Asker(self.app, self.principal, self.tenant)
        other.base = base
        return other

    def __call__(self, method: str, path: str, body: Any = None, /, **headers: str) -> TestResponse:
        """Send a request, and return its answer.

        Parameters
        ----------
        path : str
            ``~`` stands for /v1.0 and the tenant.
        body : optional
            JSON data, or bytes with their Content_Type.
        """
        path = path.replace("~", f"/v1.0/{self.tenant}", 1) if path.startswith("~") else path
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if body is not None and not isinstance(body, bytes):
            named.setdefault("Content-Type", "application/json")
        environ = {PRINCIPAL_KEY: self.principal, **self.base}
        with _unknown_method(method):
            answer = self.client.open(
                path,
                method=method,
                data=data,
                headers=named,
                environ_overrides=environ,
                buffered=True,
            )
        assert answer.headers["X-Openstack-Request-Id"].startswith("req-")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return answer

    def get(self, path: str, key: str, **headers: str) -> Any:
        """Return the value at a key of a body that is answered with 200."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()[key]

    def group(self, **fields: Any) -> dict[str, Any]:
        """Register a group."""
        answer = self("POST", "~/groups", {"group": fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json()["group"])

    def id(self, **fields: Any) -> str:
        """Register a group; return its id."""
        return str(self.group(**fields)["id"])

    def ask(
        self, *instances: dict[str, Any], query: str = "", key: str | None = None, **fields: Any
    ) -> TestResponse:
        """Ask for a placement."""
        headers = {} if key is None else {"Idempotency_Key": key}
        body = {"placement": {"instances": list(instances), **fields}}
        return self("POST", "~/placements" + query, body, **headers)

    def place(self, *instances: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Place instances; return the placement."""
        answer = self.ask(*instances, **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json()["placement"])

    def load(
        self, *hosts: dict[str, Any], levels: tuple[str, ...] = ("zone", "rack"), **fields: Any
    ) -> None:
        """Replace the fleet."""
        answer = self(
            "PUT", "/v1.0/fleet", {"levels": list(levels), "hosts": list(hosts), **fields}
        )
        assert answer.status_code == 204, answer.text


class World:
    """An application, its clock, and clients of it."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any] | None = None,
        identity: Identity | None = None,
        lock_wait: float = 30.0,  # seconds: as long as a slow disk takes
        database: Path | None = None,
    ) -> None:
        self.clock = Clock()
        path = folder / "groups.db"
        shutil.copy(database or _empty(), path)
        self.path = path
        whole = Settings.model_validate(
            {"solves": 2, "waiting": 1, "workers": 1, **(settings or {})}
        )
        store = Store(f"sqlite:///{path}", clock=self.clock, lock_wait=lock_wait)
        self.app = App(Service(whole, store), identity or Given())

    def asker(self, tenant: str | None, *roles: str, at: str | None = None) -> Asker:
        """A client of a tenant with roles; `at` is the tenant in the paths, if another."""
        principal = Principal(tenant, f"{tenant}-user", frozenset(roles))
        return Asker(self.app, principal, at or tenant or "demo")

    def nobody(self, at: str = "demo") -> Asker:
        """A client without a principal."""
        return Asker(self.app, None, at)


@contextmanager
def opened(
    folder: Path, identity: Identity | None = None, *, lock_wait: float = 30.0, **settings: Any
) -> Iterator[World]:
    """Open an application, and close it."""
    world = World(folder, settings, identity, lock_wait)
    try:
        yield world
    finally:
        world.app.close()


def hosts(count: int = 6, *, racks: int = 3, vcpu: int = 8, **more: Any) -> list[dict[str, Any]]:
    """Return like hosts ``h0``, ``h1`` ..., dealt over racks ``r0`` ..., two racks a zone."""
    return [
        {
            "name": f"h{i}",
            "domains": {"zone": f"z{i % racks // 2}", "rack": f"r{i % racks}"},
            "inventory": {"VCPU": vcpu},
            **more,
        }
        for i in range(count)
    ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An application whose fleet is `hosts()`; a file of tests may have one of its own."""
    world = World(tmp_path, database=_with_hosts())
    try:
        yield world
    finally:
        world.app.close()


@pytest.fixture
def member(world: World) -> Asker:
    return world.asker("demo", "member")


@pytest.fixture
def admin(world: World) -> Asker:
    return world.asker("demo", "admin")


def one(group: str | None = None, vcpu: int = 1, **more: Any) -> dict[str, Any]:
    """An instance that is asked for."""
    return {"resources": {"VCPU": vcpu}, **({"hints": {"group": group}} if group else {}), **more}


def spots(placement: dict[str, Any]) -> list[str]:
    """Return the hosts of a placement's instances."""
    return [str(instance["host"]) for instance in placement["instances"]]


def refused(
    answer: TestResponse, code: str, status: int | None = None, path: str = ""
) -> dict[str, Any]:
    """Check that an answer has the form of errors, and return the first error."""
    errors = answer.get_json()["errors"]
    first = dict(errors[0])
    assert first["code"] == code, answer.text
    assert answer.status_code == (status or HTTP_ERRORS.get(code, (400, ""))[0]), answer.text
    for error in errors:
        assert error.keys() - {"conflict", "preview"} == {
            "status",
            "code",
            "title",
            "detail",
            "request_id",
        }
        assert error["status"] == answer.status_code
        assert error["request_id"] == answer.headers["X-Openstack-Request-Id"]
    assert first["detail"].startswith(path), first
    return first


@cache
def _empty() -> Path:
    """A database with tables alone, to be copied: making them takes longer than a test."""
    path = Path(tempfile.mkdtemp()) / "empty.db"
    ensure_schema(f"sqlite:///{path}")
    return path


@cache
def _with_hosts() -> Path:
    """A database whose fleet is `hosts()`, to be copied."""
    folder = Path(tempfile.mkdtemp())
    with opened(folder) as made:
        made.asker("demo", "admin").load(*hosts())
    return made.path


@contextmanager
def _unknown_method(method: str) -> Iterator[None]:
    if method in _KNOWN:
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Unknown REQUEST_METHOD: ", category=WSGIWarning)
        yield
