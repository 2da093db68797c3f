"""Costs of changes as the command line takes them: ``relax=2``, ``drop=none``."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from groupsolver.errors import BadInput, Fault, nearest, quoted
from groupsolver.files.faults import faults_of
from groupsolver.model.change_costs import Costs

OPTION = "--cost"


def parse_costs(texts: Sequence[str]) -> Costs:
    """Read costs; kinds that are not named have their default.

    Raises
    ------
    BadInput
        With every fault of all of them.
    """
    faults: list[Fault] = []
    given: dict[str, int | str | None] = {}
    kinds = list(Costs.model_fields)
    for text in texts:
        kind, equals, cost = text.partition("=")
        if not equals:
            message = f"expected KIND=N, such as relax=2 or drop=none, found {quoted(text)}"
            faults.append(_fault("wrong-value", message))
        elif kind not in kinds:
            expected = f"{nearest(kind, kinds)}; expected one of: {', '.join(kinds)}"
            faults.append(_fault("unknown-key", f"unknown kind {quoted(kind)}{expected}"))
        elif kind in given:
            faults.append(_fault("duplicate-key", f"the cost of {kind} is given twice"))
        else:
            given[kind] = _cost(cost)
    try:
        costs = Costs.model_validate(given)
    except ValidationError as error:
        faults += [
            _fault(fault.code, fault.message, fault.path) for fault in faults_of(error, given)
        ]
    if faults:
        raise BadInput(faults)
    return costs


def _cost(text: str) -> int | str | None:
    if text == "none":
        return None
    is_digits = text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 20
    # `Costs` refuses what stays a text.
    return int(text) if is_digits else text


def _fault(code: str, message: str, kind: str = "") -> Fault:
    return Fault(code, f"{OPTION} {kind}".strip(), message)
