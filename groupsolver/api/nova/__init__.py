"""Nova's server groups, ``/v2.1``: its shapes, microversions and faults, for its own clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.nova import groups, versions
from groupsolver.api.nova.faults import fault

__all__ = ["NOVA_ROUTES", "VERSION_ROUTES", "NovaRoute", "fault"]


class NovaRoute(NamedTuple):
    """A row of the table."""

    method: str
    path: str
    handler: Callable[[Call], Reply]
    summary: str


# Below ``/v2.1``, and below ``/v2.1/<project_id>``.
NOVA_ROUTES = (
    NovaRoute("GET", "/os-server-groups", groups.index, "List server groups"),
    NovaRoute("POST", "/os-server-groups", groups.create, "Create a server group"),
    NovaRoute("GET", "/os-server-groups/<id>", groups.show, "Show a server group"),
    NovaRoute("DELETE", "/os-server-groups/<id>", groups.delete, "Delete a server group"),
)
# From the top, and open to everybody: clients ask before they say who they are.
VERSION_ROUTES = (
    NovaRoute("GET", "/", versions.root, "List the versions of Nova's API"),
    NovaRoute("GET", "/v2.1", versions.one, "Show the version and its microversions"),
    NovaRoute("GET", "/v2.1/", versions.one, "Show the version and its microversions"),
)
