"""What stands behind the question mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal, Protocol, TypeVar
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Request

from groupsolver.api.http.errors import bad_input
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.files.fault_text import shown
from groupsolver.store.repositories.groups import Page

Mode = Literal["now", "preview", "if-clean"]
MAX_PAGE_SIZE = 1000  # of a list that is answered at once


def flag(request: Request, name: str) -> bool:
    """Read a parameter that is ``true`` or ``false``; absent, it is false."""
    text = request.args.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise bad_input(
            Fault("wrong-value", f"query.{name}", f"expected true or false, found {shown(text)}")
        )
    return text == "true"


def mode(request: Request) -> Mode:
    """Read whether a change is to be made at once, only looked at (``preview``), or made where nothing breaks."""
    apply = request.args.get("apply")
    if apply not in {None, "if-clean"}:
        raise bad_input(
            Fault("wrong-value", "query.apply", f"expected if-clean, found {shown(apply)}")
        )
    if not flag(request, "preview"):
        return "if-clean" if apply else "now"
    if apply:
        raise bad_input(Fault("wrong-value", "query.apply", "expected preview or apply, not both"))
    return "preview"


def page(request: Request) -> Page:
    """Read ``limit`` (1 to 1,000; by default 1,000) and ``marker``."""
    text = request.args.get("limit", str(MAX_PAGE_SIZE))
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


def paged(
    request: Request, read: Callable[[Page], Sequence[L]]
) -> tuple[Sequence[L], dict[str, str]]:
    """Read the page that is asked for; where the list goes on, give a ``Link`` to what follows, RFC 8288."""
    asked = page(request)
    most = asked.limit or MAX_PAGE_SIZE
    found = read(replace(asked, limit=most + 1))
    if len(found) <= most:
        return found, {}
    query = urlencode({**request.args.to_dict(), "marker": found[most - 1].id})
    # Without a host: what the client calls this one is the client's word alone.
    return found[:most], {
        "Link": f'<{quote(request.root_path + request.path)}?{query}>; rel="next"'
    }


def refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    """Raise `ApiError`, ``bad-input``, for parameters that mean nothing: a misspelt ``dry_run`` would claim."""
    expected = f"expected one of: {', '.join(known)}" if known else "none is expected here"
    faults = [
        Fault(
            "unknown-key",
            "query",
            f"unknown parameter {shown(name)}{nearest(name, known)}; {expected}",
        )
        for name in islice((name for name in request.args if name not in known), MAX_FAULTS_SHOWN)
    ]
    if faults:
        raise bad_input(*faults)
