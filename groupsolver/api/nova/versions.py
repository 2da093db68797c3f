"""The version documents, by which clients find out what is spoken here, and where."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.nova.media import refuse_other_answers
from groupsolver.api.nova.microversion import HIGHEST, LOWEST, answered

MEDIA_TYPE = "application/vnd.openstack.compute+json;version=2.1"


def root(call: Call) -> Reply:
    """``GET /``: the versions of Nova's API, one."""
    refuse_other_answers(call.request)
    return Reply(body={"versions": [_version(call.request)]})


def one(call: Call) -> Reply:
    """``GET /v2.1`` and ``/v2.1/``; whatever microversion is asked for, since this is how to learn of them."""
    refuse_other_answers(call.request)
    version = {
        **_version(call.request),
        "media-types": [{"base": "application/json", "type": MEDIA_TYPE}],
    }
    return answered(call.request).on(Reply(body={"version": version}))


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": f"v{LOWEST}",
        "status": "CURRENT",
        "version": str(HIGHEST),
        "min_version": str(LOWEST),
        "updated": "2013-07-23T11:33:21Z",  # Nova's own
        "links": [{"rel": "self", "href": f"{request.url_root}v{LOWEST}/"}],
    }
