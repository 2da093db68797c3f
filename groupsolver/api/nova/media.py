"""The media type of Nova's family: JSON, by either of its names."""

from __future__ import annotations

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.files.fault_text import shown

NAMES = ("application/json", "application/vnd.openstack.compute+json")


def check_accept(request: Request) -> None:
    """Refuse a request whose ``Accept`` excludes JSON. Raises `ApiError`, ``not-acceptable``."""
    text = request.headers.get("Accept", "")
    ranges = parse_accept_header(text, MIMEAccept)
    # Parameters of a range, such as a charset, are ignored.
    accept = MIMEAccept([(media.partition(";")[0].strip(), weight) for media, weight in ranges])
    if text.strip() and not any(accept.quality(name) > 0 for name in NAMES):
        detail = f"There is nothing here but JSON; {shown(text)} takes none."
        raise ApiError("not-acceptable", detail)


def check_content_type(request: Request) -> None:
    """Refuse a body whose type is not JSON. Raises `ApiError`, ``unsupported-media-type``."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in {"", *NAMES} or charset not in {"utf-8", "utf8"}:
        detail = f"Unsupported Content-Type {shown(request.content_type)}"
        raise ApiError("unsupported-media-type", detail)
