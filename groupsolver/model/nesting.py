"""Groups of groups: descendants, ancestors and cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Nested(Protocol):
    """Anything with a name that lists the groups right below it."""

    @property
    def name(self) -> str: ...
    @property
    def groups(self) -> Any: ...


def cycle_in(groups: Iterable[Nested]) -> list[str]:
    """Return the names along a cycle, its first repeated at the end, or an empty list."""
    children = {group.name: tuple(group.groups) for group in groups}
    done: set[str] = set()
    for start, below in children.items():
        if start in done:
            continue
        # Depth first with an explicit stack: a file may nest deeper than Python recurses.
        path = [start]
        pending = [iter(below)]
        while pending:
            child = next(pending[-1], None)
            if child is None:
                done.add(path.pop())
                pending.pop()
            elif child in path:
                return [*path[path.index(child) :], child]
            elif child in children and child not in done:
                path.append(child)
                pending.append(iter(children[child]))
    return []


def below_of(groups: Iterable[Nested]) -> dict[str, frozenset[str]]:
    """Return every group's descendants, itself included. The groups must have no cycle."""
    children = {group.name: tuple(group.groups) for group in groups}
    below: dict[str, frozenset[str]] = {}
    for start in children:
        seen = {start}
        pending = [start]
        while pending:
            for child in children[pending.pop()]:
                if child not in seen:
                    seen.add(child)
                    pending.append(child)
        below[start] = frozenset(seen)
    return below


def above_of(below: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Turn descendants into ancestors; each group is its own ancestor, too."""
    above: dict[str, set[str]] = {name: set() for name in below}
    for name, descendants in below.items():
        for descendant in descendants:
            above[descendant].add(name)
    return {name: frozenset(ancestors) for name, ancestors in above.items()}
