"""Tokens of a file: sent as ``X-Auth-Token``, or as ``Authorization: Bearer``."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.principal import Principal
from groupsolver.api.auth.token_file import SHAPE, Token, digest, read
from groupsolver.api.http.errors import ApiError
from groupsolver.errors import BadInput

_log = logging.getLogger(__name__)
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class _FileState:
    """The tokens that were last read, and the file's fingerprint then.

    Attributes
    ----------
    fingerprint : tuple of int or None
        None where the file was missing.
    tokens : dict of str to Token or None
        By id; None where the file cannot be trusted.
    """

    fingerprint: tuple[int, ...] | None
    tokens: dict[str, Token] | None


class Tokens:
    """The identity mode in which a file names the owner of each token.

    Parameters
    ----------
    path : path-like
        See `groupsolver.api.auth.token_file`. Every request checks the file and reads it again
        if it has changed, so a revoked token stops working at once. While the file is missing,
        broken, or open to others, every request is refused with 503; the reason is logged once.

    Raises
    ------
    BadInput
        The file cannot be trusted from the start.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = Lock()
        fingerprint = self._fingerprint()
        self._state = _FileState(fingerprint, _by_id(read(self._path)))

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Return the principal of the request's token. Raises `ApiError`."""
        tokens = self._current()
        if tokens is None:
            message = "tokens cannot be checked now; the server's log says why"
            raise ApiError("identity-unavailable", message, headers={"Retry-After": "5"})
        match = SHAPE.fullmatch(_sent_token(environ))
        token = tokens.get(match[1]) if match else None
        # Compared even where there is no such token, so that the time reveals nothing about ids.
        sent_hash = digest(match[0] if match else "")
        stored_hash = token.sha256 if token else _NO_HASH
        same = hmac.compare_digest(sent_hash, stored_hash)
        if token is None or not same or _has_expired(token):
            # One text for every reason, so that a guess is not told how close it was.
            headers = {"WWW-Authenticate": 'Bearer realm="groupsolver"'}
            detail = "a valid token is needed, in X-Auth-Token"
            raise ApiError("unauthorized", detail, headers=headers)
        return Principal(tenant=token.tenant, user=token.user, roles=frozenset(token.roles))

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application unchanged."""
        return app

    def _current(self) -> dict[str, Token] | None:
        if self._fingerprint() != self._state.fingerprint:
            with self._lock:
                self._refresh()
        return self._state.tokens

    def _refresh(self) -> None:
        # Taken before reading: if the file changes in between, the next request reads it again.
        fingerprint = self._fingerprint()
        if fingerprint == self._state.fingerprint:
            return
        try:
            tokens = _by_id(read(self._path))
        except BadInput as error:
            _log.error("Every request is refused, as the tokens cannot be trusted: %s", error)
            self._state = _FileState(fingerprint, None)
        else:
            _log.info("Tokens read again: %d in %s", len(tokens), self._path)
            self._state = _FileState(fingerprint, tokens)

    def _fingerprint(self) -> tuple[int, ...] | None:
        """Return values that change with every change of the file; None if it is missing."""
        try:
            status = self._path.lstat()
        except (OSError, ValueError):
            return None
        return (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )


def _has_expired(token: Token) -> bool:
    return token.expires is not None and token.expires <= datetime.now(UTC)


def _by_id(tokens: tuple[Token, ...]) -> dict[str, Token]:
    return {token.id: token for token in tokens}


def _sent_token(environ: WSGIEnvironment) -> str:
    """Return the token of a request; empty where it has none, or two that differ."""
    scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    found = {environ.get("HTTP_X_AUTH_TOKEN", "").strip(), bearer} - {""}
    return found.pop() if len(found) == 1 else ""
