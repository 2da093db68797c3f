"""Tables of text: cells that stand below each other, as wide as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.cli.output.styled_lines import Line
from groupsolver.errors import one_line

MAX_CELL_WIDTH = 80  # a wider cell does not push the cells of other rows to the right


def table(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", numbers_last: bool = False
) -> list[str]:
    """Return one line for each row, its cells padded to columns.

    A column is as wide as its widest cell of at most `MAX_CELL_WIDTH` columns of a terminal.
    The rest of a row with a wider cell moves to the right.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of the same length.
    indent : str
        What each line begins with.
    numbers_last : bool
        Whether the last column is aligned to the right.

    Examples
    --------
    >>> table([("member", "cost"), ("web/0", "36")], indent="", numbers_last=True)
    ['member  cost', 'web/0     36']
    """
    from rich.cells import cell_len  # loads rich, which `check` and `schema` do without

    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = []
    for column in zip(*clean, strict=True):
        sizes = [cell_len(cell) for cell in column]
        widths.append(max((size for size in sizes if size <= MAX_CELL_WIDTH), default=0))
    lines = []
    for row in clean:
        cells: list[str] = []
        for cell, width in zip(row, widths, strict=True):
            padding = " " * (width - cell_len(cell))
            is_number = numbers_last and len(cells) == len(row) - 1
            cells.append(padding + cell if is_number else cell + padding)
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def titled_table(rows: Sequence[Sequence[str]], *, numbers_last: bool = False) -> Iterator[Line]:
    """Yield the lines of a table whose first row is its titles."""
    titles, *body = table(rows, numbers_last=numbers_last)
    yield titles, "dim"
    for line in body:
        yield line, ""


def more_line(count: int, most: int) -> Iterator[Line]:
    """Yield ``"  and 5 more"`` where only the first `most` of a list are shown."""
    if count > most:
        yield f"  and {count - most:,} more", "dim"
