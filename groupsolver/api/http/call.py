"""One request on its way: who asks, what for, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from groupsolver.model.value import Value

if TYPE_CHECKING:
    from groupsolver.api.services.service import Service


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Parameters
    ----------
    tenant : str or None
        The project that the identity is bound to; None where it may act for any (loopback).
    user : str
    roles : frozenset of str
        Of ``reader``, ``member``, ``service``, ``admin``; others mean nothing here.
    """

    tenant: str | None
    user: str
    roles: frozenset[str]

    def has(self, role: str) -> bool:
        """Whether the identity carries a role, by itself or by a stronger one."""
        stronger = {
            "reader": {"reader", "member", "service", "admin"},
            "member": {"member", "service", "admin"},
        }
        return bool(self.roles & stronger.get(role, {role, "admin"}))


@dataclass(frozen=True)
class Call:
    """A request that has found its route, passed identity, and whose body was read.

    Attributes
    ----------
    tenant : str
        The project of the path, or the identity's own where the path names none.
    args : dict of str to str
        What the path holds.
    body : Value or None
        The body, validated as the route's model.
    data : plain data or None
        The body as it came, where the route validates it only after joining it with what is stored.
    """

    request: Request
    service: Service
    principal: Principal
    tenant: str
    request_id: str
    args: dict[str, str] = field(default_factory=dict)
    body: Value | None = None
    data: Any = None

    @property
    def sees_hosts(self) -> bool:
        """Whether names of hosts are shown."""
        return bool(self.principal.roles & self.service.settings.host_readers)

    def flag(self, name: str) -> bool:
        """Read a query parameter that is true or false. Raises `BadInput`."""
        from groupsolver.api.http.query import flag

        return flag(self.request, name)


@dataclass(frozen=True)
class Reply:
    """What a handler gives back.

    Parameters
    ----------
    status : int
    body : Value, dict or None
        A value of `groupsolver.wire.bodies`, plain data of a JSON-only family, or nothing.
    headers : dict of str to str
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
