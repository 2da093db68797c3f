"""Tests that send SIGINT: they need it heard, however the tests themselves were started."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Hear SIGINT in this process, and in those that it starts, for the duration of a test.

    A shell starts the background jobs of a script with SIGINT ignored. That is inherited by every
    child, and Python then installs no handler of its own. A handler in Python is reset to the
    default action when a child is executed, so children hear SIGINT as well.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
