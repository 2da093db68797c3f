"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from groupsolver.client.errors import ServerError

PAGE = 1000  # the most that a server gives at once
_GONE = {"unknown-group", "unknown-member"}


class Listed(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Listed)


def pages(fetch: Callable[[str | None], Sequence[T]], size: int) -> Iterator[T]:
    """Give what is listed, one page after another, each fetched when it is come to.

    Parameters
    ----------
    fetch : callable
        Gives the page after the id of what was last seen, or the first.
    size : int
        Of a page; a shorter one is the last.
    """
    page = fetch(None)
    while page:
        yield from page
        if len(page) < size:
            return
        page = _after(page, fetch)


def _after(page: Sequence[T], fetch: Callable[[str | None], Sequence[T]]) -> Sequence[T]:
    """Give the page after one, though the last of it may have been removed meanwhile."""
    for marker in [one.id for one in reversed(page)]:
        try:
            return fetch(marker)
        except ServerError as error:
            gone = error
            if error.status != 400 or error.code not in _GONE:
                raise
    raise gone
