"""Tests over much data that are one test each: thousands of tests cost more than what they test."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from hypothesis import settings

Test = Callable[..., None]


def seeds(number: int) -> range:
    """Return so many seeds; with a profile of more examples, in proportion more."""
    profile = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
    return range(number * profile.max_examples // 30)


def looped(name: str, values: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test with each value of an argument; report every value at which it fails.

    The test's fixtures are made once for all values.
    """
    every = list(values)

    def decorate(test: Test) -> Test:
        @wraps(test)
        def run(*arguments: Any, **named: Any) -> None:
            failures = []
            for value in every:
                try:
                    test(*arguments, **named, **{name: value})
                except Exception as error:  # noqa: BLE001 - all are raised below
                    error.add_note(f"where {name} is {value!r}")
                    failures.append(error)
            if failures:
                message = f"{len(failures)} of {len(every)} values of {name}"
                raise ExceptionGroup(message, failures)

        signature = inspect.signature(test)
        others = [one for one in signature.parameters.values() if one.name != name]
        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return decorate
