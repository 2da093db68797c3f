"""``ETag`` and ``If-Match``: detection of changes since a client last read."""

from __future__ import annotations

from werkzeug.wrappers import Request

from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import Stale


def etag_header(tag: int | str) -> dict[str, str]:
    """Return the header that identifies a state."""
    return {"ETag": f'"{tag}"'}


def group_tag(group: StoredGroup) -> str:
    """Return the tag of a group's state.

    An unconfirmed claim ends without a write, so the generation stays as it is at first. The
    number of members is a part of the tag because it changes at once.
    """
    return f"{group.generation}-{len(group.members)}"


def check_if_match(request: Request, tag: int | str, subject: str) -> None:
    """Raise `Stale` if the request has an ``If-Match`` that does not contain a tag."""
    if not request.headers.get("If-Match"):
        return
    if not request.if_match.contains(str(tag)):
        raise Stale(f"{subject} has changed")
