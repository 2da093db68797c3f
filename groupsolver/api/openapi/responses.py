"""What a route answers: its own forms, and every error that can come of it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from groupsolver.api.http.errors import HTTP
from groupsolver.api.http.route import Family, Route
from groupsolver.api.nova.microversion import HEADER, LEGACY
from groupsolver.api.observability.logs import REQUEST_ID
from groupsolver.api.openapi.nova import GIVES
from groupsolver.api.openapi.schemas import REF, ref, xml_of
from groupsolver.model.fleet import Host
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupAnswer

_TAGGED = (GroupAnswer, Host)
_ALLOW = (HTTPStatus.METHOD_NOT_ALLOWED,)
_SOON = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    REQUEST_ID: {
        "description": "The request's id, which the server's log has too",
        "required": True,
        "schema": _TEXT,
    },
    "ETag": {"description": "The state that `If-Match` names", "required": True, "schema": _TEXT},
    "Location": {"description": "The address of what was made", "required": True, "schema": _TEXT},
    "Link": {
        "description": 'Where the list goes on, `<...>; rel="next"`, if it does',
        "schema": _TEXT,
    },
    "Retry-After": {
        "description": "Seconds to wait, where asking again may help",
        "schema": {"type": "integer"},
    },
    "Vary": {
        "description": "What the form of the answer depends on",
        "required": True,
        "schema": _TEXT,
    },
    HEADER: {"description": "The microversion of the answer", "required": True, "schema": _TEXT},
    LEGACY: {
        "description": "The same, as older clients read it",
        "required": True,
        "schema": _TEXT,
    },
    "WWW-Authenticate": {"description": "How to say who one is", "schema": _TEXT},
}
_OF_FAMILY: dict[Family, tuple[str, ...]] = {
    "v1": ("Vary",),
    "nova": ("Vary", HEADER, LEGACY),
    "plain": (),
}


class Answers:
    """The answers of all routes; those of errors are shared.

    Attributes
    ----------
    shared : dict
        OpenAPI's responses, by name.
    headers : dict
        OpenAPI's headers, by name.
    """

    def __init__(self) -> None:
        self.shared: dict[str, Any] = {}
        self.headers = HEADERS

    def of(self, route: Route) -> dict[str, Any]:
        """Give the responses of a route, by status."""
        found = {str(status): _given(route, status) for status in _statuses(route)}
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys(codes_of(route)):
            by_status.setdefault(HTTP[code][0], []).append(code)
        for status in sorted(by_status):
            found[str(status)] = self._failure(route.family, status, sorted(by_status[status]))
        return found

    def _failure(self, family: Family, status: int, codes: list[str]) -> dict[str, str]:
        name = ".".join([family, *codes])
        if name not in self.shared:
            more = [
                key
                for key, when in (("Retry-After", _SOON), ("WWW-Authenticate", (401,)))
                if status in when
            ]
            schema = (
                {"$ref": f"{REF}NovaFault"}
                if family == "nova"
                else ref(ErrorsAnswer, "serialization")
            )
            content: dict[str, Any] = {"application/json": {"schema": schema}}
            if family == "v1":
                content |= _xml(ErrorsAnswer, None)
            self.shared[name] = {
                "description": "; ".join(f"{HTTP[code][1]} (`{code}`)" for code in codes),
                "headers": _headers([REQUEST_ID, *_OF_FAMILY[family], *more]),
                "content": content,
                "x-codes": codes,
            }
        return {"$ref": f"#/components/responses/{name}"}


def _xml(model: type[BaseModel], root: str | None) -> dict[str, Any]:
    schema = xml_of(model, "serialization", root)
    return {"application/xml": {"schema": schema}, "text/xml": {"schema": schema}}


def _either(*models: type[BaseModel]) -> dict[str, Any]:
    """Give the content of an answer that is one of several."""
    plain = {"anyOf": [ref(model, "serialization") for model in models]}
    xml = [_xml(model, None) for model in models]
    return {"application/json": {"schema": plain}} | {
        media: {"schema": {"anyOf": [one[media]["schema"] for one in xml]}} for media in xml[0]
    }


def codes_of(route: Route) -> Iterable[str]:
    """Give the codes of every error that a route can end in, but for a method or a path that is not there."""
    yield from route.fails
    # `bad-input`: at least a query may be wrong everywhere.
    yield from (
        "bad-input",
        "foreign-request",
        "internal-error",
        "store-unavailable",
        "identity-unavailable",
    )
    if route.needs != "nobody":
        yield from ("unauthorized", "forbidden")
    if "<" in route.path:
        yield "no-such-path"  # where what stands in the path is empty, or has a slash
    if "<tenant_id>" in route.path or "<project_id>" in route.path:
        yield "tenant-not-found"
    if route.family == "v1" or (route.family == "nova" and route.needs != "nobody"):
        yield "not-acceptable"
    if route.takes is not None:
        yield from ("body-too-large", "unsupported-media-type")
    if route.family == "nova" and route.needs != "nobody":
        if route.method == "POST":
            yield from ("body-too-large", "unsupported-media-type", "quota-exceeded")
        if route.path.endswith("<id>"):
            yield "group-not-found"
        if route.method == "DELETE":
            yield "group-in-use"


def _statuses(route: Route) -> list[int]:
    if route.gives:
        return list(route.gives)
    return [204 if route.method == "DELETE" else 200]


def _given(route: Route, status: int) -> dict[str, Any]:
    # The list of versions is of no version itself.
    headers = [REQUEST_ID, *(_OF_FAMILY[route.family] if route.path != "/" else ())]
    model = route.gives.get(status)
    if model in _TAGGED:
        headers.append("ETag")
    if model is GroupAnswer and status == HTTPStatus.CREATED:
        headers.append("Location")
    if {"limit", "marker"} <= set(route.query):
        headers.append("Link")
    content = _content(route, status)
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers(headers),
        **({"content": content} if content else {}),
    }


def _content(route: Route, status: int) -> dict[str, Any]:
    if status == HTTPStatus.NO_CONTENT:
        return {}
    if model := route.gives.get(status):
        if route.previews and status == HTTPStatus.OK:
            return _either(model, route.previews)
        return {
            "application/json": {"schema": ref(model, "serialization")},
            **_xml(model, route.root),
        }
    name = route.handler.__name__
    if route.family == "nova":
        return {"application/json": {"schema": {"$ref": f"{REF}{GIVES[name]}"}}}
    return _PLAIN[name]


_PLAIN: dict[str, dict[str, Any]] = {
    "metrics": {"text/plain": {"schema": _TEXT}},
    "openapi": {
        "application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}
    },
    "healthz": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"status": {"const": "ok"}},
                "required": ["status"],
            }
        }
    },
}


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
