"""The nesting of stored groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from groupsolver.model.nesting import below_of
from groupsolver.store.entities import StoredGroup


@dataclass(frozen=True)
class _Node:
    """A group as `below_of` reads it."""

    name: str
    groups: tuple[str, ...]


def groups_below(groups: Mapping[str, StoredGroup]) -> dict[str, frozenset[str]]:
    """Return the groups below each stored group, itself included.

    Parameters
    ----------
    groups : mapping of str to StoredGroup
        All stored groups, by id. Children that are not among them are left out.
    """
    nodes = []
    for group in groups.values():
        children = tuple(child for child in group.groups if child in groups)
        nodes.append(_Node(group.id, children))
    return below_of(nodes)
