"""Requests and answers: where they go, what is asked again, and what errors they become."""

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
from groupsolver.wire.bodies.core import ErrorsAnswer
from groupsolver.wire.read import read_body

M = TypeVar("M", bound=Value)

_TOKEN = "X-Auth-Token"  # noqa: S105 - the header's name
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_PATIENCE = 30  # seconds that are waited at most before a request is sent again
_JITTER = 0.25  # seconds, so that clients that were refused together do not come back together
_NEVER_AGAIN = {"no-answer-in-time"}  # an answer: the same question would take as long again
_BEFORE_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class _Auth(httpx.Auth):
    """Adds the token to each request; not kept among the headers, which may be printed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers[_TOKEN] = self._token
        yield request


class Session:
    """A server, and how to talk to it. Threads may share it.

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
        self.url = _base(url)
        self._timeout = timeout
        self._retries = retries
        # A proxy or a netrc file of the environment has no business between two programs of one machine.
        elsewhere = self.url.host not in _LOCAL
        self._http = httpx.Client(
            auth=_Auth(_sound(token)) if token is not None else None,
            timeout=timeout,
            transport=transport,
            trust_env=elsewhere and transport is None,
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
        """Send a request, and give the answer where it is no error.

        Parameters
        ----------
        path : str
            Below the server's URL, quoted.
        query, headers : mapping
            What is None is left out.
        repeatable : bool, optional
            Whether it may be sent again; by default a GET, a PUT or a DELETE.
        timeout : float
            Seconds without a byte, where they are more than the client's.

        Raises
        ------
        Unreachable, UnexpectedAnswer, ServerError
        """
        more = {"Content-Type": "application/json"} if body is not None else {}
        request = self._http.build_request(
            method,
            f"{self.url}{path}",
            params={key: value for key, value in (query or {}).items() if value is not None},
            content=body,
            headers={
                "Accept": "application/json",
                **more,
                **{k: v for k, v in (headers or {}).items() if v is not None},
            },
            timeout=max(timeout, self._timeout),
        )
        again = method in {"GET", "PUT", "DELETE"} if repeatable is None else repeatable
        for left in reversed(range(self._retries + 1)):
            response = self._sent(request)
            if response.is_success:
                return response
            error = self._error(response)
            wait = _wait(response, error)
            if not again or wait is None or not left:
                raise error
            time.sleep(wait + random.uniform(0, _JITTER))  # noqa: S311 - no secret
        raise AssertionError("unreachable: the last answer was returned or raised")

    def read(self, response: httpx.Response, model: type[M]) -> M:
        """Read an answer. Raises `UnexpectedAnswer`."""
        try:
            return read_body("json", response.content, model)
        except BadInput as error:
            raise UnexpectedAnswer(
                str(self.url), response.status_code, str(error.faults[0])
            ) from None

    def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.TimeoutException as error:
            done = not isinstance(error, _BEFORE_SENT)
            raise Unreachable(str(self.url), "no answer in time", maybe_done=done) from None
        except httpx.RequestError as error:
            reason = re.sub(r"^\[.*?\] ", "", str(error)) or type(error).__name__
            raise Unreachable(
                str(self.url), reason, maybe_done=not isinstance(error, _BEFORE_SENT)
            ) from None

    def _error(self, response: httpx.Response) -> ClientError:
        try:
            errors = self.read(response, ErrorsAnswer).errors
        except UnexpectedAnswer as error:
            return error
        if not errors or response.status_code < 400:
            return UnexpectedAnswer(str(self.url), response.status_code, "an empty list of errors")
        return ServerError(errors)


def segment(name: str) -> str:
    """Give a name as one part of a path, whatever is in it."""
    # Dots alone would be taken for a way up.
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")


def _wait(response: httpx.Response, error: ClientError) -> float | None:
    """Give the seconds after which a request may be sent again, None where it may not."""
    if response.status_code != 503 or error.code in _NEVER_AGAIN:
        return None
    text = response.headers.get("Retry-After", "")
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > _PATIENCE:
        return None
    return float(text)


def _base(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/"))
        sound = url.scheme in {"http", "https"} and url.host and not url.query and not url.fragment
        sound = sound and (url.port is None or 0 < url.port < 2**16)
    except httpx.InvalidURL:
        sound = False
    if "@" in text:  # before it is repeated
        raise refuse(
            "wrong-value", "expected a URL without a name and a password: give a token", "url"
        )
    if not sound:
        raise refuse(
            "wrong-value",
            f"expected a URL such as http://127.0.0.1:8774, found {quoted(text)}",
            "url",
        )
    return url


def _sound(token: str) -> str:
    # Not shown: it may be the secret with a slip. httpx would repeat what cannot be sent.
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise refuse(
            "wrong-value", "expected a token of printable ASCII characters, without spaces", "token"
        )
    return token
