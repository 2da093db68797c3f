"""Lines for people: in colour on a terminal, plain elsewhere."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from io import StringIO

from groupsolver.cli.output.stdout import write
from groupsolver.errors import one_line

Line = tuple[str, str]  # text and style


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines with their styles."""
    from rich.console import Console  # takes a moment to load: not before there is an answer
    from rich.text import Text

    # Into memory first: rich itself would end the process where the reader of a pipe has gone.
    printed = StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(file=printed, force_terminal=is_terminal or None, highlight=False)
    width = shutil.get_terminal_size().columns if is_terminal else None
    for text, style in lines:
        for line in wrapped(one_line(text).rstrip(), width):
            # `Text` keeps names of the input from being read as markup.
            console.print(Text(line, style=style), soft_wrap=True)
    write(printed.getvalue())


def wrapped(text: str, width: int | None) -> list[str]:
    """Return a line as lines of at most `width`, cut between words; the rest is indented.

    A word that is wider, such as the name of a host, stays whole, so that it can be copied.

    Parameters
    ----------
    width : int or None
        None where the output is no terminal: a line stays whole, so that `grep` finds it.

    Examples
    --------
    >>> wrapped("  - no host holds two", 14)
    ['  - no host', '    holds two']
    """
    if width is None or len(text) <= width:
        return [text]
    # A row that is cut is no longer aligned: its padding would only leave holes.
    text = re.sub(r"(?<=\S) {3,}", "  ", text)
    marker = re.match(r"\s*(?:- |\d+\. |\S+ {2,})?", text)
    indent = " " * min(marker.end() if marker else 0, width // 2)
    return textwrap.wrap(
        text,
        max(width, 1),
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


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
