"""The responses of a route: its own answers, and every error that it can end in."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from groupsolver.api.http.errors import HTTP_ERRORS
from groupsolver.api.http.route import Family, Route
from groupsolver.api.nova.microversion import HEADER, LEGACY
from groupsolver.api.observability.logs import REQUEST_ID
from groupsolver.api.openapi.nova import RESPONSE_SCHEMAS
from groupsolver.api.openapi.schemas import REF_PREFIX, Schemas
from groupsolver.model.fleet import Host
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupAnswer

_MODELS_WITH_ETAG = (GroupAnswer, Host)
_STATUSES_WITH_RETRY_AFTER = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    REQUEST_ID: {
        "description": "The request's id, which is in the server's log too",
        "required": True,
        "schema": _TEXT,
    },
    "ETag": {"description": "The state that `If-Match` names", "required": True, "schema": _TEXT},
    "Location": {
        "description": "The address of what was created",
        "required": True,
        "schema": _TEXT,
    },
    "Link": {
        "description": 'Where the list goes on, `<...>; rel="next"`, if it does',
        "schema": _TEXT,
    },
    "Retry-After": {
        "description": "Seconds to wait before a retry, where a retry may succeed",
        "schema": {"type": "integer"},
    },
    "Vary": {
        "description": "What the form of the answer depends on",
        "required": True,
        "schema": _TEXT,
    },
    HEADER: {"description": "The microversion of the answer", "required": True, "schema": _TEXT},
    LEGACY: {
        "description": "The same, for older clients",
        "required": True,
        "schema": _TEXT,
    },
    "WWW-Authenticate": {"description": "How to authenticate", "schema": _TEXT},
}
_FAMILY_HEADERS: dict[Family, tuple[str, ...]] = {
    "v1": ("Vary",),
    "nova": ("Vary", HEADER, LEGACY),
    "plain": (),
}


class Responses:
    """The responses of all routes; the responses of errors are shared between routes.

    Parameters
    ----------
    schemas : Schemas

    Attributes
    ----------
    shared : dict
        OpenAPI's responses of errors, by name.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.shared: dict[str, Any] = {}

    def of_route(self, route: Route) -> dict[str, Any]:
        """Return the responses of a route, by status."""
        responses = {str(status): self._success(route, status) for status in _statuses(route)}
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys(error_codes_of(route)):
            by_status.setdefault(HTTP_ERRORS[code][0], []).append(code)
        for status in sorted(by_status):
            codes = sorted(by_status[status])
            responses[str(status)] = self._error(route.family, status, codes)
        return responses

    def _error(self, family: Family, status: int, codes: list[str]) -> dict[str, str]:
        """Return the reference to the shared response of some codes, which have one status."""
        name = ".".join([family, *codes])
        if name not in self.shared:
            descriptions = [f"{HTTP_ERRORS[code][1]} (`{code}`)" for code in codes]
            self.shared[name] = {
                "description": "; ".join(descriptions),
                "headers": _header_refs(_error_headers(family, status)),
                "content": self._error_content(family),
                "x-codes": codes,
            }
        return {"$ref": f"#/components/responses/{name}"}

    def _error_content(self, family: Family) -> dict[str, Any]:
        if family == "nova":
            return {"application/json": {"schema": {"$ref": f"{REF_PREFIX}NovaFault"}}}
        schema = self._schemas.ref(ErrorsAnswer, "serialization")
        content: dict[str, Any] = {"application/json": {"schema": schema}}
        if family == "v1":
            content |= self._xml(ErrorsAnswer, None)
        return content

    def _success(self, route: Route, status: int) -> dict[str, Any]:
        content = self._content(route, status)
        return {
            "description": HTTPStatus(status).phrase,
            "headers": _header_refs(_success_headers(route, status)),
            **({"content": content} if content else {}),
        }

    def _content(self, route: Route, status: int) -> dict[str, Any]:
        if status == HTTPStatus.NO_CONTENT:
            return {}
        model = route.response_models.get(status)
        if model:
            if route.preview_model and status == HTTPStatus.OK:
                return self._one_of(model, route.preview_model)
            schema = self._schemas.ref(model, "serialization")
            return {"application/json": {"schema": schema}, **self._xml(model, route.xml_root)}
        if route.family == "nova":
            name = RESPONSE_SCHEMAS[route.handler.__name__]
            return {"application/json": {"schema": {"$ref": REF_PREFIX + name}}}
        return _PLAIN_CONTENT[route.operation_id]

    def _xml(self, model: type[BaseModel], root: str | None) -> dict[str, Any]:
        schema = self._schemas.xml(model, "serialization", root)
        return {"application/xml": {"schema": schema}, "text/xml": {"schema": schema}}

    def _one_of(self, *models: type[BaseModel]) -> dict[str, Any]:
        """Return the content of an answer that is one of several models."""
        refs = [self._schemas.ref(model, "serialization") for model in models]
        content: dict[str, Any] = {"application/json": {"schema": {"anyOf": refs}}}
        in_xml = [self._xml(model, None) for model in models]
        for media in ("application/xml", "text/xml"):
            schemas = [one[media]["schema"] for one in in_xml]
            content[media] = {"schema": {"anyOf": schemas}}
        return content


def error_codes_of(route: Route) -> Iterable[str]:
    """Yield the code of every error of a route, except that of an unsupported method."""
    yield from route.error_codes
    # Every path can have an invalid query.
    yield from (
        "bad-input",
        "foreign-request",
        "internal-error",
        "store-unavailable",
        "identity-unavailable",
    )
    if route.role is not None:
        yield from ("unauthorized", "forbidden")
    if "<" in route.path:
        yield "no-such-path"  # a variable part of the path is empty or has a slash
    if "<tenant_id>" in route.path or "<project_id>" in route.path:
        yield "tenant-not-found"
    if route.family == "v1" or (route.family == "nova" and route.role is not None):
        yield "not-acceptable"
    if route.request_model is not None:
        yield from ("body-too-large", "unsupported-media-type")
    if route.family == "nova" and route.role is not None:
        if route.method == "POST":
            yield from ("body-too-large", "unsupported-media-type", "quota-exceeded")
        if route.path.endswith("<id>"):
            yield "group-not-found"
        if route.method == "DELETE":
            yield "group-in-use"


def _statuses(route: Route) -> list[int]:
    if route.response_models:
        return list(route.response_models)
    return [204 if route.method == "DELETE" else 200]


def _error_headers(family: Family, status: int) -> list[str]:
    headers = [REQUEST_ID, *_FAMILY_HEADERS[family]]
    if status in _STATUSES_WITH_RETRY_AFTER:
        headers.append("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append("WWW-Authenticate")
    return headers


def _success_headers(route: Route, status: int) -> list[str]:
    headers = [REQUEST_ID]
    if route.path != "/":  # the list of versions belongs to no version
        headers += _FAMILY_HEADERS[route.family]
    model = route.response_models.get(status)
    if model in _MODELS_WITH_ETAG:
        headers.append("ETag")
    if model is GroupAnswer and status == HTTPStatus.CREATED:
        headers.append("Location")
    if {"limit", "marker"} <= set(route.query_parameters):
        headers.append("Link")
    return headers


# The id of an operation without a model -> its content.
_PLAIN_CONTENT: dict[str, dict[str, Any]] = {
    "operation.metrics": {"text/plain": {"schema": _TEXT}},
    "operation.openapi": {
        "application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}
    },
    "operation.healthz": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"status": {"const": "ok"}},
                "required": ["status"],
            }
        }
    },
}


def _header_refs(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
