"""One row of the table of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from groupsolver.api.http.call import Call, Reply
from groupsolver.model.value import Value

Family = Literal["v1", "nova", "plain"]
RequiredRole = Literal["reader", "member", "service", "admin"]
Handler = Callable[[Call], Reply]


@dataclass(frozen=True, eq=False)
class Route:
    """A method at a path, its handler, and its description.

    Parameters
    ----------
    method : str
    path : str
        In Werkzeug's form; ``<tenant_id>`` and ``<project_id>`` are projects.
    handler : callable
    operation_id : str
        The stable name of the operation in the OpenAPI document; no other route has it.
    summary : str
        One line.
    role : {"reader", "member", "service", "admin"} or None, default "reader"
        The role that the identity needs; None: the path is open and needs no identity.
    request_model : type of Value, optional
        The model of the request's body.
    response_models : mapping of int to type of Value or None
        The model of the answer by status, for the paths of ``/v1.0``.
    preview_model : type of Value, optional
        The model of the 200 to a request with ``preview``.
    xml_root : str, optional
        The root element in XML of a body that has no outer key in JSON.
    error_codes : tuple of str
        Codes of `groupsolver.api.http.errors.HTTP_ERRORS` that are specific to this route.
    query_parameters : tuple of str
        The names that may be in the query.
    merges_stored : bool, default False
        Whether the body is merged with stored data before it is validated.
    large_body : bool, default False
        Whether the body may be as large as a fleet.
    family : {"v1", "nova", "plain"}
    """

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str
    role: RequiredRole | None = "reader"
    request_model: type[Value] | None = None
    response_models: Mapping[int, type[Value] | None] = field(default_factory=dict)
    preview_model: type[Value] | None = None
    xml_root: str | None = None
    error_codes: tuple[str, ...] = ()
    query_parameters: tuple[str, ...] = ()
    merges_stored: bool = False
    large_body: bool = False
    family: Family = "v1"
