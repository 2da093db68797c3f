"""Nova's microversions: which one a request asks for, and the headers that say which one was answered."""

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
    """A version of Nova's API; they compare as numbers: 2.13 is above 2.9."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def headers(self) -> dict[str, str]:
        """What every answer of the family carries."""
        return {HEADER: f"compute {self}", LEGACY: str(self), "Vary": f"{HEADER}, {LEGACY}"}

    def on(self, answer: Reply) -> Reply:
        """Give the answer with the headers that name this version."""
        return replace(answer, headers={**answer.headers, **self.headers})


LOWEST = Microversion(2, 1)
HIGHEST = Microversion(2, 104)
OWNERS = Microversion(2, 13)  # project_id and user_id are shown
SOFT = Microversion(2, 15)  # soft-affinity and soft-anti-affinity
RULES = Microversion(2, 64)  # one policy and its rules instead of a list
CLOSED_QUERIES = Microversion(2, 75)  # unknown query parameters are refused


def asked(request: Request) -> Microversion:
    """Give the version that a request asks for, 2.1 where it names none.

    Raises
    ------
    ApiError
        ``bad-input``: what it names is no version; ``not-acceptable``: one that is not spoken here.
    """
    text = _named(request)
    if text is None:
        return LOWEST
    if text == "latest":
        return HIGHEST
    form = _FORM.fullmatch(text)
    if form is None:
        detail = f"API Version String {shown(text)} is of invalid format. Must be of format MajorNum.MinorNum."
        raise ApiError("bad-input", detail)
    version = Microversion(int(form[1]), int(form[2]))
    if not LOWEST <= version <= HIGHEST:
        detail = f"Version {version} is not supported by the API. Minimum is {LOWEST} and maximum is {HIGHEST}."
        raise ApiError("not-acceptable", detail)
    return version


def answered(request: Request) -> Microversion:
    """Give the version that a fault is answered in: the one asked for, 2.1 where that is none of ours."""
    try:
        return asked(request)
    except ApiError:
        return LOWEST


def _named(request: Request) -> str | None:
    """Read the headers: the new one names services and their versions; of several for us the last counts."""
    for entry in reversed(_entries(request, HEADER)):
        match entry.split():
            case [service, version]:
                if service.lower() == "compute":
                    return version
            case _:
                raise ApiError(
                    "bad-input",
                    f"{HEADER}: expected a service and its version, found {shown(entry)}",
                )
    return next(reversed(_entries(request, LEGACY)), None)


def _entries(request: Request, header: str) -> list[str]:
    return [
        entry.strip()
        for entry in ",".join(request.headers.getlist(header)).split(",")
        if entry.strip()
    ]
