"""Rows of a table for other programs: CSV, plain values or JSON, of all columns or of some."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

from groupsolver.cli.options import Options
from groupsolver.cli.output.stdout import write
from groupsolver.cli.output.styled_lines import print_lines
from groupsolver.cli.output.text_table import titled_table
from groupsolver.errors import BadInput, Fault, nearest, one_line


def add_rows(parser: Any) -> None:
    """Add the form of the rows, and the columns."""
    form_help = "form of the rows alone, without what stands around them"
    forms = ("table", "csv", "value", "json")
    parser.add_argument("-f", "--format", dest="rows", choices=forms, help=form_help)
    column_help = "a column of the rows; may be given again (default: all)"
    parser.add_argument(
        "-c", "--column", dest="columns", action="append", metavar="COLUMN", help=column_help
    )


def rows_wanted(options: Options) -> bool:
    """Return whether the options ask for rows. Raises `BadInput` beside another ``--output``."""
    wanted = options.rows is not None or options.columns is not None
    if wanted and options.output != "table":
        message = "expected --output or --format, --column: one form of the answer"
        raise BadInput([Fault("wrong-value", "--output", message)])
    return wanted


def write_rows(options: Options, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write the columns that were asked for, in their order. Raises `BadInput`."""
    chosen = options.columns or list(titles)
    for name in chosen:
        if name not in titles:
            message = f"expected one of {', '.join(titles)}, found {name!r}{nearest(name, titles)}"
            raise BadInput([Fault("wrong-value", "--column", message)])
    indices = [titles.index(name) for name in chosen]
    cells = [[row[i] for i in indices] for row in rows]
    match options.rows:
        case "csv":
            text = StringIO()
            csv.writer(text, lineterminator="\n").writerows([chosen, *cells])
            write(text.getvalue())
        case "value":
            write("".join(f"{one_line(' '.join(row))}\n" for row in cells))
        case "json":
            data = [dict(zip(chosen, row, strict=True)) for row in cells]
            write(json.dumps(data, indent=2) + "\n")
        case _:
            print_lines(titled_table([chosen, *cells]))
