"""Requests and answers of a client: connections, repetitions, and errors."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote

import httpx

from groupsolver.client.errors import ClientError, ServerError, UnexpectedAnswer, Unreachable
from groupsolver.errors import BadInput, quoted
from groupsolver.files.fault_text import refuse
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.read import read_body

M = TypeVar("M", bound=Value)
V = TypeVar("V")

_TOKEN = "X-Auth-Token"  # noqa: S105 - the header's name
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_REPEATABLE_METHODS = {"GET", "PUT", "DELETE"}
_MAX_RETRY_AFTER = 30  # seconds: a server that asks for more is not asked again
_JITTER = 0.25  # seconds, so that clients that were refused together do not repeat together
_NOT_REPEATED = {"no-answer-in-time"}  # codes: the same solve would take as long again
_ERRORS_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class _Auth(httpx.Auth):
    """Adds the token to each request. The client's headers, which may be printed, lack it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers[_TOKEN] = self._token
        yield request


class Session:
    """The HTTP connections to a server. Threads may share it.

    Parameters are those of `groupsolver.client.Client`.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        timeout: float,
        transport: httpx.BaseTransport | None,
        retries: int,
    ) -> None:
        self.url = _parse_url(url)
        self._timeout = timeout
        self._retries = retries
        # The environment's proxy and netrc file are not meant for two programs on one machine.
        remote = self.url.host not in _LOCAL_HOSTS
        self._http = httpx.Client(
            auth=_Auth(_check_token(token)) if token is not None else None,
            timeout=timeout,
            transport=transport,
            trust_env=remote and transport is None,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        repeatable: bool | None = None,
        timeout: float = 0.0,
    ) -> httpx.Response:
        """Send a request, repeat it where that is safe, and return the answer if it is no error.

        Parameters
        ----------
        method : str
        path : str
            Below the server's URL, quoted.
        query, headers : mapping, optional
            Values that are None are left out.
        body : bytes, optional
            JSON.
        repeatable : bool, optional
            Whether it may be sent again; by default a GET, a PUT or a DELETE.
        timeout : float
            Seconds without a byte, where they are more than the client's.

        Raises
        ------
        Unreachable, UnexpectedAnswer, ServerError
        """
        all_headers = {"Accept": "application/json"}
        if body is not None:
            all_headers["Content-Type"] = "application/json"
        all_headers.update(_without_none(headers or {}))
        request = self._http.build_request(
            method,
            f"{self.url}{path}",
            params=_without_none(query or {}),
            content=body,
            headers=all_headers,
            timeout=max(timeout, self._timeout),
        )
        if repeatable is None:
            repeatable = method in _REPEATABLE_METHODS
        for retries_left in reversed(range(self._retries + 1)):
            response = self._send_once(request)
            if response.is_success:
                return response
            error = self._to_error(response)
            wait = _retry_after(response, error)
            if not repeatable or wait is None or not retries_left:
                raise error
            time.sleep(wait + random.uniform(0, _JITTER))  # noqa: S311 - no secret
        raise AssertionError("unreachable: the last answer was returned or raised")

    def read(self, response: httpx.Response, model: type[M]) -> M:
        """Parse an answer. Raises `UnexpectedAnswer`."""
        try:
            return read_body("json", response.content, model)
        except BadInput as error:
            reason = str(error.faults[0])
            raise UnexpectedAnswer(str(self.url), response.status_code, reason) from None

    def _send_once(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.TimeoutException as error:
            raise self._unreachable(error, "no answer in time") from None
        except httpx.RequestError as error:
            # Without the number of an operating system's error: "[Errno 111] Connection refused".
            reason = re.sub(r"^\[.*?\] ", "", str(error)) or type(error).__name__
            raise self._unreachable(error, reason) from None

    def _unreachable(self, error: httpx.RequestError, reason: str) -> Unreachable:
        maybe_done = not isinstance(error, _ERRORS_BEFORE_SENDING)
        return Unreachable(str(self.url), reason, maybe_done=maybe_done)

    def _to_error(self, response: httpx.Response) -> ClientError:
        try:
            errors = self.read(response, ErrorsAnswer).errors
        except UnexpectedAnswer as error:
            return error
        if not errors or response.status_code < 400:
            return UnexpectedAnswer(str(self.url), response.status_code, "an empty list of errors")
        return ServerError(errors)


def _without_none(items: Mapping[str, V | None]) -> dict[str, V]:
    return {key: value for key, value in items.items() if value is not None}


def segment(name: str) -> str:
    """Quote a name as one segment of a path, whatever characters it has."""
    # Dots alone would be resolved as a parent folder.
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")


def _retry_after(response: httpx.Response, error: ClientError) -> float | None:
    """Return the seconds after which a request may be repeated, None where it may not."""
    if response.status_code != 503 or error.code in _NOT_REPEATED:
        return None
    text = response.headers.get("Retry-After", "")
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > _MAX_RETRY_AFTER:
        return None
    return float(text)


def _parse_url(text: str) -> httpx.URL:
    """Parse a server's URL. Raises `BadInput`."""
    if "@" in text:  # refused first: no message may repeat a password
        raise refuse(
            "wrong-value", "expected a URL without a name and a password: give a token", "url"
        )
    try:
        url = httpx.URL(text.rstrip("/"))
        valid = _is_server_url(url)
    except httpx.InvalidURL:
        valid = False
    if not valid:
        message = f"expected a URL such as http://127.0.0.1:8774, found {quoted(text)}"
        raise refuse("wrong-value", message, "url")
    return url


def _is_server_url(url: httpx.URL) -> bool:
    if url.scheme not in {"http", "https"} or not url.host:
        return False
    if url.query or url.fragment:
        return False
    return url.port is None or 0 < url.port < 2**16


def _check_token(token: str) -> str:
    """Return a token that can be sent. Raises `BadInput`.

    The message does not show it: it may be the secret with a typing error. httpx's own message
    would show it.
    """
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise refuse(
            "wrong-value", "expected a token of printable ASCII characters, without spaces", "token"
        )
    return token
