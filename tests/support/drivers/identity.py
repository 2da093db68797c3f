"""Requests as a server passes them on, and refusals, for tests of identity."""

from __future__ import annotations

from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest

from groupsolver.api.auth import Identity
from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError

# Every header by which a client might claim to be somebody, in OpenStack's words.
SPOOFED = {
    "X-Identity-Status": "Confirmed",
    "X-Service-Identity-Status": "Confirmed",
    "X-Roles": "admin",
    "X-Role": "admin",
    "X-Project-Id": "victim",
    "X-Tenant-Id": "victim",
    "X-User-Id": "root",
    "X-User": "root",
    "X-Domain-Id": "default",
    "X-Is-Admin-Project": "True",
    "X-Service-Roles": "service",
    "OpenStack-System-Scope": "all",
    "Remote-User": "root",
}


def environ(headers: dict[str, str] | None = None, **more: Any) -> WSGIEnvironment:
    """Return a request to loopback from loopback."""
    found: WSGIEnvironment = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "127.0.0.1"}
    found["HTTP_HOST"] = "localhost:8080"
    for name, value in (headers or {}).items():
        found["HTTP_" + name.upper().replace("-", "_")] = value
    return found | more


def refused(identity: Identity, request: WSGIEnvironment) -> ApiError:
    with pytest.raises(ApiError) as caught:
        identity.principal(request)
    return caught.value


def tenant_of(principal: Principal) -> tuple[str | None, str, set[str]]:
    return principal.tenant, principal.user, set(principal.roles)
