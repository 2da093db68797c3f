"""Prices of changes as the command line says them: ``relax=2``, ``drop=none``."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from groupsolver.errors import BadInput, Fault, nearest, quoted
from groupsolver.files.faults import faults_of
from groupsolver.model.change_costs import Costs

OPTION = "--cost"


def costs_of(texts: Sequence[str]) -> Costs:
    """Read prices; kinds that are not named have their default. Raises `BadInput`."""
    faults: list[Fault] = []
    told: dict[str, int | str | None] = {}
    kinds = list(Costs.model_fields)
    for text in texts:
        kind, equals, price = text.partition("=")
        if not equals:
            faults.append(
                _fault(
                    "wrong-value",
                    f"expected KIND=N, such as relax=2 or drop=none, found {quoted(text)}",
                )
            )
        elif kind not in kinds:
            message = f"unknown kind {quoted(kind)}{nearest(kind, kinds)}; expected one of: {', '.join(kinds)}"
            faults.append(_fault("unknown-key", message))
        elif kind in told:
            faults.append(_fault("duplicate-key", f"the cost of {kind} is given twice"))
        else:
            told[kind] = _price(price)
    try:
        costs = Costs.model_validate(told)
    except ValidationError as error:
        faults += [
            _fault(fault.code, fault.message, fault.path) for fault in faults_of(error, told)
        ]
    if faults:
        raise BadInput(faults)
    return costs


def _price(text: str) -> int | str | None:
    if text == "none":
        return None
    # Left as it is, text is refused where all values are.
    return (
        int(text)
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 20
        else text
    )


def _fault(code: str, message: str, kind: str = "") -> Fault:
    return Fault(code, f"{OPTION} {kind}".strip(), message)
