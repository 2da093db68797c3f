"""The pages of the docs, their blocks, and a folder in which they are executed."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: Path
    language: str
    info: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The commands of a console, each with what it prints; a backslash continues a line."""
        steps = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        found = []
        for step in steps:
            end = _end(step)
            found.append((step[:end], step[end + 1 :]))
        return found

    @property
    def printed(self) -> str:
        """What Python code says that it prints: in a comment after each `print`."""
        return "".join(
            f"{line}\n" for line in re.findall(r"^ *print\(.*  # (.+)$", self.text, re.MULTILINE)
        )


def _end(step: str) -> int:
    end = step.index("\n")
    while step[end - 1] == "\\":
        end = step.index("\n", end + 1)
    return end


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, found[1], found[2].strip(), found[3], text.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def same(expected: str, got: str) -> bool:
    """Compare what is shown with what was printed; ``...`` stands for anything."""
    plain = "\n".join(line.rstrip() for line in got.splitlines()) + "\n"
    return doctest.OutputChecker().check_output(expected, plain, doctest.ELLIPSIS)


def playground(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with the examples, where commands and code of the docs may leave files."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    command = folder / "bin" / "groupsolver"
    command.parent.mkdir()
    code = "import sys; from groupsolver.cli.main import main; sys.exit(main())"
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{code}' \"$@\"\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(folder)
    return folder
