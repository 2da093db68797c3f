"""What stands behind the question mark."""

from __future__ import annotations

from itertools import islice

from werkzeug.wrappers import Request

from groupsolver.api.errors import bad_input
from groupsolver.errors import TOLD, Fault, nearest
from groupsolver.files.words import shown
from groupsolver.store.groups import Page

LONGEST = 1000  # of a list that is answered at once


def flag(request: Request, name: str) -> bool:
    """Read a parameter that is ``true`` or ``false``; absent, it is false."""
    text = request.args.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise bad_input(Fault("wrong-value", f"query.{name}", f"expected true or false, found {shown(text)}"))
    return text == "true"


def page(request: Request) -> Page:
    """Read ``limit`` (1 to 1,000; by default 1,000) and ``marker``."""
    text = request.args.get("limit", str(LONGEST))
    digits = text.lstrip("0")[:5] if text.isascii() and text.isdigit() else ""
    if not 1 <= int(digits or 0) <= LONGEST:
        message = f"expected an integer from 1 to {LONGEST}, found {shown(text)}"
        raise bad_input(Fault("out-of-range", "query.limit", message))
    marker = request.args.get("marker")
    return Page(limit=int(digits), marker=marker and marker.lower())


def refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    """Raise `ApiError`, ``bad-input``, for parameters that mean nothing: a misspelt ``dry_run`` would claim."""
    expected = f"expected one of: {', '.join(known)}" if known else "none is expected here"
    faults = [
        Fault("unknown-key", "query", f"unknown parameter {shown(name)}{nearest(name, known)}; {expected}")
        for name in islice((name for name in request.args if name not in known), TOLD)
    ]
    if faults:
        raise bad_input(*faults)
