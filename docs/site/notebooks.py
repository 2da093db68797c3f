"""Notebooks of the docs: their cells are run here, and shown with what they print.

They are run without a kernel: each code cell is Python alone, and its last expression is shown.
"""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "notebooks"


class Cell(NamedTuple):
    """A cell, and what it shows.

    Attributes
    ----------
    kind : {"markdown", "code"}
    source : str
    printed : str
        What it prints, and its last expression where this has no HTML.
    html : str
        The HTML of its last expression.
    """

    kind: str
    source: str
    printed: str = ""
    html: str = ""


def notebooks() -> list[Path]:
    """Return the notebooks, in the order of their names."""
    return sorted(FOLDER.glob("*.ipynb"))


def run(path: Path) -> Iterator[Cell]:
    """Run a notebook, in the current folder, and yield its cells with what they show."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield Cell("markdown", source)
            continue
        printed = io.StringIO()
        with redirect_stdout(printed):
            shown = _run_code(source, f"{path.name}, cell {number}", names)
        html = shown._repr_html_() if hasattr(shown, "_repr_html_") else ""
        if shown is not None and not html:
            printed.write(f"{shown!r}\n")
        yield Cell("code", source, printed.getvalue(), html)


def _run_code(source: str, where: str, names: dict[str, Any]) -> Any:
    """Run code, and return the value of its last statement where this is an expression."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
        exec(compile(tree, where, "exec"), names)  # noqa: S102 - the notebooks are our own
        return eval(compile(ast.Expression(last.value), where, "eval"), names)  # noqa: S307
    exec(compile(tree, where, "exec"), names)  # noqa: S102
    return None


def as_markdown(path: Path) -> str:
    """Return a notebook, run, as a page."""
    parts = []
    for cell in run(path):
        if cell.kind == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        if cell.printed:
            parts.append(f"```text\n{cell.printed.rstrip()}\n```")
        if cell.html:
            parts.append(f"<div>{cell.html}</div>")
    return "\n\n".join(parts) + "\n"
