"""JSON text to plain data, closed where Python's reader is open: repeated keys, NaN, Infinity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isinf
from typing import Any

from groupsolver.errors import BadInput, Fault, quoted
from groupsolver.files.fault_text import path_of, refuse


@dataclass(frozen=True)
class _Odd:
    """Stands in the data for a number that is none."""

    text: str


@dataclass
class _StrictDecoder:
    """Hooks for `json.loads`: they note what is wrong, and leave it to be found again with its path."""

    odd: bool = False
    repeats: dict[int, tuple[dict[str, Any], list[str]]] = field(
        default_factory=dict
    )  # by id of the mapping

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            self.repeats[id(found)] = found, [key for key in found if keys.count(key) > 1]
        return found

    def constant(self, text: str) -> _Odd:
        self.odd = True
        return _Odd(text)

    def number(self, text: str) -> float | _Odd:
        value = float(text)
        return self.constant(text) if isinf(value) else value

    def faults(self, root: Any) -> Iterator[Fault]:
        todo: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
        while todo:
            loc, node = todo.pop()
            if isinstance(node, _Odd):
                message = f"expected a finite number, found {node.text[:20]}"
                yield Fault("not-finite", path_of(loc, root), message)
            elif isinstance(node, dict):
                for key in self.repeats.get(id(node), (node, []))[1]:
                    yield Fault(
                        "duplicate-key",
                        path_of((*loc, key), root),
                        f"the key {quoted(key)} stands here twice",
                    )
                todo.extend(reversed([((*loc, key), value) for key, value in node.items()]))
            elif isinstance(node, list):
                todo.extend(reversed([((*loc, i), value) for i, value in enumerate(node)]))


def parse_json(text: str) -> Any:
    """Read JSON.

    Raises
    ------
    json.JSONDecodeError
        Where it is not JSON at all: the caller may try YAML.
    BadInput
        ``duplicate-key``, ``not-finite``, ``too-deep``, ``not-text``.
    """
    reader = _StrictDecoder()
    try:
        data = json.loads(
            text,
            object_pairs_hook=reader.mapping,
            parse_constant=reader.constant,
            parse_float=reader.number,
        )
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise refuse("too-deep", "the document is nested too deep to be read") from None
    except ValueError:  # of int(), which has a limit of digits
        raise refuse(
            "not-finite", "expected numbers of at most 64 bits, found one of very many digits"
        ) from None
    if (reader.odd or reader.repeats) and (faults := list(reader.faults(data))):
        raise BadInput(faults)
    if "\\ud" in text or "\\uD" in text:
        _whole_characters(data)
    return data


def _whole_characters(data: Any) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise refuse(
            "not-text", "expected whole characters, found half of a surrogate pair"
        ) from None
    except RecursionError:
        raise refuse("too-deep", "the document is nested too deep to be read") from None
