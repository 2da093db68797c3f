"""The faults of bad input, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from groupsolver import BadInput, Fault
from groupsolver.errors import CODES, MAX_FAULTS_SHOWN
from groupsolver.files import parse_application, parse_fleet
from tests.support.documents import APP, FLEET, put

Place = Sequence[str | int]


def faults(read: Callable[..., Any], *args: Any) -> list[Fault]:
    """Return the faults of bad input; each must be one line with a known code."""
    with pytest.raises(BadInput) as caught:
        read(*args)
    found = list(caught.value.faults)
    assert found
    for fault in found:
        assert fault.code in CODES
        assert len(str(fault).splitlines()) == 1
        assert str(fault).isprintable()
        # The message of a pydantic type that is in no table.
        assert "expected a valid value" not in fault.message
    assert len(str(caught.value).splitlines()) == min(len(found), MAX_FAULTS_SHOWN + 1)
    return found


def fault(read: Callable[..., Any], *args: Any) -> tuple[str, str, str]:
    """Return the code, path and message of the one thing that is wrong."""
    (found,) = faults(read, *args)
    return found.code, found.path, found.message


def app_with(path: Place, value: Any) -> tuple[str, str, str]:
    return fault(parse_application, put(APP, path, value))


def fleet_with(path: Place, value: Any) -> tuple[str, str, str]:
    return fault(parse_fleet, put(FLEET, path, value))
