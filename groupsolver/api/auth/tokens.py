"""Tokens of a file: sent as ``X-Auth-Token``, or as ``Authorization: Bearer``."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.token_file import SHAPE, Token, digest, read
from groupsolver.api.http.call import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.errors import BadInput

_log = logging.getLogger(__name__)
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class _Seen:
    """The file as it was found: by which marks, and with which tokens; None where it cannot be trusted."""

    marks: tuple[int, ...] | None
    tokens: dict[str, Token] | None


class Tokens:
    """Whoever sends a token of the file is whom the file names.

    Parameters
    ----------
    path : path-like
        See `groupsolver.api.auth.token_file`. Looked at on every request and read again when
        it has changed: a token that is revoked stops working at once. While the file is missing,
        broken, or open to others, every request is refused with 503, and the reason logged once.

    Raises
    ------
    BadInput
        The file cannot be trusted from the start.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = Lock()
        marks = self._marks()
        self._seen = _Seen(marks, _by_id(read(self._path)))

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Give whom the request's token is for. Raises `ApiError`."""
        tokens = self._current()
        if tokens is None:
            message = "tokens cannot be checked now; the server's log says why"
            raise ApiError("identity-unavailable", message, headers={"Retry-After": "5"})
        match = SHAPE.fullmatch(_sent(environ))
        token = tokens.get(match[1]) if match else None
        # Compared also where there is no such token, so that the time says nothing about ids.
        same = hmac.compare_digest(
            digest(match[0] if match else ""), token.sha256 if token else _NO_HASH
        )
        if (
            token is None
            or not same
            or (token.expires is not None and token.expires <= datetime.now(UTC))
        ):
            # One text for every reason: who guesses is not told how near it was.
            headers = {"WWW-Authenticate": 'Bearer realm="groupsolver"'}
            raise ApiError(
                "unauthorized", "a valid token is needed, in X-Auth-Token", headers=headers
            )
        return Principal(tenant=token.tenant, user=token.user, roles=frozenset(token.roles))

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Give the application as it is."""
        return app

    def _current(self) -> dict[str, Token] | None:
        if self._marks() != self._seen.marks:
            with self._lock:
                self._refresh()
        return self._seen.tokens

    def _refresh(self) -> None:
        # The marks from before reading: where the file changes meanwhile, it is read once more.
        marks = self._marks()
        if marks == self._seen.marks:
            return
        try:
            tokens = _by_id(read(self._path))
        except BadInput as error:
            _log.error("Every request is refused, as the tokens cannot be trusted: %s", error)
            self._seen = _Seen(marks, None)
        else:
            _log.info("Tokens read anew: %d in %s", len(tokens), self._path)
            self._seen = _Seen(marks, tokens)

    def _marks(self) -> tuple[int, ...] | None:
        """Give what changes with the file: by an edit, a replacement, or a chmod; None where it is missing."""
        try:
            found = self._path.lstat()
        except (OSError, ValueError):
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _by_id(tokens: tuple[Token, ...]) -> dict[str, Token]:
    return {token.id: token for token in tokens}


def _sent(environ: WSGIEnvironment) -> str:
    """Give the token that was sent; nothing where there are two that differ."""
    scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    found = {
        environ.get("HTTP_X_AUTH_TOKEN", "").strip(),
        bearer.strip() if scheme.lower() == "bearer" else "",
    }
    found.discard("")
    return found.pop() if len(found) == 1 else ""
