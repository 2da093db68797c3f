"""Pydantic's validation errors as faults, with stable codes and one-line messages."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from groupsolver.constraints.registry import POLICIES
from groupsolver.errors import CODES, MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.files.fault_text import Loc, path_of, shown, step
from groupsolver.files.likeness import amount_advice, name_advice, policies_advice, policy_advice

# By pydantic's type of the error: our code, and what was expected. `{...}` are filled from the
# error's context.
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
_MODEL_TYPES = ("model_type", "model_attributes_type")
# Faults of a document: to describe many more takes seconds, and nobody reads them.
_MAX_FAULTS = 1000


def faults_of(error: ValidationError, data: Any) -> list[Fault]:
    """Return pydantic's errors in `data` as faults, at most 1000, in the document's order."""
    position = _DocumentOrder(data)
    errors = error.errors(include_url=False)[: 10 * _MAX_FAULTS]
    located = [(_document_loc(details), details) for details in errors if not _is_false(details)]
    located.sort(key=lambda one: position(one[0]))
    faults: list[Fault] = []
    for i, (loc, details) in enumerate(located[:_MAX_FAULTS]):
        # The search for the nearest name is slow: only faults that a message shows get a hint.
        faults += _to_faults(loc, details, data, hints=i < MAX_FAULTS_SHOWN)
    return faults


def _is_false(details: ErrorDetails) -> bool:
    """Return whether a list is reported as too short only because some of its items are invalid.

    Pydantic counts only valid items. The invalid ones have errors of their own.
    """
    if details["type"] != "too_short" or not isinstance(details["input"], Sized):
        return False
    least: int = details["ctx"]["min_length"]
    return len(details["input"]) >= least


def _to_faults(loc: Loc, details: ErrorDetails, data: Any, *, hints: bool) -> list[Fault]:
    kind = details["type"]
    context = details.get("ctx", {})
    path = path_of(loc, data)
    if kind == "faults":
        return [_below(path, fault) for fault in context["faults"]]
    if kind == "unknown-key":
        known = str(context["known"])
        hint = nearest(str(loc[-1]), known.split(", ")) if hints else ""
        message = f"unknown key {context['key']}{hint}; expected one of: {known}"
        return [Fault(kind, path, message)]
    if kind in CODES:  # raised by the model itself, with a message of its own
        return [Fault(kind, path, details["msg"])]
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        hint = nearest(tag, list(POLICIES)) if hints else ""
        message = f"unknown policy {shown(tag)}{hint}; expected one of: {', '.join(POLICIES)}"
        return [Fault("unknown-policy", path, message)]
    if kind == "string_pattern_mismatch":
        expected = _describe_pattern(context["pattern"])
        advice = name_advice(details["input"])
        message = f"expected {expected}, found {shown(details['input'])}{advice}"
        return [Fault("ill-formed-name", path, message)]
    return [_known_fault(path, loc, details)]


def _below(path: str, fault: Fault) -> Fault:
    """Return a fault of a value that is in another one, with its path in the whole document."""
    if not path:
        return fault
    inner = fault.path if not fault.path or fault.path.startswith("[") else f".{fault.path}"
    return replace(fault, path=path + inner)


def _known_fault(path: str, loc: Loc, details: ErrorDetails) -> Fault:
    kind = details["type"]
    code, expected = MEANING.get(kind, ("wrong-value", "a valid value"))
    expected = expected.format_map(details.get("ctx", {}))
    found = "nothing" if kind == "missing" else shown(details["input"])
    advice = _advice(loc, details)
    if kind in _MODEL_TYPES and amount_advice(details["input"], loc):
        expected = "an integer"
    return Fault(code, path, f"expected {expected}, found {found}{advice}")


def _advice(loc: Loc, details: ErrorDetails) -> str:
    """Return what to write instead, where it can be told from what was found."""
    kind = details["type"]
    found = details["input"]
    if kind == "string_type" and isinstance(found, (int, float)):
        return "; put it in quotes"
    if kind == "union_tag_not_found":
        return policy_advice(found)
    if kind in ("tuple_type", "list_type") and loc and loc[-1] == _POLICIES:
        return policies_advice(found)
    if kind in ("int_type", "int_from_float", *_MODEL_TYPES):
        return amount_advice(found, loc)
    return ""


def _describe_pattern(pattern: str) -> str:
    """Return a description of the names that match one of the package's patterns."""
    if "a-fA-F" in pattern:
        return "a uuid"
    if "A-Za-z" in pattern:
        return "a name of letters, digits, '_', '.' and '-', not of dots alone"
    if "A-Z" in pattern:
        return "a name of capitals, digits and underscores, such as VCPU or CUSTOM_GPU"
    if "/" in pattern:
        return "a name without '/' and control characters"
    return "a name without control characters"


def _document_loc(details: ErrorDetails) -> Loc:
    """Return the place in the document, without pydantic's additions: a policy's tag, ``[key]``."""
    loc = list(details["loc"])
    if loc and loc[-1] == "[key]":
        loc.pop()
    for i in range(2, len(loc)):
        if loc[i - 2] == _POLICIES and isinstance(loc[i - 1], int) and loc[i] in POLICIES:
            del loc[i]  # ..., policies, 0, <kind>, ...
            break
    return loc


class _DocumentOrder:
    """A sort key for places: their position in the document.

    A missing key comes last in its mapping.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        # By the place of a mapping: the position of each of its keys.
        self._key_positions: dict[tuple[str | int, ...], dict[Any, int]] = {}

    def __call__(self, loc: Loc) -> list[int]:
        order: list[int] = []
        data = self._data
        for depth, part in enumerate(loc):
            if isinstance(data, dict):
                positions = self._positions_in(data, tuple(loc[:depth]))
                order.append(positions.get(part, len(data)))
            else:
                order.append(part if isinstance(part, int) else 0)
            data = step(data, part)
        return order

    def _positions_in(self, data: dict[Any, Any], loc: tuple[str | int, ...]) -> dict[Any, int]:
        if loc not in self._key_positions:
            self._key_positions[loc] = {key: i for i, key in enumerate(data)}
        return self._key_positions[loc]
