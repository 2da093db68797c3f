"""``ETag`` and ``If-Match``: whether something is still what its reader saw."""

from __future__ import annotations

from groupsolver.api.http.call import Call
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import Stale


def etag(tag: int | str) -> dict[str, str]:
    """Give the header that names a state."""
    return {"ETag": f'"{tag}"'}


def group_tag(group: StoredGroup) -> str:
    """Name a group's state.

    Claims that end unconfirmed take members away before anybody writes so, and the generation
    grows: until then their number tells.
    """
    return f"{group.generation}-{len(group.members)}"


def unchanged(call: Call, tag: int | str, what: str) -> None:
    """Make sure that a state is one of those in ``If-Match``, where there is one. Raises `Stale`."""
    if call.request.headers.get("If-Match") and not call.request.if_match.contains(str(tag)):
        raise Stale(f"{what} has changed")
