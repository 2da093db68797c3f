"""Responses: replies and errors in the form of the path's family."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Request, Response

from groupsolver.api import nova
from groupsolver.api.http.call import Reply
from groupsolver.api.http.errors import HTTP_ERRORS, ApiError
from groupsolver.api.http.route import Family, Route
from groupsolver.api.observability.logs import REQUEST_ID
from groupsolver.errors import Fault
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorsAnswer, ErrorView
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.media import JSON, Form, NotAcceptable, answer_form
from groupsolver.wire.write import write_body

_MAX_FAULTS = 50  # faults in one answer


def reply_response(request: Request, route: Route, reply: Reply, request_id: str) -> Response:
    """Return the response for a handler's reply."""
    if isinstance(reply.body, Response):
        response = reply.body
    elif isinstance(reply.body, Value):
        form = answer_form(request.headers.get("Accept"))
        text = write_body(form.kind, plain(reply.body), type(reply.body), root=route.xml_root)
        response = Response(text, reply.status, content_type=_content_type(form))
    else:
        response = _json(reply)
    negotiated = route.family == "v1"
    return _with_headers(response, reply.headers, request_id, negotiated=negotiated)


def error_response(request: Request, family: Family, error: ApiError, request_id: str) -> Response:
    """Return the response for an error."""
    if family == "nova":
        reply = nova.fault(request, error)
        return _with_headers(_json(reply), reply.headers, request_id)
    form = _error_form(request, family)
    status, title = HTTP_ERRORS[error.code]
    faults = error.faults[:_MAX_FAULTS] or (Fault(error.code, "", error.detail),)
    views = tuple(
        ErrorView(
            status=status,
            code=fault.code,
            title=title,
            detail=f"{fault.path}: {fault.message}" if fault.path else fault.message,
            request_id=request_id,
            conflict=error.conflict,
            preview=error.preview,
        )
        for fault in faults
    )
    text = write_body(form.kind, plain(ErrorsAnswer(errors=views)), ErrorsAnswer)
    response = Response(text, status, content_type=_content_type(form))
    return _with_headers(response, error.headers, request_id, negotiated=family == "v1")


def _error_form(request: Request, family: Family) -> Form:
    """Return the form that the client accepts, or JSON where it accepts none of ours."""
    if family != "v1":
        return JSON
    try:
        return answer_form(request.headers.get("Accept"))
    except NotAcceptable:
        return JSON


def _content_type(form: Form) -> str:
    return f"{form.media}; charset=utf-8" if form.kind == "xml" else form.media


def _json(reply: Reply) -> Response:
    text = ""
    if reply.body is not None:
        text = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, reply.status, content_type=JSON.media)


def _with_headers(
    response: Response, headers: dict[str, Any], request_id: str, *, negotiated: bool = False
) -> Response:
    if response.status_code == 204:
        del response.headers["Content-Type"]
    if negotiated:
        response.headers["Vary"] = "Accept"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers[REQUEST_ID] = request_id
    response.headers.update(headers)
    return response
