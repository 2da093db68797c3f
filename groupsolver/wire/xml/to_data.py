"""A tree of elements to plain JSON data, by what stands where.

Whatever the shape, this undoes `groupsolver.wire.xml.from_data` exactly.
"""

from __future__ import annotations

from typing import Any

from groupsolver.errors import nearest, quoted
from groupsolver.files.fault_text import path_of, refuse
from groupsolver.wire.xml.parsing import Content, Element
from groupsolver.wire.xml.scalars import BLANK, ENTRY, ITEM, KEY, MARKS, RESERVED, VALUE, scalar
from groupsolver.wire.xml.shape import ANYTHING, Shape


class _Odd(Exception):
    """Something that is no JSON; `loc` grows on the way out, from the inside."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        self.loc: list[str | int] = []


def data_of(content: Content, shape: Shape) -> Any:
    """Read what an element holds.

    Raises
    ------
    BadInput
        ``xml-only``, ``duplicate-key``, ``unknown-key``, ``wrong-type``.
    """
    try:
        return _data(content, shape)
    except _Odd as odd:
        raise refuse(odd.code, odd.message, path_of(odd.loc[::-1], None)) from None


def _data(content: Content, shape: Shape) -> Any:
    if isinstance(content, str):
        return content if shape.text is None else scalar(content, shape.text)
    if len(content) == 1 and content[0][0] in MARKS:
        return _marked(content[0], shape)
    names = {name for name, _ in content}
    if names == {ENTRY}:
        return _mapping([_entry(element) for element in content], shape)
    if names == {ITEM} or (shape.items and names <= {shape.singular, ITEM}):
        return _list(content, shape.items or ANYTHING)
    if shape.items and not shape.keys and not shape.others:
        name = min(names - {shape.singular, ITEM})
        hint = nearest(name, [shape.singular])
        raise _refuse(
            "unknown-key",
            f"unknown item {quoted(name)}{hint}; expected items called {shape.singular!r}",
        )
    if odd := names & RESERVED:
        raise _refuse(
            "xml-only",
            f"<{min(odd)}> has a meaning of its own, and stands here beside other elements",
        )
    return _mapping(content, shape)


def _list(content: list[Element], shape: Shape) -> list[Any]:
    found = []
    for i, (_, inner) in enumerate(content):
        try:
            found.append(_data(inner, shape))
        except _Odd as odd:
            odd.loc.append(i)
            raise
    return found


def _mapping(content: list[Element], shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in content:
        try:
            if key in found:
                raise _refuse("duplicate-key", f"the key {quoted(key)} stands here twice")
            found[key] = _data(inner, shape.at(key))
        except _Odd as odd:
            odd.loc.append(key)
            raise
    return found


def _entry(element: Element) -> Element:
    match element[1]:
        case [(name, str(key)), (other, value)] if name == KEY and other == VALUE:
            return key, value
    raise _refuse(
        "xml-only", f"expected <{KEY}> with a text and <{VALUE}>, and nothing else, in <{ENTRY}>"
    )


def _marked(element: Element, shape: Shape) -> Any:
    """Read an element that says of itself what it is."""
    mark, content = element
    if mark in {"list", "dict"} and not isinstance(content, str):
        found = _data(content, shape)
        if isinstance(found, list if mark == "list" else dict):
            return found
        raise _refuse(
            "xml-only", f"expected <{'item' if mark == 'list' else 'entry'}>, or keys, in <{mark}>"
        )
    if not isinstance(content, str):
        raise _refuse("xml-only", f"expected no elements in <{mark}>")
    if mark == "string":
        return content
    if mark in {"int", "float"}:
        number = scalar(content, "int" if mark == "int" else "float")
        if isinstance(number, str):
            raise _refuse("wrong-type", f"expected a number in <{mark}>, found {quoted(number)}")
        return number if mark == "int" else float(number)
    if content.strip(BLANK):
        raise _refuse("xml-only", f"expected nothing in <{mark}>, found {quoted(content)}")
    return {"null": None, "true": True, "false": False, "list": [], "dict": {}}[mark]


def _refuse(code: str, message: str) -> _Odd:
    return _Odd(code, message)
