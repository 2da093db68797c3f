"""Authentication: one of three modes, which the operator chooses explicitly.

``Loopback`` (no identity: every user of this machine is admin), ``Tokens`` (a file of hashed
tokens) and ``Keystone``. A header such as ``X-Roles`` that a client sends has no effect in any
mode: the first two read no such header, and Keystone's middleware removes them.
"""

from __future__ import annotations

from typing import Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.keystone import Keystone
from groupsolver.api.auth.loopback import STARTUP_NOTICE, Loopback, is_loopback_address
from groupsolver.api.auth.principal import Principal
from groupsolver.api.auth.tokens import Tokens

__all__ = [
    "STARTUP_NOTICE",
    "Identity",
    "Keystone",
    "Loopback",
    "Principal",
    "Tokens",
    "is_loopback_address",
]


class Identity(Protocol):
    """A mode of identity."""

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Return the principal that sent a request.

        Raises
        ------
        ApiError
            ``unauthorized``, answered with ``WWW-Authenticate``; ``forbidden``;
            ``foreign-request``; ``identity-unavailable`` where no identity can be checked.
        """

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application behind the mode's middleware, which `principal` relies on."""
