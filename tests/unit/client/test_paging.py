"""Lists in pages: each page is fetched when it is reached, even after its marker was removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from groupsolver.client.errors import ServerError
from groupsolver.client.paging import iterate_pages
from groupsolver.wire.bodies.errors import ErrorView


@dataclass
class Item:
    id: str


def failed(status: int, code: str) -> ServerError:
    return ServerError([ErrorView(status=status, code=code, title="", detail="", request_id="")])


class Listing:
    """A server's list, and the markers that were asked for."""

    def __init__(self, text: str, size: int) -> None:
        self.items = [Item(char) for char in text]
        self.size = size
        self.markers: list[str | None] = []

    def fetch(self, marker: str | None) -> Sequence[Item]:
        self.markers.append(marker)
        ids = [item.id for item in self.items]
        if marker is not None and marker not in ids:
            raise failed(400, "unknown-group")
        start = 0 if marker is None else ids.index(marker) + 1
        return self.items[start : start + self.size]


def test_pages_are_fetched_one_after_the_other_until_one_is_short() -> None:
    listing = Listing("abcde", 2)
    pages = iterate_pages(listing.fetch, 2)
    assert next(pages).id == "a"
    assert listing.markers == [None]
    assert [item.id for item in pages] == ["b", "c", "d", "e"]
    assert listing.markers == [None, "b", "d"]


def test_after_a_marker_that_was_removed_the_one_before_it_is_used() -> None:
    listing = Listing("abcd", 2)
    pages = iterate_pages(listing.fetch, 2)
    assert [next(pages).id, next(pages).id] == ["a", "b"]
    del listing.items[1]
    assert [item.id for item in pages] == ["c", "d"]
    assert listing.markers == [None, "b", "a", "d"]


def test_other_errors_and_pages_that_are_gone_altogether_are_raised() -> None:
    listing = Listing("ab", 2)
    pages = iterate_pages(listing.fetch, 2)
    assert [next(pages).id, next(pages).id] == ["a", "b"]
    listing.items.clear()
    with pytest.raises(ServerError) as caught:
        next(pages)
    assert caught.value.code == "unknown-group"

    def broken(marker: str | None) -> Sequence[Item]:
        raise failed(500, "internal-error")

    with pytest.raises(ServerError, match="internal-error"):
        next(iterate_pages(broken, 2))
