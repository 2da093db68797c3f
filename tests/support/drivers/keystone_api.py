"""An application behind Keystone, for tests."""

from __future__ import annotations

from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.test import Client

from groupsolver.api.auth import Keystone
from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError
from tests.support.drivers.identity import tenant_of

ASK = 'Keystone uri="http://keystone.example/v3"'


class Api:
    """An application behind Keystone: `/healthz` is open, all else needs a principal."""

    def __init__(self, identity: Keystone) -> None:
        self.identity = identity
        self.client = Client(self.identity.wrap(self))
        self.principal: Principal | None = None
        self.marked = ""  # the header that the application gets

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        self.marked = environ["HTTP_X_IDENTITY_STATUS"]
        try:
            if environ["PATH_INFO"] != "/healthz":
                self.principal = self.identity.principal(environ)
        except ApiError as error:
            start_response(f"{error.status} No", [*error.headers.items()])
            return [error.code.encode()]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"in"]

    def get(self, headers: dict[str, str] | None = None, path: str = "/") -> tuple[int, str]:
        self.principal = None
        answer = self.client.get(path, headers=headers or {})
        # Exactly one, and only there.
        assert answer.headers.getlist("WWW-Authenticate") == (
            [ASK] if answer.status_code == 401 else []
        )
        return answer.status_code, answer.text

    def identified(self, token: str, **headers: str) -> tuple[str | None, str, set[str]]:
        status, text = self.get({"X-Auth-Token": token, **headers})
        assert (status, text) == (200, "in")
        assert self.principal is not None
        return tenant_of(self.principal)
