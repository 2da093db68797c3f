"""The OpenAPI 3.1 document, made from a table of routes and the models of their bodies."""

from __future__ import annotations

from groupsolver.api.openapi.document import document

__all__ = ["document"]
