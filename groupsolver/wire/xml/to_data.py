"""A tree of elements to plain JSON data, by a body's shape.

For any shape, this is the exact inverse of `groupsolver.wire.xml.from_data`.
"""

from __future__ import annotations

from typing import Any

from groupsolver.errors import nearest, quoted
from groupsolver.files.fault_text import path_of, refuse
from groupsolver.wire.xml.parsing import Content, Element
from groupsolver.wire.xml.scalars import (
    BLANK,
    ENTRY,
    ITEM,
    KEY,
    RESERVED,
    TYPE_MARKS,
    VALUE,
    parse_scalar,
)
from groupsolver.wire.xml.shape import ANYTHING, Shape


class _NotData(Exception):
    """An element that is no JSON data; `loc` grows on the way out, innermost part first."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        self.loc: list[str | int] = []


def data_from_content(content: Content, shape: Shape) -> Any:
    """Convert what an element contains.

    Raises
    ------
    BadInput
        ``xml-only``, ``duplicate-key``, ``unknown-key``, ``wrong-type``.
    """
    try:
        return _to_data(content, shape)
    except _NotData as error:
        path = path_of(error.loc[::-1], None)
        raise refuse(error.code, error.message, path) from None


def _to_data(content: Content, shape: Shape) -> Any:
    if isinstance(content, str):
        return content if shape.text is None else parse_scalar(content, shape.text)
    if len(content) == 1 and content[0][0] in TYPE_MARKS:
        return _to_marked(content[0], shape)
    names = {name for name, _ in content}
    if names == {ENTRY}:
        return _to_mapping([_to_entry(element) for element in content], shape)
    if names == {ITEM} or (shape.items and names <= {shape.singular, ITEM}):
        return _to_list(content, shape.items or ANYTHING)
    if shape.items and not shape.keys and not shape.others:
        raise _unknown_item(names, shape)
    reserved = names & RESERVED
    if reserved:
        message = f"<{min(reserved)}> is a reserved name, and cannot be beside other elements"
        raise _NotData("xml-only", message)
    return _to_mapping(content, shape)


def _unknown_item(names: set[str], shape: Shape) -> _NotData:
    name = min(names - {shape.singular, ITEM})
    hint = nearest(name, [shape.singular])
    message = f"unknown item {quoted(name)}{hint}; expected items called {shape.singular!r}"
    return _NotData("unknown-key", message)


def _to_list(content: list[Element], shape: Shape) -> list[Any]:
    found = []
    for i, (_, inner) in enumerate(content):
        try:
            found.append(_to_data(inner, shape))
        except _NotData as error:
            error.loc.append(i)
            raise
    return found


def _to_mapping(content: list[Element], shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in content:
        try:
            if key in found:
                raise _duplicate_key(key)
            found[key] = _to_data(inner, shape.at(key))
        except _NotData as error:
            error.loc.append(key)
            raise
    return found


def _duplicate_key(key: str) -> _NotData:
    return _NotData("duplicate-key", f"the key {quoted(key)} appears twice")


def _to_entry(element: Element) -> Element:
    """Return the key and value of an entry as an element."""
    match element[1]:
        case [(name, str(key)), (other, value)] if name == KEY and other == VALUE:
            return key, value
    message = f"expected <{KEY}> with a text and <{VALUE}>, and nothing else, in <{ENTRY}>"
    raise _NotData("xml-only", message)


def _to_marked(element: Element, shape: Shape) -> Any:
    """Convert an element whose name states its type."""
    mark, content = element
    if not isinstance(content, str):
        return _to_marked_container(mark, content, shape)
    if mark == "string":
        return content
    if mark in {"int", "float"}:
        return _to_marked_number(mark, content)
    if content.strip(BLANK):
        raise _NotData("xml-only", f"expected nothing in <{mark}>, found {quoted(content)}")
    return {"null": None, "true": True, "false": False, "list": [], "dict": {}}[mark]


def _to_marked_container(mark: str, content: list[Element], shape: Shape) -> Any:
    if mark not in {"list", "dict"}:
        raise _NotData("xml-only", f"expected no elements in <{mark}>")
    found = _to_data(content, shape)
    if isinstance(found, list if mark == "list" else dict):
        return found
    expected = ITEM if mark == "list" else ENTRY
    raise _NotData("xml-only", f"expected <{expected}>, or keys, in <{mark}>")


def _to_marked_number(mark: str, text: str) -> int | float:
    number = parse_scalar(text, "int" if mark == "int" else "float")
    if isinstance(number, str):
        raise _NotData("wrong-type", f"expected a number in <{mark}>, found {quoted(number)}")
    return number if mark == "int" else float(number)
