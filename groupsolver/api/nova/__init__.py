"""Nova's server groups, ``/v2.1``: its bodies, microversions and faults, for its own clients."""

from __future__ import annotations

from typing import NamedTuple

from groupsolver.api.http.route import Handler
from groupsolver.api.nova import groups, versions
from groupsolver.api.nova.faults import fault

__all__ = ["NOVA_ROUTES", "VERSION_ROUTES", "NovaRoute", "fault"]


class NovaRoute(NamedTuple):
    """A row of the table of Nova's routes."""

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str


# Paths below ``/v2.1``, and below ``/v2.1/<project_id>``.
NOVA_ROUTES = (
    NovaRoute("GET", "/os-server-groups", groups.index, "nova.groups.index", "List server groups"),
    NovaRoute(
        "POST", "/os-server-groups", groups.create, "nova.groups.create", "Create a server group"
    ),
    NovaRoute(
        "GET", "/os-server-groups/<id>", groups.show, "nova.groups.show", "Show a server group"
    ),
    NovaRoute(
        "DELETE",
        "/os-server-groups/<id>",
        groups.delete,
        "nova.groups.delete",
        "Delete a server group",
    ),
)
# Absolute paths that need no identity: clients read them before they authenticate.
VERSION_ROUTES = (
    NovaRoute("GET", "/", versions.root, "nova.versions.root", "List the versions of Nova's API"),
    NovaRoute(
        "GET", "/v2.1", versions.one, "nova.versions.one", "Show the version and its microversions"
    ),
    NovaRoute(
        "GET",
        "/v2.1/",
        versions.one,
        "nova.versions.one.slash",
        "Show the version and its microversions",
    ),
    NovaRoute(
        "GET",
        "/v2.1/<project_id>",
        versions.of_project,
        "nova.versions.of_project",
        "Show the version at a project's address",
    ),
    NovaRoute(
        "GET",
        "/v2.1/<project_id>/",
        versions.of_project,
        "nova.versions.of_project.slash",
        "Show the version at a project's address",
    ),
)
