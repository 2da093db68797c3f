"""The description of every path: OpenAPI 3.1, made from the table of routes and the models of the bodies."""

from __future__ import annotations

from groupsolver.api.openapi.document import document

__all__ = ["document"]
