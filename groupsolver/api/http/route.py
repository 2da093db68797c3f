"""A row of the table of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from groupsolver.api.http.call import Call, Reply
from groupsolver.model.value import Value

Family = Literal["v1", "nova", "plain"]
Need = Literal["nobody", "reader", "member", "service", "admin"]


@dataclass(frozen=True, eq=False)
class Route:
    """What a path does with a method.

    Parameters
    ----------
    method : str
    path : str
        In Werkzeug's form; ``<tenant_id>`` and ``<project_id>`` are projects.
    handler : callable
    summary : str
        One line.
    needs : {"nobody", "reader", "member", "service", "admin"}
        The role; ``nobody``: the path is open.
    takes : type of Value, optional
        The body's model.
    root : str, optional
        XML's root element of a body, asked or answered, that stands bare in JSON.
    gives : mapping of int to type of Value or None
        The answer's model by status, for the paths of ``/v1.0``.
    fails : tuple of str
        Codes of `groupsolver.api.http.errors.HTTP` that are this route's own, beside those of every route.
    query : tuple of str
        Names of query parameters.
    previews : type of Value, optional
        The model of a 200 to a request with ``preview``.
    joined : bool
        The body is validated only once it is joined with what is stored.
    large : bool
        The body may be as large as a fleet.
    family : {"v1", "nova", "plain"}
    """

    method: str
    path: str
    handler: Callable[[Call], Reply]
    summary: str
    needs: Need = "reader"
    takes: type[Value] | None = None
    root: str | None = None
    gives: Mapping[int, type[Value] | None] = field(default_factory=dict)
    fails: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    previews: type[Value] | None = None
    joined: bool = False
    large: bool = False
    family: Family = "v1"
