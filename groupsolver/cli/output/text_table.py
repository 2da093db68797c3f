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
MIN_LAST_WIDTH = 16  # of a last column whose words are cut, and no others
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
    clean = [[one_line(cell) for cell in row] for row in rows]
    if width is None or _wanted_width(clean, indent) <= width:
        widths = _column_widths(clean, most=MAX_CELL_WIDTH)
        return [[_line(row, widths, indent, numbers_last)] for row in clean]
    available = width - _width_around(clean, indent)
    words = _word_widths(clean)
    least = words if sum(words) <= available else [MIN_COLUMN_WIDTH] * len(words)
    widths = _narrowed(_column_widths(clean), least, available)
    lines = []
    for row in clean:
        cells = [
            cut(cell, column, within_words=True) for cell, column in zip(row, widths, strict=True)
        ]
        parts = zip_longest(*cells, fillvalue="")
        lines.append([_line(part, widths, indent, numbers_last) for part in parts])
    return lines


def titled_rows(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers_last: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return the lines of a table's titles, which are its first row, and those of each other row.

    Where the terminal is so narrow that words would be cut, also before the last column, there
    are no titles: each row is an empty line and a line for each column, with the column's title.
    """
    width = terminal_width(sys.stdout)
    if width is None or _fits_by_words(rows, width, indent):
        titles, *body = row_lines(rows, width, indent=indent, numbers_last=numbers_last)
        return titles, body
    first, *others = rows
    records = []
    for row in others:
        fields = row_lines(list(zip(first, row, strict=True)), width, indent=indent)
        records.append(["", *(line for lines in fields for line in lines)])
    return [], records


def titled_table(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers_last: bool = False
) -> Iterator[Line]:
    """Yield the lines of a table whose first row is its titles."""
    titles, body = titled_rows(rows, indent=indent, numbers_last=numbers_last)
    for line in titles:
        yield line, "dim"
    for i, row in enumerate(body):
        between = 0 if titles or i else 1  # no empty line above the first row
        for line in row[between:]:
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


def _column_widths(rows: Sequence[Sequence[str]], *, most: int | None = None) -> list[int]:
    """Return the widest cell of each column, or the widest of those of at most `most`."""
    from rich.cells import cell_len  # loads rich, which `schema` does without

    widths = []
    for column in zip(*rows, strict=True):
        sizes = [cell_len(cell) for cell in column]
        widths.append(max((size for size in sizes if most is None or size <= most), default=0))
    return widths


def _word_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the longest word of each column; of the last one, what it should have at least.

    The last column is the one with sentences and lists: a long word there may be cut, so that the
    names before it are not.
    """
    from rich.cells import cell_len

    widths = [
        max((cell_len(word) for cell in column for word in cell.split()), default=0)
        for column in zip(*rows, strict=True)
    ]
    return [*widths[:-1], *(min(width, MIN_LAST_WIDTH) for width in widths[-1:])]


def _width_around(rows: Sequence[Sequence[str]], indent: str) -> int:
    """Return how many columns of the terminal no cell has."""
    columns = len(rows[0]) if rows else 0
    return len(indent) + len(GAP) * max(columns - 1, 0)


def _wanted_width(rows: Sequence[Sequence[str]], indent: str) -> int:
    return _width_around(rows, indent) + sum(_column_widths(rows))


def _fits_by_words(rows: Sequence[Sequence[str]], width: int, indent: str) -> bool:
    """Return whether a table has room where its cells are cut between words."""
    clean = [[one_line(cell) for cell in row] for row in rows]
    return _width_around(clean, indent) + sum(_word_widths(clean)) <= width


def _narrowed(widest: Sequence[int], least: Sequence[int], available: int) -> list[int]:
    """Return widths of columns whose sum is at most `available`, the widest ones cut to one width.

    No column is narrower than `least`, whatever their sum is then.
    """
    widths = list(widest)
    for limit in range(available, -1, -1):
        widths = [
            min(width, max(lowest, limit)) for width, lowest in zip(widest, least, strict=True)
        ]
        if sum(widths) <= available:
            break
    return widths
