"""Items that are joined into disjoint sets: groups that rules join, members that move together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class DisjointSets(Generic[T]):
    """Sets of items, each item in one of them; at first each is alone.

    Source: union-find with path halving, Tarjan & van Leeuwen (1984), doi:10.1145/62.2160.

    Parameters
    ----------
    items : iterable
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._parent = {item: item for item in items}

    def _root(self, item: T) -> T:
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, items: Iterable[T]) -> None:
        """Make one set of those that some items are in; nothing for no item, or one."""
        roots = [self._root(item) for item in items]
        for root in roots[1:]:
            self._parent[self._root(root)] = self._root(roots[0])

    def parts(self) -> dict[T, frozenset[T]]:
        """Return the set that each item is in, in the order in which the items were given.

        Items of one set share one object.
        """
        members: dict[T, list[T]] = {}
        for item in self._parent:
            members.setdefault(self._root(item), []).append(item)
        found = {root: frozenset(part) for root, part in members.items()}
        return {item: found[self._root(item)] for item in self._parent}
