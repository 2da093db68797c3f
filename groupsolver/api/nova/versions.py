"""The version documents, from which clients learn the supported versions and their address."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request

from groupsolver.api.auth.tenants import is_tenant_id
from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.media import check_accept
from groupsolver.api.nova.microversion import HIGHEST, LOWEST, response_version

# Nova's own names right below ``/v2.1``, beside those that begin with ``os-``.
_OTHER_RESOURCES = frozenset(
    {"extensions", "flavors", "images", "ips", "limits", "metadata", "servers", "versions"}
)
MEDIA_TYPE = "application/vnd.openstack.compute+json;version=2.1"


def root(call: Call) -> Reply:
    """List the versions of Nova's API: there is one."""
    check_accept(call.request)
    return Reply(body={"versions": [_version(call.request)]})


def one(call: Call) -> Reply:
    """Show the version. An invalid microversion is ignored: clients learn the valid ones here."""
    check_accept(call.request)
    version = {
        **_version(call.request),
        "media-types": [{"base": "application/json", "type": MEDIA_TYPE}],
    }
    return response_version(call.request).with_headers(Reply(body={"version": version}))


def of_project(call: Call) -> Reply:
    """Show the version at a project's address, where some clients ask for it.

    Below ``/v2.1`` Nova has resources, too: those that are not served here are not projects.
    """
    project = call.args["project_id"]
    if project.startswith("os-") or project in _OTHER_RESOURCES or not is_tenant_id(project):
        raise ApiError("no-such-path", "there is nothing at this path")
    return one(call)


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": f"v{LOWEST}",
        "status": "CURRENT",
        "version": str(HIGHEST),
        "min_version": str(LOWEST),
        "updated": "2013-07-23T11:33:21Z",  # as in Nova
        "links": [{"rel": "self", "href": f"{request.url_root}v{LOWEST}/"}],
    }
