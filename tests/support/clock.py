"""The time of limits, measured so that other work on the machine does not count."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from groupsolver.solver import budget

GRACE = 1.0  # seconds that a call may take beyond its limit


@pytest.fixture
def processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let limits mean processor time of this process: calls with one worker use one processor."""
    monkeypatch.setattr(budget, "perf_counter", time.process_time)


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Call, hold the call to a limit and the grace, and return what it returns."""
    spent = 0.0
    for _ in range(2):  # the collector, or a busy machine, may slow one call
        start = time.process_time()
        answer = call()
        spent = time.process_time() - start
        if spent <= seconds + GRACE:
            return answer
    raise AssertionError(f"{spent:.1f} s with a limit of {seconds} s")
