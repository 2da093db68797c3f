"""Messages on standard error."""

from __future__ import annotations

import sys

from groupsolver.cli.output.terminal import terminal_width, wrapped
from groupsolver.errors import one_line


def print_message(text: str) -> None:
    """Print a message of one or more lines, wrapped at the terminal's width if there is one."""
    width = terminal_width(sys.stderr)
    for line in text.split("\n"):
        for part in wrapped(one_line(line).rstrip(), width):
            print(part, file=sys.stderr, flush=True)
