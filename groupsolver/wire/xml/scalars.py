"""How XML says what JSON knows and XML does not: numbers, true and false, null, what is empty, any key.

Where the type of a value is known, its text alone says it. Elsewhere text is a string, and a
child element of one of these names says what else it is: ``<int>5</int>``, ``<null/>``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Text = Literal["string", "int", "float", "bool"]

MARKS = frozenset(("null", "true", "false", "int", "float", "string", "list", "dict"))
ITEM, ENTRY, KEY, VALUE = "item", "entry", "key", "value"
RESERVED = MARKS | {ITEM, ENTRY}
BLANK = " \t\r\n"  # what is white space to XML; Python knows more

# Python refuses to read more digits than this.
_INTEGER = re.compile(r"-?[0-9]{1,4300}")
_NUMBER = re.compile(r"-?[0-9]{1,4300}(\.[0-9]+)?([eE][-+]?[0-9]+)?")
# XML allows more names, and keeps those in "xml" to itself; other keys stand in entries.
_NAME = re.compile(r"(?![xX][mM][lL])[A-Za-z_][A-Za-z0-9_.-]*")


def fits(key: str) -> bool:
    """Whether a key can be an element's name, and means nothing else there."""
    return (
        _fits(key) if len(key) <= 255 else _NAME.fullmatch(key) is not None
    )  # long ones are not to be kept


@lru_cache(maxsize=4096)
def _fits(key: str) -> bool:
    return key not in RESERVED and _NAME.fullmatch(key) is not None


def scalar(text: str, kind: Text | None) -> str | int | float | bool:
    """Read a text as the type that stands there; a text that is not of that type remains a text."""
    if kind is None or kind == "string":
        return text
    if kind == "bool":
        return {"true": True, "false": False}.get(text.strip(BLANK), text)
    if text.isdecimal() and text.isascii() and len(text) < 19:  # most numbers
        return int(text)
    bare = text.strip(BLANK)
    if _INTEGER.fullmatch(bare):
        return int(bare)
    if kind == "float" and _NUMBER.fullmatch(bare):
        number = float(bare)
        return number if abs(number) != float("inf") else text
    return text
