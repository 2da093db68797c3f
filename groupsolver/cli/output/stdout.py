"""Standard output, which may be full or have lost its reader."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from groupsolver.errors import one_line


class CannotWriteError(Exception):
    """Standard output took no more; `error` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


def write(text: str) -> None:
    """Write to standard output, at once. Raises `CannotWriteError`."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise CannotWriteError(error) from None


def give(output: str, data: Any, lines: Callable[[], Iterable[tuple[str, str]]]) -> None:
    """Write an answer: plain data as JSON or YAML, or the lines of its table, each with a style."""
    if output == "json":
        write(json.dumps(data, indent=2) + "\n")
    elif output == "yaml":
        from groupsolver.files import dump_yaml

        write(dump_yaml(data))
    else:
        from groupsolver.cli.output.styled_lines import print_lines  # brings rich

        print_lines(lines())


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Give rows as lines whose cells stand below each other."""
    from rich.cells import cell_len

    clean = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*clean, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        for row in clean
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)
