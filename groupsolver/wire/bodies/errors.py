"""The body of every answer with an error."""

from __future__ import annotations

from groupsolver.model.result import Conflict
from groupsolver.model.value import Value
from groupsolver.wire.bodies.grants import Preview


class ErrorView(Value):
    """One thing that went wrong."""

    status: int
    code: str
    title: str
    detail: str
    request_id: str
    conflict: Conflict | None = None
    preview: Preview | None = None


class ErrorsAnswer(Value):
    """The body of every answer of ``/v1.0`` with a status from 400 on."""

    errors: tuple[ErrorView, ...]
