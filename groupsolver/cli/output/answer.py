"""An answer in the form that was asked for: a table, JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from groupsolver.cli.output.stdout import write
from groupsolver.cli.output.styled_lines import Line, print_lines


def write_answer(output: str, data: Any, lines: Callable[[], Iterable[Line]]) -> None:
    """Write an answer: plain data as JSON or YAML, or the lines of its table."""
    if output == "table":
        print_lines(lines())
    else:
        write_data(output, data)


def write_data(output: str, data: Any) -> None:
    """Write plain data as JSON or YAML."""
    if output == "json":
        write(json.dumps(data, indent=2) + "\n")
        return
    from groupsolver.files import dump_yaml

    write(dump_yaml(data))
