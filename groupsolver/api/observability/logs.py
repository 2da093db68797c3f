"""The server's log, one JSON object a line, and the access log.

The loggers are ``groupsolver.access`` and ``groupsolver.audit``. The import configures nothing: the
command calls `configure`, and other servers configure logging themselves. No body, query, header or
token is ever written; whatever else a client sent is escaped and shortened.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from groupsolver.api.auth.principal import Principal

REQUEST_ID = "X-Openstack-Request-Id"
"""The header of every answer, under the name that OpenStack's clients read."""

_access = logging.getLogger("groupsolver.access")
_REQUEST_ID_FORM = re.compile(
    r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_MAX_FIELD_LENGTH = 2048  # characters of a path, method or address in a line


class Line:
    """The message of a log record: one JSON object, formatted only when a handler needs it."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **fields}

    def __str__(self) -> str:
        # ASCII only, so that a client's control characters and direction marks reach no terminal.
        return json.dumps(self.fields, ensure_ascii=True, separators=(",", ":"), default=str)


def new_request_id() -> str:
    """Return a new request id, in Nova's form."""
    return f"req-{uuid.uuid4()}"


def global_request_id(given: str | None) -> str | None:
    """Return the id that a client sent in `REQUEST_ID`, or None where it is not well formed.

    As in Nova, it never becomes the request's own id, which a client may not choose. The log has
    both, so that the requests of one action in several services can be found together.
    """
    return given.lower() if given is not None and _REQUEST_ID_FORM.fullmatch(given) else None


def access(
    *,
    request_id: str,
    global_id: str | None,
    remote: str | None,
    method: str,
    path: str,
    route: str | None,
    status: int,
    size: int | None,
    seconds: float,
    principal: Principal | None,
    tenant: str | None,
) -> None:
    """Write one answered request to ``groupsolver.access``.

    Parameters
    ----------
    path : str
        Without the query.
    route : str or None
        The route's template; None where there is none.
    size : int or None
        Bytes of the answer's body; None where their number is not known.
    principal : Principal or None
        None where no identity was established.
    tenant : str or None
        The tenant of the request, once the principal is known to have access to it.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    line = Line(
        {
            "log": _access.name,
            "request_id": request_id,
            "global_request_id": global_id,
            "remote": _shortened(remote),
            "method": _shortened(method),
            "path": _shortened(path),
            "route": route,
            "status": status,
            "bytes": size,
            "seconds": round(seconds, 6),
            "tenant": tenant,
            "user": principal.user if principal else None,
        }
    )
    _access.info(line)


class _JsonFormatter(logging.Formatter):
    """A formatter that writes each record, with its traceback, as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, Line):
            return str(record.msg)
        fields = {
            "log": record.name,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return str(Line(fields))


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write the process's log to `stream`, by default standard error: one JSON object a line.

    It is meant for a process that does nothing but serve: it writes this library's log from
    `level` on, and the warnings of all other loggers. A second call replaces the first.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler.formatter, _JsonFormatter):
            root.removeHandler(handler)
    added = logging.StreamHandler(stream or sys.stderr)
    added.setFormatter(_JsonFormatter())
    root.addHandler(added)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("groupsolver").setLevel(level)
    # More requests than threads are no error: they wait, and the metrics show it.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= _MAX_FIELD_LENGTH:
        return text
    return text[:_MAX_FIELD_LENGTH] + "..."
