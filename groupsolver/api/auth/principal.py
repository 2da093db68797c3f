"""The principal: the identity on whose behalf a request is made."""

from __future__ import annotations

from dataclasses import dataclass

_ROLES_THAT_INCLUDE = {
    "reader": frozenset({"reader", "member", "service", "admin"}),
    "member": frozenset({"member", "service", "admin"}),
}
"""The roles that grant what a role grants; any other role is granted by itself and by ``admin``."""


@dataclass(frozen=True)
class Principal:
    """The identity that sends a request.

    Parameters
    ----------
    tenant : str or None
        The project that the identity is bound to; None where it may act for any project (loopback).
    user : str
    roles : frozenset of str
        Of ``reader``, ``member``, ``service``, ``admin``; other roles have no meaning here.
    system_scoped : bool, default False
        Whether it is Keystone's admin of the whole system, who is bound to no project.
    """

    tenant: str | None
    user: str
    roles: frozenset[str]
    system_scoped: bool = False

    def has(self, role: str) -> bool:
        """Return whether the identity carries a role, directly or through a stronger one."""
        sufficient = _ROLES_THAT_INCLUDE.get(role, frozenset({role, "admin"}))
        return bool(self.roles & sufficient)
