"""Waitress's connections: the limits of bodies, and the answers to requests that cannot be parsed.

A body is received before the identity of its sender is checked.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from groupsolver.api.http.errors import HTTP_ERRORS
from groupsolver.api.observability.logs import REQUEST_ID, new_request_id

MAX_BODY = 64 * 2**20  # bytes, of a fleet
# Bytes of any other body: more than the app reads, so that the app itself refuses larger ones.
SMALL_BODY = 4 * 2**20
_FLEET = ("PUT", "/v1.0/fleet")


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A parser that receives a large body only at the path of the fleet."""

    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if (self.command, self.path.rstrip("/")) != _FLEET:
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = SMALL_BODY


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        # WSGI requires text here, and without `ident` waitress has none.
        environ["SERVER_SOFTWARE"] = "groupsolver"
        return environ

    def build_response_header(self) -> bytes:
        # Tells the client to open its next connection elsewhere.
        if self.channel.server.stopping:
            self.request.headers["CONNECTION"] = "close"
        header: bytes = super().build_response_header()
        return header


class _RefusalTask(ErrorTask):  # type: ignore[misc]
    """The answer to a request that cannot be parsed, in the form of the app's errors."""

    def execute(self) -> None:
        code = "body-too-large" if self.request.error.code == 413 else "bad-input"
        status, title = HTTP_ERRORS[code]
        request_id = new_request_id()
        detail = f"the request cannot be read: {self.request.error.body}"
        view = {
            "status": status,
            "code": code,
            "title": title,
            "detail": detail,
            "request_id": request_id,
        }
        body = json.dumps({"errors": [view]}, separators=(",", ":")).encode()
        self.status = f"{status} {self.request.error.reason}"
        headers = [
            ("Content-Type", "application/json"),
            ("Vary", "Accept"),
            (REQUEST_ID, request_id),
        ]
        self.response_headers += headers
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection of a client."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _RefusalTask
