"""Bodies as plain JSON data."""

from __future__ import annotations

from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.model.fleet import Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorView
from groupsolver.wire.bodies.fleet import FleetAnswer


def plain(value: Value) -> Any:
    """Return a body as plain JSON data, without null fields in policies, hosts and errors."""
    if isinstance(value, FleetAnswer | Host):
        return value.document()
    return value.without_nulls(Policy, ErrorView)
