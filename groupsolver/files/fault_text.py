"""How faults speak of values and of places in a document: short, and in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from groupsolver.errors import MAX_TEXT_SHOWN, BadInput, Fault, quoted

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

Loc = Sequence[str | int]


def refuse(code: str, message: str, path: str = "") -> BadInput:
    """Give the error of one fault."""
    return BadInput([Fault(code, path, message)])


def shown(value: Any) -> str:
    """Name a value of plain data, shortened; what is in a list or mapping is left out."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int():
            return str(value) if value.bit_length() < 128 else "a number of very many digits"
        case float():
            return repr(value)
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
    return f"a value of type {type(value).__name__}"


def path_of(loc: Loc, data: Any) -> str:
    """Write a place in `data`, e.g. ``hosts[3].inventory.VCPU.total``, ``flavors["m1.small"]``."""
    path = ""
    for part in loc:
        if isinstance(part, int) and not isinstance(data, dict):
            path += f"[{part}]"
        else:
            key = (
                str(part)
                if len(str(part)) <= MAX_TEXT_SHOWN
                else f"{str(part)[:MAX_TEXT_SHOWN]}..."
            )
            if _PLAIN_KEY.fullmatch(key):
                path += f".{key}" if path else key
            else:
                path += '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'
        data = step(data, part)
    return path


def step(data: Any, part: str | int) -> Any:
    """Give what stands in `data` at a key or an index, or None."""
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
        return data[part]
    return None
