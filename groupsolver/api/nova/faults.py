"""Errors in Nova's form: one key, named after the status, that holds the status and a message."""

from __future__ import annotations

from werkzeug.wrappers import Request

from groupsolver.api.http.call import Reply
from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.microversion import response_version

# As in Nova; any other status is a computeFault.
_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def fault(request: Request, error: ApiError) -> Reply:
    """Return the answer for an error, with the headers of the version, also of an invalid one."""
    name = _NAMES.get(error.status, "computeFault")
    body = {name: {"code": error.status, "message": error.detail}}
    return response_version(request).with_headers(Reply(error.status, body, error.headers))
