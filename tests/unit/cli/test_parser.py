"""The table of commands: every module of the folder is a command, and every command a module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import groupsolver.cli.commands
from groupsolver import __version__
from groupsolver.cli.main import main
from groupsolver.cli.parser import COMMANDS, parse

FOLDER = Path(groupsolver.cli.commands.__file__).parent


def test_every_module_of_the_folder_is_a_command() -> None:
    assert set(COMMANDS) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


def test_options_name_their_command() -> None:
    options = parse(["schema", "fleet"])
    assert (options.command, options.format) == ("schema", "fleet")


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "groupsolver", "--version"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == f"groupsolver {__version__}\n"


@pytest.mark.parametrize("columns", [80, 70, 60, 50, 40])
def test_the_help_cuts_no_word_at_a_hyphen(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for argv in (["group", "create"], ["whatif"]):
        assert main([*argv, "--help"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert not [line for line in lines if line.endswith("anti-")]
