"""Tables of text: cells that stand below each other, as wide as a terminal shows them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from groupsolver.cli.output.styled_lines import Line
from groupsolver.cli.output.terminal import cut, terminal_width
from groupsolver.errors import one_line

MAX_CELL_WIDTH = 80  # a wider cell does not push the cells of other rows to the right
MIN_COLUMN_WIDTH = 2  # a Chinese character is as wide
GAP = "  "


def table(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers_last: bool = False
) -> list[str]:
    """Return the lines of a table: those of `row_lines`, one after the other.

    Examples
    --------
    >>> table([("member", "cost"), ("web/0", "36")], indent="", numbers_last=True)
    ['member  cost', 'web/0     36']
    """
    width = terminal_width(sys.stdout)
    lines = row_lines(rows, width, indent=indent, numbers_last=numbers_last)
    return [line for row in lines for line in row]


def row_lines(
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    indent: str = "  ",
    numbers_last: bool = False,
) -> list[list[str]]:
    """Return the lines of each row, its cells padded to columns.

    A column is as wide as its widest cell of at most `MAX_CELL_WIDTH` columns of a terminal.
    The rest of a row with a wider cell moves to the right. Where a row would be wider than
    `width`, the widest columns become narrower, and their cells take several lines.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of the same length.
    width : int or None
        That of the terminal; None where there is none: a row is one line, however long.
    indent : str
        What each line begins with.
    numbers_last : bool
        Whether the last column is aligned to the right.
    """
    from rich.cells import cell_len  # loads rich, which `schema` does without

    clean = [[one_line(cell) for cell in row] for row in rows]
    sizes = [[cell_len(cell) for cell in column] for column in zip(*clean, strict=True)]
    widths = [
        max((size for size in column if size <= MAX_CELL_WIDTH), default=0) for column in sizes
    ]
    around = len(indent) + len(GAP) * (len(widths) - 1)
    widest = [max(column, default=0) for column in sizes]
    if width is None or around + sum(widest) <= width:
        return [[_line(row, widths, indent, numbers_last)] for row in clean]
    widths = _narrowed(clean, widest, width - around)
    lines = []
    for row in clean:
        cells = [
            cut(cell, column, within_words=True) for cell, column in zip(row, widths, strict=True)
        ]
        parts = zip_longest(*cells, fillvalue="")
        lines.append([_line(part, widths, indent, numbers_last) for part in parts])
    return lines


def titled_table(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers_last: bool = False
) -> Iterator[Line]:
    """Yield the lines of a table whose first row is its titles."""
    width = terminal_width(sys.stdout)
    titles, *body = row_lines(rows, width, indent=indent, numbers_last=numbers_last)
    for line in titles:
        yield line, "dim"
    for row in body:
        for line in row:
            yield line, ""


def more_line(count: int, most: int) -> Iterator[Line]:
    """Yield ``"  and 5 more"`` where only the first `most` of a list are shown."""
    if count > most:
        yield f"  and {count - most:,} more", "dim"


def _line(row: Sequence[str], widths: Sequence[int], indent: str, numbers_last: bool) -> str:
    from rich.cells import cell_len

    cells: list[str] = []
    for cell, width in zip(row, widths, strict=True):
        padding = " " * (width - cell_len(cell))
        is_number = numbers_last and len(cells) == len(row) - 1
        cells.append(padding + cell if is_number else cell + padding)
    return (indent + GAP.join(cells)).rstrip()


def _narrowed(rows: Sequence[Sequence[str]], widest: Sequence[int], available: int) -> list[int]:
    """Return widths of columns whose sum is at most `available`, the widest ones cut to one width.

    No column is narrower than its longest word, unless there is no other way.
    """
    from rich.cells import cell_len

    longest_words = [
        max((cell_len(word) for cell in column for word in cell.split()), default=0)
        for column in zip(*rows, strict=True)
    ]
    for least in (longest_words, [MIN_COLUMN_WIDTH] * len(widest)):
        for limit in range(available, MIN_COLUMN_WIDTH - 1, -1):
            widths = [
                min(width, max(word, limit)) for width, word in zip(widest, least, strict=True)
            ]
            if sum(widths) <= available:
                return widths
    return [min(width, MIN_COLUMN_WIDTH) for width in widest]
