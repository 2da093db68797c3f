"""What the server writes down, a JSON object a line: here, each request that was answered.

The loggers are ``groupsolver.access`` and ``groupsolver.audit``. Nothing is set up at import; the command calls
`configure`, and other servers set up logging as they like. No body, query, header or token is ever written;
whatever else a client sent is escaped, and shortened.
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

from groupsolver.api.http.call import Principal

REQUEST_ID = "X-Openstack-Request-Id"
"""The header that every answer carries, under the name that OpenStack's clients read."""

_access = logging.getLogger("groupsolver.access")
_GIVEN = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_MAX_FIELD_LENGTH = 2048  # characters of a path, method or address in a line


class Line:
    """One JSON object; the message of a log record, spelled only when somebody reads it."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **fields}

    def __str__(self) -> str:
        # ASCII alone: no control character, line end or direction mark of a client's reaches a terminal.
        return json.dumps(self.fields, ensure_ascii=True, separators=(",", ":"), default=str)


def new_request_id() -> str:
    """Make the id of a request, in Nova's form."""
    return f"req-{uuid.uuid4()}"


def global_request_id(given: str | None) -> str | None:
    """Give the id that a client sent in `REQUEST_ID`, or None where it is not of that form.

    As in Nova it never becomes the request's own id, which nobody may choose: it stands beside it in the log, so
    that what one client's action set off in several services can be found together.
    """
    return given.lower() if given is not None and _GIVEN.fullmatch(given) else None


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
        Bytes of the answer's body; None where they are not known.
    principal : Principal or None
        Who asked; None where no identity was established.
    tenant : str or None
        The tenant that was spoken of, once it is known to be the asker's business.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    line = Line(
        {
            "log": _access.name,
            "request_id": request_id,
            "global_request_id": global_id,
            "remote": _short(remote),
            "method": _short(method),
            "path": _short(path),
            "route": route,
            "status": status,
            "bytes": size,
            "seconds": round(seconds, 6),
            "tenant": tenant,
            "user": principal.user if principal else None,
        }
    )
    _access.info(line)


class _Lines(logging.Formatter):
    """Each record as one JSON object on one line, a traceback inside it."""

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
    """Write the process's log to `stream`, by default standard error: a JSON object a line.

    For a process of its own: this library's log from `level` on, and everybody else's warnings. Called again,
    it replaces what it has set up.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler.formatter, _Lines)]:
        root.removeHandler(old)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("groupsolver").setLevel(level)
    # More requests than threads are no fault: they wait, and the figures show it.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _short(text: str | None) -> str | None:
    return (
        text if text is None or len(text) <= _MAX_FIELD_LENGTH else text[:_MAX_FIELD_LENGTH] + "..."
    )
