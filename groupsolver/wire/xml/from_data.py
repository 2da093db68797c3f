"""Plain JSON data to XML text, by a body's shape; `groupsolver.wire.xml.to_data` is the inverse."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from groupsolver.wire.document_limits import NOT_FOR_XML
from groupsolver.wire.xml.scalars import ENTRY, ITEM, KEY, VALUE, is_element_name, parse_scalar
from groupsolver.wire.xml.shape import ANYTHING, Shape

_NEEDS_ESCAPE = re.compile(f"[&<>\r{NOT_FOR_XML.pattern[1:]}")


def write_document(data: Any, shape: Shape, root: str | None) -> str:
    """Write data as one root element.

    Without `root` that is the data's only key. Data that is not one key with a value becomes
    ``<dict>``, ``<list>`` and so on.
    """
    if root is not None:
        return f"<{root}>{write_content(data, shape)}</{root}>"
    if isinstance(data, str):
        return f"<string>{escape(data)}</string>"
    if isinstance(data, (list, tuple)) and data:
        return f"<list>{write_content(data, shape)}</list>"
    if isinstance(data, dict) and data:
        text = write_content(data, shape)
        return text if _is_one_element(data, shape) else f"<dict>{text}</dict>"
    return write_content(data, ANYTHING)


def _is_one_element(data: dict[str, Any], shape: Shape) -> bool:
    return len(data) == 1 and shape.items is None and is_element_name(str(next(iter(data))))


def write_content(data: Any, shape: Shape) -> str:
    """Write what an element contains. Raises ValueError for what XML or JSON cannot express."""
    if isinstance(data, str):
        # A string that would be read as a number has to state its type.
        misread = shape.text is not None and parse_scalar(data, shape.text) is not data
        return f"<string>{escape(data)}</string>" if misread else escape(data)
    if isinstance(data, dict) and data:
        return _write_mapping(data, shape)
    if isinstance(data, (list, tuple)) and data:
        return _write_list(data, shape)
    return _write_scalar(data, shape)


def _write_list(data: list[Any] | tuple[Any, ...], shape: Shape) -> str:
    name = shape.singular if shape.items else ITEM
    inner = shape.items or ANYTHING
    return "".join([f"<{name}>{write_content(item, inner)}</{name}>" for item in data])


def _write_mapping(data: dict[str, Any], shape: Shape) -> str:
    # Where a list is expected, a key could be taken for an item.
    if not shape.entries and shape.items is None and all(map(is_element_name, data)):
        elements = [
            f"<{key}>{write_content(inner, shape.at(key))}</{key}>" for key, inner in data.items()
        ]
    else:
        elements = [
            f"<{ENTRY}><{KEY}>{escape(key)}</{KEY}>"
            f"<{VALUE}>{write_content(inner, shape.at(key))}</{VALUE}></{ENTRY}>"
            for key, inner in data.items()
        ]
    return "".join(elements)


def _write_scalar(data: Any, shape: Shape) -> str:
    """Write null, a boolean, a number, or an empty list or mapping."""
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


def escape(text: str) -> str:
    """Escape a text so that it is read back unchanged, carriage returns included."""
    if _NEEDS_ESCAPE.search(text) is None:
        return text
    if found := NOT_FOR_XML.search(text):
        raise ValueError(f"XML cannot carry U+{ord(found[0]):04X}")
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    )
