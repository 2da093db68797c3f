"""JSON text to plain data; refuses what Python's parser accepts: repeated keys, NaN, Infinity."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from typing import Any

from groupsolver.errors import BadInput, Fault, quoted
from groupsolver.files.fault_text import path_of, refuse

_TOO_DEEP = "the document is nested too deep to be read"


@dataclass(frozen=True)
class _NotANumber:
    """A placeholder in the data for a number that is not finite."""

    text: str


class _RepeatedKeys(dict[str, Any]):
    """A placeholder in the data for a mapping with repeated keys.

    Attributes
    ----------
    repeated : list of str
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.repeated = [key for key, count in counts.items() if count > 1]


class _StrictDecoder:
    """Hooks for `json.loads`.

    They do not know the path of what they see: they leave placeholders in the data, to be found by
    `_faults`.
    """

    def __init__(self) -> None:
        self.has_faults = False

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.has_faults = True
        return _RepeatedKeys(pairs)

    def constant(self, text: str) -> _NotANumber:
        self.has_faults = True
        return _NotANumber(text)

    def number(self, text: str) -> float | _NotANumber:
        value = float(text)
        return self.constant(text) if isinf(value) else value


def _faults(root: Any) -> Iterator[Fault]:
    """Yield a fault for each placeholder, in the document's order."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while stack:
        loc, node = stack.pop()
        if isinstance(node, _NotANumber):
            message = f"expected a finite number, found {node.text[:20]}"
            yield Fault("not-finite", path_of(loc, root), message)
        # Pushed in reverse, so that the first is popped first.
        elif isinstance(node, dict):
            for key in node.repeated if isinstance(node, _RepeatedKeys) else ():
                message = f"the key {quoted(key)} appears twice"
                yield Fault("duplicate-key", path_of((*loc, key), root), message)
            stack.extend(reversed([((*loc, key), value) for key, value in node.items()]))
        elif isinstance(node, list):
            stack.extend(reversed([((*loc, i), value) for i, value in enumerate(node)]))


def parse_json(text: str) -> Any:
    """Parse JSON.

    Raises
    ------
    json.JSONDecodeError
        Where it is not JSON at all: the caller may try YAML.
    BadInput
        ``duplicate-key``, ``not-finite``, ``too-deep``, ``not-text``.
    """
    decoder = _StrictDecoder()
    try:
        data = json.loads(
            text,
            object_pairs_hook=decoder.mapping,
            parse_constant=decoder.constant,
            parse_float=decoder.number,
        )
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise refuse("too-deep", _TOO_DEEP) from None
    except ValueError:  # of int(), which has a limit of digits
        message = "expected numbers of at most 64 bits, found one of very many digits"
        raise refuse("not-finite", message) from None
    if decoder.has_faults:
        raise BadInput(list(_faults(data)))
    if "\\ud" in text or "\\uD" in text:  # an escape that may be half of a surrogate pair
        _require_whole_characters(data)
    return data


def _require_whole_characters(data: Any) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        message = "expected whole characters, found half of a surrogate pair"
        raise refuse("not-text", message) from None
    except RecursionError:
        raise refuse("too-deep", _TOO_DEEP) from None
