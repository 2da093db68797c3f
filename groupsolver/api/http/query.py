"""Query parameters: flags, the mode of a change, and pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal, Protocol, TypeVar
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError, bad_input
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.files.fault_text import shown
from groupsolver.store.repositories.groups import Page

ChangeMode = Literal["now", "preview", "if-clean"]
MAX_PAGE_SIZE = 1000  # entries of a list in one answer


def read_flag(request: Request, name: str) -> bool:
    """Return the value of a parameter that is ``true`` or ``false``; it defaults to false.

    Raises
    ------
    ApiError
        ``bad-input``, with the fault ``wrong-value``.
    """
    text = request.args.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise _wrong_value(name, f"expected true or false, found {shown(text)}")
    return text == "true"


def read_change_mode(request: Request) -> ChangeMode:
    """Return whether to make a change at once, to preview it, or to make it if nothing breaks."""
    apply = request.args.get("apply")
    if apply not in {None, "if-clean"}:
        raise _wrong_value("apply", f"expected if-clean, found {shown(apply)}")
    if not read_flag(request, "preview"):
        return "if-clean" if apply else "now"
    if apply:
        raise _wrong_value("apply", "expected preview or apply, not both")
    return "preview"


def _wrong_value(name: str, message: str) -> ApiError:
    return bad_input(Fault("wrong-value", f"query.{name}", message))


def read_page(request: Request) -> Page:
    """Return ``limit`` (1 to 1,000, default 1,000) and ``marker``."""
    text = request.args.get("limit", str(MAX_PAGE_SIZE))
    # Five digits are enough to see that a number is too large: `int` of a long text is slow.
    digits = text.lstrip("0")[:5] if text.isascii() and text.isdigit() else ""
    if not 1 <= int(digits or 0) <= MAX_PAGE_SIZE:
        message = f"expected an integer from 1 to {MAX_PAGE_SIZE}, found {shown(text)}"
        raise bad_input(Fault("out-of-range", "query.limit", message))
    marker = request.args.get("marker")
    return Page(limit=int(digits), marker=marker and marker.lower())


class _Listed(Protocol):
    @property
    def id(self) -> str: ...


L = TypeVar("L", bound=_Listed)


def read_listed_page(
    request: Request, read: Callable[[Page], Sequence[L]]
) -> tuple[Sequence[L], dict[str, str]]:
    """Return the requested page of a list, and the header ``Link`` to the next page (RFC 8288).

    Parameters
    ----------
    request : Request
    read : callable
        Returns the entries of a page, in order.
    """
    requested = read_page(request)
    limit = requested.limit or MAX_PAGE_SIZE
    # One entry more than requested shows whether there is a next page.
    entries = read(replace(requested, limit=limit + 1))
    if len(entries) <= limit:
        return entries, {}
    query = urlencode({**request.args.to_dict(), "marker": entries[limit - 1].id})
    # The address has no host: the client's `Host` header cannot be trusted.
    path = quote(request.root_path + request.path)
    return entries[:limit], {"Link": f'<{path}?{query}>; rel="next"'}


def refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    """Raise `ApiError`, ``bad-input``, for unknown parameters.

    A misspelt ``dry_run`` would otherwise claim capacity.
    """
    expected = f"expected one of: {', '.join(known)}" if known else "none is expected here"
    unknown = (name for name in request.args if name not in known)
    faults = []
    for name in islice(unknown, MAX_FAULTS_SHOWN):
        message = f"unknown parameter {shown(name)}{nearest(name, known)}; {expected}"
        faults.append(Fault("unknown-key", "query", message))
    if faults:
        raise bad_input(*faults)
