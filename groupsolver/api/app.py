"""The WSGI callable: a request finds its route, its asker and its body, and is answered."""

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

from groupsolver.api.auth import Identity
from groupsolver.api.auth.tenants import tenant_of
from groupsolver.api.http.call import Call, Principal
from groupsolver.api.http.errors import ApiError, api_error, bad_input
from groupsolver.api.http.query import refuse_unknown
from groupsolver.api.http.responses import failed, respond
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
_MAP = Map(
    # A host's name may hold slashes.
    [
        Rule(route.path.replace("<name>", "<path:name>"), endpoint=route, methods=[route.method])
        for route in ROUTES
    ],
    strict_slashes=False,
    merge_slashes=False,
)


class _Exchange:
    """One request as it is dealt with: what the log will say of it."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.request = Request(environ)
        self.id = logs.new_request_id()
        self.start = time.perf_counter()
        self.route: Route | None = None
        self.principal: Principal | None = None
        self.tenant: str | None = None

    @property
    def family(self) -> Family:
        """The family of paths, for those that have no route too."""
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
        self._wrapped = identity.wrap(self._answered)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, PEP 3333."""
        return self._wrapped(environ, start_response)

    def warm(self) -> None:
        """Read what is stored, and load the solver: otherwise the first placement has to."""
        from groupsolver.solver.pipeline import solve  # noqa: F401

        self.service.snapshot_cache.snapshot()

    def close(self) -> None:
        """Give the database's connections back. Requests that are under way then fail."""
        self.service.close()

    def _answered(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        turn = _Exchange(environ)
        try:
            response = self._handled(turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on
            known = api_error(error) or _of_werkzeug(error)
            if known is None:
                _log.exception("request %s failed", turn.id)
                known = ApiError(
                    "internal-error", "an unexpected failure; the log has it under the request's id"
                )
            response = failed(turn.request, turn.family, known, turn.id)
        self._noted(turn, response)
        return response(environ, start_response)

    def _handled(self, turn: _Exchange) -> Response:
        request = turn.request
        _storable(request)
        # Not bound to the request's own Host, which may be anything, and has no say in what is found.
        route, args = _MAP.bind("localhost").match(request.path, request.method, return_rule=False)
        assert isinstance(route, Route)  # noqa: S101 - the endpoints of `_MAP`
        turn.route = route
        if route.family == "v1":
            answer_form(request.headers.get("Accept"))  # refuses before anything is done
        try:
            turn.principal = self._identity.principal(request.environ)
        except ApiError as error:
            # An open path asks for no identity, nor whether there is one; but a request from elsewhere is
            # refused on every path.
            if route.needs != "nobody" or error.what == "foreign-request":
                raise
        tenant = turn.tenant = self._tenant(turn, route, args)
        if route.family == "v1":
            refuse_unknown(request, route.query)
        body, data = self._body(request, route)
        principal = turn.principal or Principal(None, "", frozenset())
        call = Call(request, self.service, principal, tenant, turn.id, dict(args), body, data)
        return respond(request, route, route.handler(call), turn.id)

    def _tenant(self, turn: _Exchange, route: Route, args: Mapping[str, str]) -> str:
        if route.needs == "nobody" or turn.principal is None:
            return ""
        tenant = tenant_of(turn.principal, args.get("tenant_id", args.get("project_id")))
        if not turn.principal.has(route.needs):
            raise ApiError("forbidden", f"this needs the role {route.needs!r}")
        return tenant

    def _body(self, request: Request, route: Route) -> tuple[Value | None, Any]:
        """Give the body as the route's model, or as plain data where the route joins it with what is stored."""
        settings = self.service.settings
        most = settings.fleet_body if route.large else settings.body
        request.max_content_length = (
            most + 1
        )  # of a body of unknown length Werkzeug gives so much, and no error
        if route.takes is None:
            return None, None
        kind = body_kind(request.headers.get("Content-Type"))
        raw = request.get_data()
        if len(raw) > most:
            raise RequestEntityTooLarge
        if not raw:
            raise bad_input(Fault("missing-key", "", "expected a body"))
        if route.joined:
            return None, read_data(kind, raw, route.takes, root=route.root)
        return read_body(kind, raw, route.takes, root=route.root), None

    def _noted(self, turn: _Exchange, response: Response) -> None:
        request, seconds = turn.request, time.perf_counter() - turn.start
        path = turn.route.path if turn.route else None
        self.service.metrics.request_done(request.method, path, response.status_code, seconds)
        logs.access(
            request_id=turn.id,
            global_id=logs.global_request_id(request.headers.get(logs.REQUEST_ID)),
            remote=request.remote_addr,
            method=request.method,
            path=request.path,
            route=path,
            status=response.status_code,
            size=response.content_length,
            seconds=seconds,
            principal=turn.principal,
            tenant=turn.tenant or None,
        )


def _storable(request: Request) -> None:
    """Refuse what no database can hold, and PostgreSQL not even compare: a NUL in the path or the query."""
    if "\0" in request.path:
        raise NotFound
    if any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        raise bad_input(Fault("ill-formed-name", "query", "expected no NUL"))


def _of_werkzeug(error: Exception) -> ApiError | None:
    match error:
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            return ApiError(
                "method-not-allowed", f"expected one of {allowed}", headers={"Allow": allowed}
            )
        case NotFound():
            return ApiError("no-such-path", "there is nothing at this path")
        case RequestEntityTooLarge():
            return ApiError("body-too-large", "the body is larger than what is read here")
        case ClientDisconnected():
            return bad_input(Fault("missing-key", "", "expected the whole body"))
    return None
