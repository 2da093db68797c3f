"""The version documents, from which clients learn the supported versions and their address."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.nova.media import check_accept
from groupsolver.api.nova.microversion import HIGHEST, LOWEST, response_version

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


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": f"v{LOWEST}",
        "status": "CURRENT",
        "version": str(HIGHEST),
        "min_version": str(LOWEST),
        "updated": "2013-07-23T11:33:21Z",  # as in Nova
        "links": [{"rel": "self", "href": f"{request.url_root}v{LOWEST}/"}],
    }
