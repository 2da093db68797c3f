"""Numbers of the command line, within their bounds."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def number(expected: str, allowed: Callable[[float], bool]) -> Callable[[str], float]:
    """Give a reader of a finite number."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not allowed(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, found {text[:40]!r}")
        return value

    return convert


def integer(least: int, most: int) -> Callable[[str], int]:
    """Give a reader of an integer, in digits."""

    def convert(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"expected an integer from {least} to {most}, found {text[:40]!r}"
            )
        return value

    return convert
