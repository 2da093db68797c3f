"""Rows of a table for other programs: CSV, plain values or JSON, of all columns or of some."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from groupsolver.cli.options import Options
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.stdout import write
from groupsolver.cli.output.styled_lines import Line, print_lines
from groupsolver.cli.output.text_table import titled_table
from groupsolver.errors import BadInput, Fault, nearest, one_line

Cell = str | int | float | None  # None: there is no such value
Row = Sequence[Cell]


def add_rows(parser: Any) -> None:
    """Add the form of the rows, and the columns."""
    forms = ("table", "csv", "value", "json")
    form_help = f"print the rows of the table alone: {', '.join(forms)}"
    parser.add_argument(
        "-f", "--format", dest="rows", choices=forms, metavar="FORM", help=form_help
    )
    column_help = "a column of the rows; may be given again (default: all)"
    parser.add_argument(
        "-c", "--column", dest="columns", action="append", metavar="COLUMN", help=column_help
    )


def rows_wanted(options: Options) -> bool:
    """Return whether the options ask for rows in place of the whole answer."""
    return options.rows is not None or options.columns is not None


def check_columns(options: Options, titles: Sequence[str]) -> None:
    """Check that the table has the columns that the options name.

    This comes before the work whose answer has the table.

    Raises
    ------
    BadInput
    """
    for name in options.columns or ():
        if name not in titles:
            message = f"expected one of {', '.join(titles)}, found {name!r}{nearest(name, titles)}"
            raise BadInput([Fault("wrong-value", "--column", message)])


def write_table(options: Options, titles: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table that is a whole answer: for people, or its rows. Raises `BadInput`."""
    if rows_wanted(options):
        write_rows(options, titles, rows)
    else:
        print_lines(titled_table([titles, *map(_texts, rows)], indent=""))


def write_rows(options: Options, titles: Sequence[str], rows: Iterable[Row]) -> None:
    """Write the columns that were asked for, in their order. Raises `BadInput`."""
    check_columns(options, titles)
    chosen = options.columns or list(titles)
    indices = [titles.index(name) for name in chosen]
    cells = [[row[i] for i in indices] for row in rows]
    match options.rows:
        case "csv":
            _write_csv(chosen, cells)
        case "value":
            write("".join(f"{one_line(' '.join(_texts(row)))}\n" for row in cells))
        case "json":
            data = [dict(zip(chosen, row, strict=True)) for row in cells]
            write(json.dumps(data, indent=2) + "\n")
        case _:
            print_lines(titled_table([chosen, *map(_texts, cells)]))


def write_fields(options: Options, fields: Mapping[str, Cell | Sequence[str]]) -> None:
    """Write the fields of one thing: as rows with a single row, and a value a line.

    Several values of one field are one text, but in JSON a list, and as values a line each.

    Raises
    ------
    BadInput
    """
    check_columns(options, list(fields))
    chosen = options.columns or list(fields)
    match options.rows:
        case "csv":
            _write_csv(chosen, [[_joined(fields[name]) for name in chosen]])
        case "value":
            lines = [text for name in chosen for text in _values(fields[name])]
            write("".join(f"{one_line(text)}\n" for text in lines))
        case "json":
            write(json.dumps({name: fields[name] for name in chosen}, indent=2) + "\n")
        case _:
            rows = [("field", "value"), *((name, _text(_joined(fields[name]))) for name in chosen)]
            print_lines(titled_table(rows))


def print_notes(lines: Iterable[Line]) -> None:
    """Print lines that belong to no row on standard error, as far as they are not empty."""
    for text, _ in lines:
        if text:
            print_message(text)


def _write_csv(titles: Sequence[str], rows: Sequence[Row]) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([titles, *rows])
    write(text.getvalue())


def _texts(row: Row) -> list[str]:
    return [_text(cell) for cell in row]


def _text(cell: Cell) -> str:
    # Never empty: columns are counted by what reads them.
    return "-" if cell is None or cell == "" else str(cell)


def _joined(field: Cell | Sequence[str]) -> Cell:
    if field is None or isinstance(field, str | int | float):
        return field
    return " ".join(field)


def _values(field: Cell | Sequence[str]) -> list[str]:
    if field is None or isinstance(field, str | int | float):
        return [_text(field)]
    return list(field)
