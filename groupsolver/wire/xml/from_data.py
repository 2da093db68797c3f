"""Plain JSON data to XML text, by what stands where; `groupsolver.wire.xml.to_data` undoes it exactly."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from groupsolver.wire.document_limits import UNFIT
from groupsolver.wire.xml.scalars import ENTRY, ITEM, KEY, VALUE, fits, scalar
from groupsolver.wire.xml.shape import ANYTHING, Shape

_SPECIAL = re.compile(f"[&<>\r{UNFIT.pattern[1:]}")


def document(data: Any, shape: Shape, root: str | None) -> str:
    """Write data as a document of one root element.

    Without `root` that is the data's only key. Data that is not one key with a value becomes
    ``<dict>``, ``<list>`` and so on.
    """
    if root is not None:
        return f"<{root}>{content(data, shape)}</{root}>"
    match data:
        case {**keys} if len(keys) == 1 and fits(str(next(iter(keys)))) and shape.items is None:
            return content(data, shape)
        case [_, *_]:
            return f"<list>{content(data, shape)}</list>"
        case {**keys} if keys:
            return f"<dict>{content(data, shape)}</dict>"
        case str():
            return f"<string>{escaped(data)}</string>"
    return content(data, ANYTHING)


def content(data: Any, shape: Shape) -> str:
    """Write what an element holds. Raises ValueError for what XML, or JSON, cannot say."""
    if isinstance(data, str):
        # A text that would be read as a number says that it is none.
        lost = shape.text is not None and scalar(data, shape.text) is not data
        return f"<string>{escaped(data)}</string>" if lost else escaped(data)
    if isinstance(data, dict) and data:
        return _mapping(data, shape)
    if isinstance(data, (list, tuple)) and data:
        name, inner = (shape.singular, shape.items) if shape.items else (ITEM, ANYTHING)
        return "".join([f"<{name}>{content(item, inner)}</{name}>" for item in data])
    return _scalar(data, shape)


def _mapping(data: dict[str, Any], shape: Shape) -> str:
    # Where a list is expected, a key might be taken for an item.
    if not shape.entries and shape.items is None and all(map(fits, data)):
        return "".join(
            [f"<{key}>{content(inner, shape.at(key))}</{key}>" for key, inner in data.items()]
        )
    return "".join(
        [
            f"<{ENTRY}><{KEY}>{escaped(key)}</{KEY}><{VALUE}>{content(inner, shape.at(key))}</{VALUE}></{ENTRY}>"
            for key, inner in data.items()
        ]
    )


def _scalar(data: Any, shape: Shape) -> str:
    match data:
        case None:
            return "<null/>"
        case bool():
            text = "true" if data else "false"
            return text if shape.text == "bool" else f"<{text}/>"
        case int():
            return str(data) if shape.text in {"int", "float"} else f"<int>{data}</int>"
        case float() if isfinite(data):
            return repr(data) if shape.text == "float" else f"<float>{data!r}</float>"
        case list() | tuple():
            return "<list/>"
        case dict():
            return "<dict/>"
    raise ValueError(f"no JSON: {data!r}")


def escaped(text: str) -> str:
    """Write a text so that it is read back as it is: a carriage return too."""
    if _SPECIAL.search(text) is None:
        return text
    if found := UNFIT.search(text):
        raise ValueError(f"XML cannot carry U+{ord(found[0]):04X}")
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    )
