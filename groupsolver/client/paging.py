"""Lists that are fetched in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from groupsolver.client.errors import ServerError

MAX_PAGE = 1000  # the most items that a server returns at once
_MARKER_REMOVED = {"unknown-group", "unknown-member"}


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


def iterate_pages(fetch: Callable[[str | None], Sequence[T]], size: int) -> Iterator[T]:
    """Yield the items of a list, and fetch each page when it is reached.

    Parameters
    ----------
    fetch : callable
        Returns the page after an id, or the first page for None.
    size : int
        Of a page; a shorter one is the last.
    """
    page = fetch(None)
    while page:
        yield from page
        if len(page) < size:
            return
        page = _next_page(page, fetch)


def _next_page(page: Sequence[T], fetch: Callable[[str | None], Sequence[T]]) -> Sequence[T]:
    """Return the page after one, even if its last items were removed in the meantime."""
    for item in reversed(page):
        try:
            return fetch(item.id)
        except ServerError as error:
            last_error = error
            if error.status != 400 or error.code not in _MARKER_REMOVED:
                raise
    raise last_error
