"""Lines for people: in colour on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from groupsolver.cli.output.stdout import write
from groupsolver.errors import one_line

Line = tuple[str, str]  # text and style
MAX_CELL_WIDTH = 80  # a cell that is wider does not push the cells of other lines to the right


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines with their styles: in colour on a terminal, plain elsewhere."""
    # Into memory first: rich would end the process itself where the reader of a pipe has gone.
    printed = StringIO()
    console = Console(file=printed, force_terminal=sys.stdout.isatty() or None, highlight=False)
    for text, style in lines:
        # As `Text`, names of the input are no markup.
        console.print(Text(one_line(text).rstrip(), style=style), soft_wrap=True)
    write(printed.getvalue())


def section(title: str) -> Iterator[Line]:
    """Give a title, with a line of nothing above it."""
    yield "", ""
    yield title, "bold"


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Pad cells to columns, the last one to the right."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*clean, strict=True)]
    lines = []
    for row in clean:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [cell + gap for cell, gap in zip(row[:-1], gaps, strict=False)]
        lines.append("  " + "  ".join([*cells, gaps[-1] + row[-1]]))
    return lines


def sentences(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set cells of which some are long below each other: each as wide as the widest that is not too wide."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    columns = zip(*clean, strict=True)
    widths = [
        max((size for size in map(cell_len, column) if size <= MAX_CELL_WIDTH), default=0)
        for column in columns
    ]
    return [
        "  "
        + "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in clean
    ]
