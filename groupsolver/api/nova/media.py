"""The one form that Nova's family speaks: JSON, by either of its names."""

from __future__ import annotations

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.files.fault_text import shown

NAMES = ("application/json", "application/vnd.openstack.compute+json")


def refuse_other_answers(request: Request) -> None:
    """Refuse a request whose ``Accept`` leaves no room for JSON. Raises `ApiError`, ``not-acceptable``."""
    text = request.headers.get("Accept", "")
    ranges = parse_accept_header(text, MIMEAccept)
    # Parameters of a range, such as a charset, are passed over.
    accept = MIMEAccept([(what.partition(";")[0].strip(), weight) for what, weight in ranges])
    if text.strip() and not any(accept.quality(name) > 0 for name in NAMES):
        raise ApiError(
            "not-acceptable", f"There is nothing here but JSON; {shown(text)} takes none."
        )


def refuse_other_bodies(request: Request) -> None:
    """Refuse a body that says to be anything but JSON. Raises `ApiError`, ``unsupported-media-type``."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in {"", *NAMES} or charset not in {"utf-8", "utf8"}:
        raise ApiError(
            "unsupported-media-type", f"Unsupported Content-Type {shown(request.content_type)}"
        )
