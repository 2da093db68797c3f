"""Waitress's connections: how much is taken in before anybody is asked who they are, and what is said then."""

from __future__ import annotations

import copy
import json
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from groupsolver.api.http.errors import HTTP
from groupsolver.api.observability.logs import REQUEST_ID, new_request_id

MAX_BODY = 64 * 2**20  # bytes, of a fleet
SMALL_BODY = (
    4 * 2**20
)  # of all else: beyond what the app reads, so that it refuses in its own words
_FLEET = ("PUT", "/v1.0/fleet")


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Takes a large body for a fleet alone: it comes before the identity is looked at, on every connection."""

    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if (self.command, self.path.rstrip("/")) != _FLEET:
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = SMALL_BODY


class _Task(WSGITask):  # type: ignore[misc]
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ["SERVER_SOFTWARE"] = (
            "groupsolver"  # WSGI wants text, and without `ident` waitress has none
        )
        return environ

    def build_response_header(self) -> bytes:
        if (
            self.channel.server.stopping
        ):  # so that the client knows, and opens a connection elsewhere
            self.request.headers["CONNECTION"] = "close"
        header: bytes = super().build_response_header()
        return header


class _RefusalTask(ErrorTask):  # type: ignore[misc]
    """What is no request that the app could answer, in the app's form."""

    def execute(self) -> None:
        code = "body-too-large" if self.request.error.code == 413 else "bad-input"
        status, title = HTTP[code]
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
    """A connection."""

    parser_class = _Parser
    task_class = _Task
    error_task_class = _RefusalTask
