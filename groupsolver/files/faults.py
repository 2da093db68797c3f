"""What pydantic finds wrong with a document, as faults with stable codes and one-line messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from groupsolver.constraints.registry import POLICIES
from groupsolver.errors import CODES, MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.files.fault_text import Loc, path_of, shown, step

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
_MAX_FAULTS = (
    1000  # faults of a document: to put many more into words takes seconds, and nobody reads them
)


def faults_of(error: ValidationError, data: Any) -> list[Fault]:
    """Turn what pydantic found in `data` into faults, the first thousand in the document's order."""
    order = _Order(data)
    found = error.errors(include_url=False)[: 10 * _MAX_FAULTS]
    lines = [(_placed(line), line) for line in found if not _false(line)]
    lines.sort(key=lambda line: order(line[0]))
    # To find the nearest name takes long: those get it that a message tells.
    return [
        fault
        for i, (loc, line) in enumerate(lines[:_MAX_FAULTS])
        for fault in _faults(loc, line, data, hints=i < MAX_FAULTS_SHOWN)
    ]


def _false(line: ErrorDetails) -> bool:
    # pydantic counts the sound items of a list: with enough items, that some are wrong is told already.
    return line["type"] == "too_short" and len(line["input"]) >= line["ctx"]["min_length"]


def _faults(loc: Loc, line: ErrorDetails, data: Any, *, hints: bool) -> Iterator[Fault]:
    kind, context, path = line["type"], line.get("ctx", {}), path_of(loc, data)
    if kind == "faults":
        yield from context["faults"]
    elif kind == "unknown-key":
        hint = nearest(str(loc[-1]), str(context["known"]).split(", ")) if hints else ""
        yield Fault(
            kind, path, f"unknown key {context['key']}{hint}; expected one of: {context['known']}"
        )
    elif kind in CODES:  # raised by the model itself, with a message of its own
        yield Fault(kind, path, line["msg"])
    elif kind == "union_tag_invalid":
        tag = str(context["tag"])
        hint = nearest(tag, list(POLICIES)) if hints else ""
        message = f"unknown policy {shown(tag)}{hint}; expected one of: {', '.join(POLICIES)}"
        yield Fault("unknown-policy", path, message)
    elif kind == "string_pattern_mismatch":
        yield Fault(
            "ill-formed-name",
            path,
            f"expected {_alphabet(context['pattern'])}, found {shown(line['input'])}",
        )
    else:
        code, expected = MEANING.get(kind, ("wrong-value", "a valid value"))
        found = "nothing" if kind == "missing" else shown(line["input"])
        advice = (
            "; put it in quotes"
            if kind == "string_type" and isinstance(line["input"], (int, float))
            else ""
        )
        yield Fault(code, path, f"expected {expected.format_map(context)}, found {found}{advice}")


def _alphabet(pattern: str) -> str:
    if "a-fA-F" in pattern:
        return "a uuid"
    if "A-Za-z" in pattern:
        return "a name of letters, digits, '_', '.' and '-', not of dots alone"
    if "A-Z" in pattern:
        return "a name of capitals, digits and underscores, such as VCPU or CUSTOM_GPU"
    return (
        "a name without '/' and control characters"
        if "/" in pattern
        else "a name without control characters"
    )


def _placed(line: ErrorDetails) -> Loc:
    """Give the place as the file has it, without what pydantic adds: a policy's tag, ``[key]``."""
    loc = list(line["loc"])
    if loc and loc[-1] == "[key]":
        loc.pop()
    for i in range(2, len(loc)):
        if loc[i - 2] == _POLICIES and isinstance(loc[i - 1], int) and loc[i] in POLICIES:
            del loc[i]  # ..., policies, 0, <kind>, ...
            break
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
