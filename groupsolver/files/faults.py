"""What pydantic finds wrong with a document, as faults with stable codes and one-line messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from groupsolver.constraints import POLICIES
from groupsolver.errors import CODES, Fault, nearest
from groupsolver.files.words import Loc, path_of, shown, step

# pydantic's type -> our code, and what was expected; `{...}` are pydantic's own terms of the error.
MEANING = {
    "missing": ("missing-key", "a value here"),
    "int_type": ("wrong-type", "an integer"),
    "int_parsing": ("wrong-type", "an integer"),
    "int_parsing_size": ("out-of-range", "an integer of at most 64 bits"),
    "int_from_float": ("wrong-type", "an integer"),
    "float_type": ("wrong-type", "a number"),
    "float_parsing": ("wrong-type", "a number"),
    "bool_type": ("wrong-type", "true or false"),
    "string_type": ("wrong-type", "text"),
    "dict_type": ("wrong-type", "a mapping"),
    "mapping_type": ("wrong-type", "a mapping"),
    "model_type": ("wrong-type", "a mapping"),
    "model_attributes_type": ("wrong-type", "a mapping"),
    "tuple_type": ("wrong-type", "a list"),
    "list_type": ("wrong-type", "a list"),
    "finite_number": ("not-finite", "a finite number"),
    "greater_than": ("out-of-range", "more than {gt}"),
    "greater_than_equal": ("out-of-range", "at least {ge}"),
    "less_than": ("out-of-range", "less than {lt}"),
    "less_than_equal": ("out-of-range", "at most {le}"),
    "too_short": ("out-of-range", "at least {min_length} in this list"),
    "too_long": ("out-of-range", "at most {max_length} in this list"),
    "string_too_short": ("ill-formed-name", "a name"),
    "string_too_long": ("ill-formed-name", "a name of at most {max_length} characters"),
    "string_unicode": ("ill-formed-name", "a name of whole characters"),
    "literal_error": ("wrong-value", "{expected}"),
    "union_tag_not_found": ("missing-key", "a policy with a 'kind'"),
}
_POLICIES = "policies"


def faults_of(error: ValidationError, data: Any) -> list[Fault]:
    """Turn what pydantic found in `data` into faults, in the document's order."""
    order = _Order(data)
    lines = [(_placed(line), line) for line in error.errors(include_url=False) if not _false(line)]
    lines.sort(key=lambda line: order(line[0]))
    return [fault for loc, line in lines for fault in _faults(loc, line, data)]


def _false(line: ErrorDetails) -> bool:
    # pydantic counts the sound items of a list: with enough items, that some are wrong is told already.
    return line["type"] == "too_short" and len(line["input"]) >= line["ctx"]["min_length"]


def _faults(loc: Loc, line: ErrorDetails, data: Any) -> Iterator[Fault]:
    kind, context, path = line["type"], line.get("ctx", {}), path_of(loc, data)
    if kind == "faults":
        yield from context["faults"]
    elif kind in CODES:  # raised by the model itself, with a message of its own
        yield Fault(kind, path, line["msg"])
    elif kind == "union_tag_invalid":
        tag = str(context["tag"])
        message = f"unknown policy {shown(tag)}{nearest(tag, list(POLICIES))}; expected one of: {', '.join(POLICIES)}"
        yield Fault("unknown-policy", path, message)
    elif kind == "string_pattern_mismatch":
        yield Fault("ill-formed-name", path, f"expected {_alphabet(context['pattern'])}, found {shown(line['input'])}")
    else:
        code, expected = MEANING.get(kind, ("wrong-value", "a valid value"))
        found = "nothing" if kind == "missing" else shown(line["input"])
        hint = "; put it in quotes" if kind == "string_type" and isinstance(line["input"], (int, float)) else ""
        yield Fault(code, path, f"expected {expected.format_map(context)}, found {found}{hint}")


def _alphabet(pattern: str) -> str:
    if "A-Z" in pattern:
        return "a name of capitals, digits and underscores, such as VCPU or CUSTOM_GPU"
    return "a name without '/' and control characters" if "/" in pattern else "a name without control characters"


def _placed(line: ErrorDetails) -> Loc:
    """Give the place as the file has it, without what pydantic adds: a policy's tag, ``[key]``."""
    loc = list(line["loc"])
    if loc and loc[-1] == "[key]":
        loc.pop()
    if len(loc) > 4 and loc[0] == "groups" and loc[2] == _POLICIES:
        del loc[4]  # groups, 0, policies, 0, <kind>, ...
    return loc


class _Order:
    """Tells where a place comes in the document; what is missing comes last in its mapping."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._positions: dict[int, dict[Any, int]] = {}  # by id of a mapping

    def __call__(self, loc: Loc) -> list[int]:
        order, data = [], self._data
        for part in loc:
            if isinstance(data, dict):
                if id(data) not in self._positions:
                    self._positions[id(data)] = {key: i for i, key in enumerate(data)}
                order.append(self._positions[id(data)].get(part, len(data)))
            else:
                order.append(part if isinstance(part, int) else 0)
            data = step(data, part)
        return order
