"""Limits on the depth of a body and on the characters of its text, the same in JSON and XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from groupsolver.errors import BadInput, Fault
from groupsolver.files.fault_text import path_of, refuse

# Lists and mappings inside each other: no meaningful body comes near it.
MAX_DEPTH = 64
# Characters that JSON can carry and XML 1.0 cannot.
NOT_FOR_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def require_shallow(data: Any) -> None:
    """Raise `BadInput`, ``too-deep``, for lists and mappings nested deeper than `MAX_DEPTH`."""
    # All containers of one depth after the other: a body may nest deeper than Python recurses.
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(MAX_DEPTH):
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
    """Return the error for a body that is nested too deep."""
    return refuse("too-deep", f"expected lists and mappings at most {MAX_DEPTH} deep")


def require_xml_characters(data: Any) -> None:
    """Raise `BadInput`, ``not-for-xml``, for each text or key that XML 1.0 cannot carry."""
    faults = list(_character_faults(data))
    if faults:
        raise BadInput(faults)


def _character_faults(root: Any) -> Iterator[Fault]:
    """Yield the faults in the document's order."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while stack:
        loc, node = stack.pop()
        # Pushed in reverse, so that the first is popped first.
        if isinstance(node, str):
            if found := NOT_FOR_XML.search(node):
                yield Fault("not-for-xml", path_of(loc, root), _message(found))
        elif isinstance(node, dict):
            yield from _key_faults(node, loc, root)
            stack.extend(reversed([((*loc, key), inner) for key, inner in node.items()]))
        elif isinstance(node, list):
            stack.extend(reversed([((*loc, i), inner) for i, inner in enumerate(node)]))


def _key_faults(node: dict[str, Any], loc: tuple[str | int, ...], root: Any) -> Iterator[Fault]:
    for key in node:
        if found := NOT_FOR_XML.search(key):
            message = "in the key: " + _message(found)
            yield Fault("not-for-xml", path_of((*loc, key), root), message)


def _message(found: re.Match[str]) -> str:
    return f"expected characters that XML can carry too, found U+{ord(found[0]):04X}"
