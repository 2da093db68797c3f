"""XML's notation for what JSON has and XML lacks: numbers, booleans, null, empty values, any key.

Where the type of a value is known, its text is enough. Elsewhere text is a string, and a child
element of one of these names states another type: ``<int>5</int>``, ``<null/>``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

TextType = Literal["string", "int", "float", "bool"]

TYPE_MARKS = frozenset(("null", "true", "false", "int", "float", "string", "list", "dict"))
ITEM = "item"
ENTRY = "entry"
KEY = "key"
VALUE = "value"
RESERVED = TYPE_MARKS | {ITEM, ENTRY}
BLANK = " \t\r\n"  # white space in XML; Python counts more characters

_MAX_CACHED_KEY = 255  # characters: longer keys are not worth the memory
_SHORT_INTEGER = 19  # digits from which on an integer may leave 64 bits
# Python refuses to parse more digits than this.
_INTEGER = re.compile(r"-?[0-9]{1,4300}")
_NUMBER = re.compile(r"-?[0-9]{1,4300}(\.[0-9]+)?([eE][-+]?[0-9]+)?")
# XML allows more names, and reserves those that begin with "xml"; other keys become entries.
_NAME = re.compile(r"(?![xX][mM][lL])[A-Za-z_][A-Za-z0-9_.-]*")


def is_element_name(key: str) -> bool:
    """Return whether a key can be an element's name, without another meaning."""
    if len(key) > _MAX_CACHED_KEY:
        return _NAME.fullmatch(key) is not None
    return _is_short_element_name(key)


@lru_cache(maxsize=4096)
def _is_short_element_name(key: str) -> bool:
    return key not in RESERVED and _NAME.fullmatch(key) is not None


def parse_scalar(text: str, expected: TextType | None) -> str | int | float | bool:
    """Parse a text as the expected type; a text that is not of that type remains a text."""
    if expected is None or expected == "string":
        return text
    if expected == "bool":
        return {"true": True, "false": False}.get(text.strip(BLANK), text)
    if text.isdecimal() and text.isascii() and len(text) < _SHORT_INTEGER:  # most numbers
        return int(text)
    stripped = text.strip(BLANK)
    if _INTEGER.fullmatch(stripped):
        return int(stripped)
    if expected == "float" and _NUMBER.fullmatch(stripped):
        number = float(stripped)
        return number if abs(number) != float("inf") else text
    return text
