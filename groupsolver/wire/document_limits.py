"""How deep a body may be, and what text it may hold: the same in JSON and in XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from groupsolver.errors import BadInput, Fault
from groupsolver.files.fault_text import path_of, refuse

# Lists and mappings within each other: no body that has a meaning comes near it.
DEPTH = 64
# What XML 1.0 has no way to write; JSON can.
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def bound_depth(data: Any) -> None:
    """Raise `BadInput`, ``too-deep``, for lists and mappings that nest deeper than `DEPTH`."""
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(DEPTH):
        level = [
            inner
            for node in level
            for inner in (node.values() if type(node) is dict else node)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise too_deep()


def too_deep() -> BadInput:
    """Give the error of a body that is nested too deep."""
    return refuse("too-deep", f"expected lists and mappings at most {DEPTH} deep")


def only_fit(data: Any) -> None:
    """Raise `BadInput`, ``not-for-xml``, for each text or key with characters that XML 1.0 cannot carry."""
    if faults := list(_unfit(data)):
        raise BadInput(faults)


def _unfit(root: Any) -> Iterator[Fault]:
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while todo:
        loc, node = todo.pop()
        if isinstance(node, str) and (found := UNFIT.search(node)):
            yield Fault("not-for-xml", path_of(loc, root), _message(found))
        elif isinstance(node, dict):
            for key in node:
                if found := UNFIT.search(key):
                    yield Fault(
                        "not-for-xml", path_of((*loc, key), root), "in the key: " + _message(found)
                    )
            todo.extend(reversed([((*loc, key), inner) for key, inner in node.items()]))
        elif isinstance(node, list):
            todo.extend(reversed([((*loc, i), inner) for i, inner in enumerate(node)]))


def _message(found: re.Match[str]) -> str:
    return f"expected characters that XML can carry too, found U+{ord(found[0]):04X}"
