"""The WSGI callable: it finds a request's route, principal and body, and answers it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import (
    ClientDisconnected,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from groupsolver.api.auth import Identity, Principal
from groupsolver.api.auth.tenants import tenant_of
from groupsolver.api.http.call import Call
from groupsolver.api.http.errors import ApiError, api_error, bad_input
from groupsolver.api.http.query import refuse_unknown
from groupsolver.api.http.responses import error_response, reply_response
from groupsolver.api.http.route import Family, Route
from groupsolver.api.observability import logs
from groupsolver.api.routes import ROUTES
from groupsolver.api.services.service import Service
from groupsolver.errors import Fault
from groupsolver.model.value import Value
from groupsolver.wire.media import answer_form, body_kind
from groupsolver.wire.read import read_body, read_data

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_log = logging.getLogger("groupsolver.api")


def _url_map(routes: Iterable[Route]) -> Map:
    """Return Werkzeug's map of a table of routes; the endpoint of a rule is its route."""
    rules = []
    for route in routes:
        path = route.path.replace("<name>", "<path:name>")  # a host's name may contain slashes
        rules.append(Rule(path, endpoint=route, methods=[route.method]))
    return Map(rules, strict_slashes=False, merge_slashes=False)


URL_MAP = _url_map(ROUTES)


class _Exchange:
    """One request and what is known of it so far, for the log."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.request = Request(environ)
        self.id = logs.new_request_id()
        self.start = time.perf_counter()
        self.route: Route | None = None
        self.principal: Principal | None = None
        self.tenant: str | None = None

    @property
    def family(self) -> Family:
        """The family of the path, also where it has no route."""
        if self.route is not None:
            return self.route.family
        path = self.request.path
        return "nova" if path == "/v2.1" or path.startswith("/v2.1/") else "v1"


class App:
    """The application; made by `groupsolver.api.make_app`.

    Parameters
    ----------
    service : Service
    identity : Identity
    """

    def __init__(self, service: Service, identity: Identity) -> None:
        self.service = service
        self._identity = identity
        self._wrapped = identity.wrap(self._respond)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, PEP 3333."""
        return self._wrapped(environ, start_response)

    def warm(self) -> None:
        """Load what is stored, and the solver, so that the first placement need not."""
        from groupsolver.solver.pipeline import solve  # noqa: F401

        self.service.snapshot_cache.snapshot()

    def close(self) -> None:
        """Close the database's connections. Requests that are under way then fail."""
        self.service.close()

    def _respond(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        exchange = _Exchange(environ)
        try:
            response = self._handle(exchange)
        except Exception as error:  # noqa: BLE001 - the server goes on after any error
            known = api_error(error) or _werkzeug_error(error)
            if known is None:
                _log.exception("request %s failed", exchange.id)
                detail = "an unexpected failure; the log has it under the request's id"
                known = ApiError("internal-error", detail)
            response = error_response(exchange.request, exchange.family, known, exchange.id)
        self._record(exchange, response)
        return response(environ, start_response)

    def _handle(self, exchange: _Exchange) -> Response:
        request = exchange.request
        _refuse_nul(request)
        # Bound to a fixed host: the request's own `Host` may be anything and must not matter.
        adapter = URL_MAP.bind("localhost")
        route, args = adapter.match(request.path, request.method, return_rule=False)
        assert isinstance(route, Route)  # noqa: S101 - an endpoint of `URL_MAP`
        exchange.route = route
        if route.family == "v1":
            answer_form(request.headers.get("Accept"))  # refuses before anything is done
        exchange.principal = self._principal(request, route)
        tenant = self._tenant(exchange.principal, route, args)
        exchange.tenant = tenant
        if route.family == "v1":
            refuse_unknown(request, route.query_parameters)
        body, data = self._body(request, route)
        principal = exchange.principal or Principal(None, "", frozenset())
        call = Call(request, self.service, principal, tenant, exchange.id, dict(args), body, data)
        return reply_response(request, route, route.handler(call), exchange.id)

    def _principal(self, request: Request, route: Route) -> Principal | None:
        """Return who sent a request; None where an open path gets no valid identity."""
        try:
            return self._identity.principal(request.environ)
        except ApiError as error:
            # An open path needs no identity, even where identities cannot be checked. A request
            # from another machine is refused on every path.
            if route.role is not None or error.code == "foreign-request":
                raise
            return None

    def _tenant(self, principal: Principal | None, route: Route, args: Mapping[str, str]) -> str:
        if route.role is None or principal is None:
            return ""
        tenant = tenant_of(principal, args.get("tenant_id", args.get("project_id")))
        if not principal.has(route.role):
            raise ApiError("forbidden", f"this needs the role {route.role!r}")
        return tenant

    def _body(self, request: Request, route: Route) -> tuple[Value | None, Any]:
        """Return the body as a value of the route's model, or as data that the route will merge."""
        settings = self.service.settings
        limit = settings.fleet_body if route.large_body else settings.body
        # Werkzeug cuts a body of unknown length at this length, without an error. One byte more
        # than allowed shows that the body is too large.
        request.max_content_length = limit + 1
        if route.request_model is None:
            return None, None
        kind = body_kind(request.headers.get("Content-Type"))
        raw = request.get_data()
        if len(raw) > limit:
            raise RequestEntityTooLarge
        if not raw:
            raise bad_input(Fault("missing-key", "", "expected a body"))
        if route.merges_stored:
            return None, read_data(kind, raw, route.request_model, root=route.xml_root)
        return read_body(kind, raw, route.request_model, root=route.xml_root), None

    def _record(self, exchange: _Exchange, response: Response) -> None:
        """Write an answered request to the metrics and the access log."""
        request = exchange.request
        seconds = time.perf_counter() - exchange.start
        path = exchange.route.path if exchange.route else None
        self.service.metrics.request_done(request.method, path, response.status_code, seconds)
        logs.access(
            request_id=exchange.id,
            global_id=logs.global_request_id(request.headers.get(logs.REQUEST_ID)),
            remote=request.remote_addr,
            method=request.method,
            path=request.path,
            route=path,
            status=response.status_code,
            size=response.content_length,
            seconds=seconds,
            principal=exchange.principal,
            tenant=exchange.tenant or None,
        )


def _refuse_nul(request: Request) -> None:
    """Refuse a NUL in the path or the query: databases cannot store it."""
    if "\0" in request.path:
        raise NotFound
    for name, value in request.args.items(multi=True):
        if "\0" in name or "\0" in value:
            raise bad_input(Fault("ill-formed-name", "query", "expected no NUL"))


def _werkzeug_error(error: Exception) -> ApiError | None:
    match error:
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            headers = {"Allow": allowed}
            return ApiError("method-not-allowed", f"expected one of {allowed}", headers=headers)
        case NotFound():
            return ApiError("no-such-path", "there is nothing at this path")
        case RequestEntityTooLarge():
            return ApiError("body-too-large", "the body is larger than what is read here")
        case ClientDisconnected():
            return bad_input(Fault("missing-key", "", "expected the whole body"))
    return None
