"""The command and its streams: a terminal, with colour, progress and Ctrl-C; pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import FLEET, put, write

pty = pytest.importorskip("pty")
pytestmark = pytest.mark.usefixtures("interruptible")
ROOT = Path(__file__).parents[3]
APP = {"groups": [{"name": "LB", "members": [{"resources": {"VCPU": 1}}]}]}


class Terminal:
    """A process whose standard error, and output if asked, are a terminal."""

    def __init__(
        self, module: str, *argv: str, output: bool = True, env: dict[str, str] | None = None
    ) -> None:
        self._here, there = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *argv],
            stdin=there,
            stdout=there if output else subprocess.PIPE,
            stderr=there,
            cwd=ROOT,
            env={"PATH": "", "TERM": "xterm-256color", "COLUMNS": "100", **(env or {})},
        )
        os.close(there)
        self.text = ""

    def read_until(self, enough: Callable[[str], bool]) -> str:
        """Read until the text is enough, or the process ends."""
        with suppress(OSError):  # what Linux says at the end of a terminal
            while not enough(self.text) and (chunk := os.read(self._here, 65536)):
                self.text += chunk.decode()
        return self.text

    def end(self) -> int:
        """Read to the end; give the exit code."""
        self.read_until(lambda _: False)
        code = self.process.wait(timeout=60)
        if self.process.stdout is not None:
            self.text = self.process.stdout.read().decode()
            self.process.stdout.close()
        os.close(self._here)
        return code


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    return [
        "place",
        write(tmp_path, "app.json", APP),
        "--fleet",
        write(tmp_path, "fleet.json", FLEET),
    ]


def interrupted(how: str, argv: list[str], times: int = 1) -> Terminal:
    terminal = Terminal("tests.support.drivers.cli_driver", how, *argv)
    # A deaf solve tells nothing, but the spinner turns.
    terminal.read_until(
        lambda text: "incumbent 1234" in text or (how == "deaf" and text.count("solving") > 3)
    )
    terminal.process.send_signal(signal.SIGINT)
    for _ in range(times - 1):
        terminal.read_until(lambda text: "stopping with" in text)  # two that come at once are one
        terminal.process.send_signal(signal.SIGINT)
    return terminal


def test_progress_shows_incumbent_bound_gap_and_time(argv: list[str]) -> None:
    terminal = interrupted("finds", argv)
    assert terminal.end() == 0
    assert "search  incumbent 1234  bound 1200  gap 2.76%" in terminal.text  # 34 / 1234
    assert "0:00:00" in terminal.text


def test_ctrl_c_stops_the_solve_and_prints_the_best_so_far(argv: list[str]) -> None:
    terminal = interrupted("finds", argv)
    assert terminal.end() == 0
    assert (
        "feasible; 1 member placed; objective 1234 (pack), bound 1200, gap 2.75%" in terminal.text
    )
    assert "interrupted: this is the best answer found until then" in terminal.text
    assert "Traceback" not in terminal.text


def test_a_terminal_that_cannot_rewrite_a_line_shows_no_progress(argv: list[str]) -> None:
    terminal = Terminal("groupsolver", *argv, env={"TERM": "dumb"})
    assert terminal.end() == 0
    assert terminal.text.startswith("optimal; 1 member placed")
    assert "\x1b" not in terminal.text


def test_ctrl_c_with_nothing_found_ends_with_130(argv: list[str]) -> None:
    terminal = interrupted("lacks", argv)
    assert terminal.end() == 130
    assert "groupsolver: interrupted" in terminal.text
    assert "Traceback" not in terminal.text
    assert "no answer in time" not in terminal.text


def test_a_second_ctrl_c_leaves_at_once(argv: list[str]) -> None:
    terminal = interrupted("deaf", argv, times=2)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.text
    assert terminal.text.rstrip().endswith("groupsolver: interrupted")


def test_an_interrupt_where_nobody_looks_on_leaves_at_once_and_prints_nothing(
    argv: list[str], tmp_path: Path
) -> None:
    command, started = (
        [sys.executable, "-m", "tests.support.drivers.cli_driver", "deaf", *argv],
        tmp_path / "started",
    )
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "STARTED": str(started)},
    ) as process:
        end = time.monotonic() + 60
        while not started.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "groupsolver: interrupted\n")


def test_the_table_has_colour_on_a_terminal_alone(argv: list[str]) -> None:
    terminal = Terminal("groupsolver", *argv)
    assert terminal.end() == 0
    assert "\x1b[1;32moptimal; 1 member placed" in terminal.text
    terminal = Terminal(
        "groupsolver", *argv, output=False
    )  # progress on the terminal, the answer in a pipe
    assert terminal.end() == 0
    assert "\x1b" not in terminal.text
    assert terminal.text.startswith("optimal; 1 member placed")


def test_no_color_is_respected(argv: list[str]) -> None:
    terminal = Terminal("groupsolver", *argv, env={"NO_COLOR": "1"})
    assert terminal.end() == 0
    assert "32m" not in terminal.text


def run(
    *argv: str, stdout: Any = subprocess.PIPE, env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "groupsolver", *argv]
    ended = subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, check=False, text=True, cwd=ROOT, env=env
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_reader_that_has_gone_ends_the_command_quietly(argv: list[str]) -> None:
    for arguments in (["schema", "fleet"], argv, [*argv, "--output", "json"]):
        reader, writer = os.pipe()
        os.close(reader)
        code, _, err = run(*arguments, stdout=writer)
        assert (code, err) == (141, "")
        os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_answer_that_cannot_be_written_is_told(argv: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        for arguments in (["schema", "app"], argv):
            code, _, err = run(*arguments, stdout=full)
            assert code == 74
            assert err == "groupsolver: the answer cannot be written: No space left on device\n"


def test_names_that_the_stream_cannot_say_are_escaped(argv: list[str], tmp_path: Path) -> None:
    write(tmp_path, "app.json", put(APP, ["groups", 0, "name"], "caf\u00e9\u009b31m"))
    ascii_only = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    code, out, err = run(*argv, env=ascii_only)
    assert (code, err) == (0, "")
    assert r"caf\xe9\x9b31m/0" in out
    _, out, _ = run(*argv, "--output", "json", env=ascii_only)
    assert json.loads(out)["placement"].keys() == {"caf\u00e9\u009b31m/0"}
