"""Lines for people: in colour on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import StringIO

from groupsolver.cli.output.stdout import write
from groupsolver.cli.output.terminal import terminal_width, wrapped
from groupsolver.errors import one_line

Line = tuple[str, str]  # text and style


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines with their styles."""
    from rich.console import Console  # takes a moment to load: not before there is an answer
    from rich.text import Text

    # Into memory first: rich itself would end the process where the reader of a pipe has gone.
    printed = StringIO()
    width = terminal_width(sys.stdout)
    console = Console(file=printed, force_terminal=width is not None or None, highlight=False)
    for text, style in lines:
        for line in wrapped(one_line(text).rstrip(), width):
            # `Text` keeps names of the input from being read as markup.
            console.print(Text(line, style=style), soft_wrap=True)
    write(printed.getvalue())


def section(title: str) -> Iterator[Line]:
    """Yield a title, with an empty line above it."""
    yield "", ""
    yield title, "bold"


def warning_lines(warnings: Iterable[str]) -> Iterator[Line]:
    """Yield a section of warnings, if there are any."""
    texts = list(warnings)
    if texts:
        yield from section("warnings")
    for text in texts:
        yield f"  {text}", "yellow"
