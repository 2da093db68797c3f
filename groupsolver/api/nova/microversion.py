"""Nova's microversions: the one that a request asks for, and the headers of an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from werkzeug.wrappers import Request

from groupsolver.api.http.call import Reply
from groupsolver.api.http.errors import ApiError
from groupsolver.files.fault_text import shown

HEADER = "OpenStack-API-Version"
LEGACY = "X-OpenStack-Nova-API-Version"
_FORM = re.compile(r"([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, order=True)
class Microversion:
    """A version of Nova's API. Versions compare as pairs of numbers: 2.13 is above 2.9."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every answer of the family."""
        return {HEADER: f"compute {self}", LEGACY: str(self), "Vary": f"{HEADER}, {LEGACY}"}

    def with_headers(self, reply: Reply) -> Reply:
        """Return a reply with the headers of this version."""
        return replace(reply, headers={**reply.headers, **self.headers})


LOWEST = Microversion(2, 1)
HIGHEST = Microversion(2, 104)
WITH_OWNERS = Microversion(2, 13)  # project_id and user_id are shown
WITH_SOFT_POLICIES = Microversion(2, 15)  # soft-affinity and soft-anti-affinity
WITH_RULES = Microversion(2, 64)  # one policy and its rules instead of a list
STRICT_QUERIES = Microversion(2, 75)  # unknown query parameters of lists are refused
STRICT_SHOW_QUERIES = Microversion(2, 102)  # and those of a single group


def requested_version(request: Request) -> Microversion:
    """Return the version that a request asks for; 2.1 where it names none.

    Raises
    ------
    ApiError
        ``bad-input``: the version is malformed; ``not-acceptable``: it is not supported.
    """
    text = _version_text(request)
    if text is None:
        return LOWEST
    if text == "latest":
        return HIGHEST
    form = _FORM.fullmatch(text)
    if form is None:
        detail = (
            f"API Version String {shown(text)} is of invalid format. "
            "Must be of format MajorNum.MinorNum."
        )
        raise ApiError("bad-input", detail)
    version = Microversion(int(form[1]), int(form[2]))
    if not LOWEST <= version <= HIGHEST:
        detail = (
            f"Version {version} is not supported by the API. "
            f"Minimum is {LOWEST} and maximum is {HIGHEST}."
        )
        raise ApiError("not-acceptable", detail)
    return version


def response_version(request: Request) -> Microversion:
    """Return the version of an answer: the requested one, or 2.1 where that is not supported."""
    try:
        return requested_version(request)
    except ApiError:
        return LOWEST


def _version_text(request: Request) -> str | None:
    """Return the version in the headers.

    The new header names services and their versions. The last entry for ``compute`` counts, and it
    takes precedence over the legacy header.
    """
    for entry in reversed(_entries(request, HEADER)):
        match entry.split():
            case [service, version]:
                if service.lower() == "compute":
                    return version
            case _:
                message = f"expected a service and its version, found {shown(entry)}"
                raise ApiError("bad-input", f"{HEADER}: {message}")
    legacy = _entries(request, LEGACY)
    return legacy[-1] if legacy else None


def _entries(request: Request, header: str) -> list[str]:
    """Return the comma-separated entries of a header, which may come several times."""
    entries = ",".join(request.headers.getlist(header)).split(",")
    return [entry.strip() for entry in entries if entry.strip()]
