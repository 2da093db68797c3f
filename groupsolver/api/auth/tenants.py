"""Whose things a request is about."""

from __future__ import annotations

import re

from groupsolver.api.http.call import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.wire.identifiers import TENANT

DEFAULT = "default"  # the project of whoever has none, where the path names none
_FORM = re.compile(TENANT)


def tenant_of(principal: Principal, named: str | None) -> str:
    """Give the project of the path, or the identity's own.

    Raises
    ------
    ApiError
        ``tenant-not-found``: the path names another project than the identity's, and it is neither an
        admin's nor a service's; whether that project is there is nobody's business.
    """
    if named is None:
        return principal.tenant or DEFAULT
    any_tenant = principal.tenant is None or bool(principal.roles & {"admin", "service"})
    if (
        len(named) > 255
        or not _FORM.fullmatch(named)
        or not (any_tenant or named == principal.tenant)
    ):
        raise ApiError("tenant-not-found", "there is no such tenant")
    return named
