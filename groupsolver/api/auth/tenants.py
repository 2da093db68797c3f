"""The project that a request acts in."""

from __future__ import annotations

import re

from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.wire.identifiers import TENANT

DEFAULT = "default"  # where neither the identity nor the path names a project
_FORM = re.compile(TENANT)
_MAX_LENGTH = 255


def tenant_of(principal: Principal, named: str | None) -> str:
    """Return the project of the path, or the identity's own.

    Raises
    ------
    ApiError
        ``tenant-not-found``: the path names another project than the identity's, and the identity
        is neither an admin nor a service. The error does not tell whether the project exists.
    """
    if named is None:
        return principal.tenant or DEFAULT
    any_tenant = principal.tenant is None or principal.roles & {"admin", "service"}
    if not is_tenant_id(named) or not (any_tenant or named == principal.tenant):
        raise ApiError("tenant-not-found", "there is no such tenant")
    return named


def is_tenant_id(text: str) -> bool:
    """Return whether a text has the form of a project's id."""
    return len(text) <= _MAX_LENGTH and _FORM.fullmatch(text) is not None
