"""A request on its way to a handler, and the handler's reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from groupsolver.api.auth.principal import Principal
from groupsolver.model.value import Value

if TYPE_CHECKING:
    from groupsolver.api.services.service import Service


@dataclass(frozen=True)
class Call:
    """A request whose route, identity and body are known.

    Attributes
    ----------
    tenant : str
        The project of the path, or the identity's own project where the path names none.
    args : dict of str to str
        The variable parts of the path, by name.
    body : Value or None
        The body, validated as the route's model.
    data : plain data or None
        The unvalidated body, where the route merges it with stored data before validation.
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
        """Whether the principal may see names of hosts."""
        return bool(self.principal.roles & self.service.settings.host_readers)


@dataclass(frozen=True)
class Reply:
    """The answer of a handler.

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
