"""Groups of groups: what stands below and above each, and cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Nested(Protocol):
    """Anything with a name that lists groups below it."""

    @property
    def name(self) -> str: ...
    @property
    def groups(self) -> Any: ...


def cycle_in(groups: Iterable[Nested]) -> list[str]:
    """Give the names along a cycle, its first repeated at the end, or an empty list."""
    children = {group.name: tuple(group.groups) for group in groups}
    done: set[str] = set()
    for start, below in children.items():
        if start in done:
            continue
        path, walks = [start], [iter(below)]
        while walks:  # an explicit stack: a file may nest deeper than Python recurses
            child = next(walks[-1], None)
            if child is None:
                done.add(path.pop())
                walks.pop()
            elif child in path:
                return [*path[path.index(child) :], child]
            elif child in children and child not in done:
                path.append(child)
                walks.append(iter(children[child]))
    return []


def below_of(groups: Iterable[Nested]) -> dict[str, frozenset[str]]:
    """Give every group's descendants, itself included. The groups must have no cycle."""
    children = {group.name: tuple(group.groups) for group in groups}
    below: dict[str, frozenset[str]] = {}
    for start in children:
        seen, todo = {start}, [start]
        while todo:
            for child in children[todo.pop()]:
                if child not in seen:
                    seen.add(child)
                    todo.append(child)
        below[start] = frozenset(seen)
    return below


def above_of(below: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Turn descendants into ancestors, each group its own ancestor too."""
    above: dict[str, set[str]] = {name: set() for name in below}
    for name, inner in below.items():
        for other in inner:
            above[other].add(name)
    return {name: frozenset(outer) for name, outer in above.items()}
