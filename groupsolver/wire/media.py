"""The form of a body, JSON or XML: the one that a request has, and the one that it accepts."""

from __future__ import annotations

from typing import Literal, NamedTuple

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from groupsolver.errors import GroupsolverError, quoted

Kind = Literal["json", "xml"]

# Of media types that are accepted with equal weight, the first is used.
_ANSWER_KINDS: dict[str, Kind] = {
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
}
_BODY_KINDS: dict[str, Kind] = {**_ANSWER_KINDS, "application/merge-patch+json": "json"}


class NotAcceptable(GroupsolverError):
    """None of the accepted media types is one that the server can send."""

    code = "not-acceptable"


class UnsupportedMedia(GroupsolverError):
    """A body has a media type or charset that the server does not read."""

    code = "unsupported-media-type"


class Form(NamedTuple):
    """A form of answers, and the media type with which it is sent: XML has two."""

    kind: Kind
    media: str


JSON = Form("json", "application/json")


def answer_form(accept: str | None) -> Form:
    """Choose the form of the answer by an ``Accept`` header; JSON where there is none.

    The highest weight wins, then the range that names a form over one with a wildcard, then JSON.
    Parameters of a range, such as a charset, are ignored. Raises `NotAcceptable`.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = parse_accept_header(accept, MIMEAccept)
    bare_ranges = [(media.partition(";")[0].strip(), weight) for media, weight in ranges]
    best = MIMEAccept(bare_ranges).best_match(_ANSWER_KINDS)
    if best is None:
        known = ", ".join(_ANSWER_KINDS)
        raise NotAcceptable(f"expected one of {known} to be acceptable, found {quoted(accept)}")
    return Form(_ANSWER_KINDS[best], best)


def body_kind(content_type: str | None) -> Kind:
    """Return the form of a body by its ``Content-Type``; JSON where there is none.

    Raises `UnsupportedMedia`.
    """
    if content_type is None or not content_type.strip():
        return "json"
    media, options = parse_options_header(content_type)
    kind = _BODY_KINDS.get(media.lower())
    if kind is None:
        known = ", ".join(_BODY_KINDS)
        raise UnsupportedMedia(f"expected one of {known}, found {quoted(content_type)}")
    if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMedia(f"expected the charset utf-8, found {quoted(options['charset'])}")
    return kind
