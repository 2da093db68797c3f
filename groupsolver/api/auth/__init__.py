"""Who asks: one explicit mode, never guessed.

``Loopback`` (no identity: everybody on this machine is admin), ``Tokens`` (a file of hashed
tokens) and ``Keystone``. In none of them does a header such as ``X-Roles`` that a client sends
have an effect: the first two read no such header, the third has them stripped.
"""

from __future__ import annotations

from typing import Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.keystone import Keystone
from groupsolver.api.auth.loopback import START_UP, Loopback, is_loopback_address
from groupsolver.api.auth.tokens import Tokens
from groupsolver.api.http.call import Principal

__all__ = ["START_UP", "Identity", "Keystone", "Loopback", "Tokens", "is_loopback_address"]


class Identity(Protocol):
    """A mode of identity."""

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Give who sent a request.

        Raises
        ------
        ApiError
            ``unauthorized``, answered with ``WWW-Authenticate``; ``forbidden``;
            ``foreign-request``; ``identity-unavailable`` where nobody can be told from anybody.
        """

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Give the application with what the mode needs in front of it; `principal` needs it there."""
