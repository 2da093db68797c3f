"""A terminal of a given width, as the command sees it in the tests' own process."""

from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len


def narrow_terminal(patch: pytest.MonkeyPatch, columns: int) -> None:
    """Let both streams be a terminal without colour; `capsys` still reads them."""
    patch.setenv("COLUMNS", str(columns))
    patch.setenv("TERM", "dumb")
    for stream in (sys.stdout, sys.stderr):
        patch.setattr(stream, "isatty", lambda: True)


def widest_line(text: str) -> int:
    """Return how many columns the widest line of a text takes."""
    return max((cell_len(line) for line in text.splitlines()), default=0)
