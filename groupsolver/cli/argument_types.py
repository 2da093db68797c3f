"""Types of arguments: numbers within bounds."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def bounded_number(expected: str, allowed: Callable[[float], bool]) -> Callable[[str], float]:
    """Return a function that reads a finite number; `expected` describes it in the message."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not allowed(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, found {text[:40]!r}")
        return value

    return convert


def bounded_integer(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads an integer from `least` (0 or more) to `most`, in digits."""

    def convert(text: str) -> int:
        # Python's `int` would also take signs, underscores and digits of other scripts.
        is_number = text.isascii() and text.isdigit() and len(text) < 20
        value = int(text) if is_number else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"expected an integer from {least} to {most}, found {text[:40]!r}"
            )
        return value

    return convert


def named_value(text: str) -> tuple[str, int]:
    """Read ``NAME=N``, N from 1 to 10**9."""
    name, found, number = text.rpartition("=")
    if not found or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=N, found {text[:40]!r}")
    return name, bounded_integer(1, 10**9)(number)
