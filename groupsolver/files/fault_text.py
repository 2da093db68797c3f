"""Values and places of a document in the text of faults: short, and on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from groupsolver.errors import MAX_TEXT_SHOWN, BadInput, Fault, quoted

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MAX_BITS_SHOWN = 128  # of an integer

Loc = Sequence[str | int]


def refuse(code: str, message: str, path: str = "") -> BadInput:
    """Return the error for one fault."""
    return BadInput([Fault(code, path, message)])


def shown(value: Any) -> str:
    """Describe a value of plain data, shortened; the items of a list or mapping are left out."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int():
            short = value.bit_length() < _MAX_BITS_SHOWN
            return str(value) if short else "a number of very many digits"
        case float():
            return repr(value)
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
    return f"a value of type {type(value).__name__}"


def path_of(loc: Loc, data: Any) -> str:
    """Return a place in `data` as text.

    For example ``hosts[3].inventory.VCPU.total`` or ``flavors["m1.small"]``.
    """
    path = ""
    for part in loc:
        if isinstance(part, int) and not isinstance(data, dict):
            path += f"[{part}]"
        else:
            path += _key_text(str(part), first=not path)
        data = step(data, part)
    return path


def _key_text(key: str, *, first: bool) -> str:
    if len(key) > MAX_TEXT_SHOWN:
        key = f"{key[:MAX_TEXT_SHOWN]}..."
    if _PLAIN_KEY.fullmatch(key):
        return key if first else f".{key}"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


def step(data: Any, part: str | int) -> Any:
    """Return the value in `data` at a key or an index, None where there is none."""
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
        return data[part]
    return None
