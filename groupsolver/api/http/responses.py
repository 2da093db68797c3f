"""Answers and errors as responses, in the family's form."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Request, Response

from groupsolver.api import nova
from groupsolver.api.http.call import Reply
from groupsolver.api.http.errors import HTTP, ApiError
from groupsolver.api.http.route import Family, Route
from groupsolver.api.observability.logs import REQUEST_ID
from groupsolver.errors import Fault
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorsAnswer, ErrorView
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.media import JSON, Form, NotAcceptable, answer_form
from groupsolver.wire.write import write_body

_MAX_FAULTS = 50  # faults of one answer


def respond(request: Request, route: Route, answer: Reply, request_id: str) -> Response:
    """Give the response of a handler's answer."""
    if isinstance(answer.body, Response):
        response = answer.body
    elif isinstance(answer.body, Value):
        form = answer_form(request.headers.get("Accept"))
        text = write_body(form.kind, plain(answer.body), type(answer.body), root=route.root)
        response = Response(text, answer.status, content_type=_content_type(form))
    else:
        response = _json(answer)
    return _finished(response, answer.headers, request_id, negotiated=route.family == "v1")


def failed(request: Request, family: Family, error: ApiError, request_id: str) -> Response:
    """Give the response of an error."""
    if family == "nova":
        answer = nova.fault(request, error)
        return _finished(_json(answer), answer.headers, request_id)
    try:
        form = answer_form(request.headers.get("Accept")) if family == "v1" else JSON
    except NotAcceptable:
        form = JSON
    status, title = HTTP[error.what]
    faults = error.faults[:_MAX_FAULTS] or (Fault(error.what, "", error.detail),)
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
    return _finished(response, error.headers, request_id, negotiated=family == "v1")


def _content_type(form: Form) -> str:
    return f"{form.media}; charset=utf-8" if form.kind == "xml" else form.media


def _json(answer: Reply) -> Response:
    text = (
        ""
        if answer.body is None
        else json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    )
    return Response(text, answer.status, content_type=JSON.media)


def _finished(
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
