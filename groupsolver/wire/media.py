"""Which form a body has, and which one is asked for: JSON or XML."""

from __future__ import annotations

from typing import Literal, NamedTuple

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from groupsolver.errors import GroupsolverError, quoted

Kind = Literal["json", "xml"]

# Of what is asked for with equal weight, the first is answered.
_ANSWERS: dict[str, Kind] = {
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
}
_BODIES: dict[str, Kind] = {**_ANSWERS, "application/merge-patch+json": "json"}


class NotAcceptable(GroupsolverError):
    """None of the forms that are asked for is one that is answered."""

    code = "not-acceptable"


class UnsupportedMedia(GroupsolverError):
    """A body comes in a form that is not read."""

    code = "unsupported-media-type"


class Form(NamedTuple):
    """A form of answers, and the media type that it is sent as: XML has two."""

    kind: Kind
    media: str


JSON = Form("json", "application/json")


def answer_form(accept: str | None) -> Form:
    """Choose the form of the answer by an ``Accept`` header; JSON where nothing is asked.

    The highest weight wins, then the range that names a form over one that takes any, then JSON.
    Parameters of a range, such as a charset, are passed over. Raises `NotAcceptable`.
    """
    if accept is None or not accept.strip():
        return JSON
    asked = parse_accept_header(accept, MIMEAccept)
    plain = MIMEAccept([(what.partition(";")[0].strip(), weight) for what, weight in asked])
    best = plain.best_match(_ANSWERS)
    if best is None:
        raise NotAcceptable(
            f"expected one of {', '.join(_ANSWERS)} to be acceptable, found {quoted(accept)}"
        )
    return Form(_ANSWERS[best], best)


def body_kind(content_type: str | None) -> Kind:
    """Tell the form of a body by its ``Content-Type``; JSON where there is none. Raises `UnsupportedMedia`."""
    if content_type is None or not content_type.strip():
        return "json"
    media, options = parse_options_header(content_type)
    kind = _BODIES.get(media.lower())
    if kind is None:
        raise UnsupportedMedia(
            f"expected one of {', '.join(_BODIES)}, found {quoted(content_type)}"
        )
    if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMedia(f"expected the charset utf-8, found {quoted(options['charset'])}")
    return kind
