"""What the docs show with a server is run, block after block, as a reader would run it.

``console serve``
    Left running; what it prints first is compared.
``console server``
    Typed into one shell while that runs; outputs are compared, ``...`` matches anything.
``python server``
    Executed meanwhile, all of a page in one namespace.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO

import pytest

from tests.support.doc_pages import BLOCKS, Block, blocks_of, playground, same

KINDS = {("console", "serve"), ("console", "server"), ("python", "server")}
SERVED = sorted({block.page for block in BLOCKS if (block.language, block.info) in KINDS})
PORT = "8774"  # as the docs have it; any free one takes its place
PROGRAMS = ("curl", "openstack")
LONG = 120  # seconds; each block takes a few


@contextmanager
def within(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process and its children after a time, so that nothing waits for their output."""
    timer = Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def started(*words: str, errors: int | IO[str]) -> subprocess.Popen[str]:
    """Start a program in a session of its own, so that its children can be found."""
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


class Shell:
    """A shell into which commands are typed."""

    def __init__(self) -> None:
        self._bash = started("bash", "--norc", errors=subprocess.STDOUT)

    def run(self, command: str) -> str:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(
            f"{{ {command}\n}} < /dev/null\ncode=$?; echo; echo '=== done'; (exit $code)\n"
        )
        self._bash.stdin.flush()
        lines: list[str] = []
        with within(LONG, self._bash):
            for line in self._bash.stdout:
                if line == "=== done\n":
                    return "".join(lines).removesuffix("\n")
                lines.append(line)
        raise AssertionError(f"the shell has ended: {command}: {''.join(lines)}")

    def close(self) -> None:
        self._bash.kill()
        self._bash.communicate(timeout=30)


class Server:
    """What a ``console serve`` block starts."""

    def __init__(self, block: Block, log: Path) -> None:
        ((command, expected),) = block.steps
        words = [*shlex.split(command), "--port", "0"]
        with log.open("w") as errors:
            self.process = started(*words, errors=errors)
        assert self.process.stdout is not None
        with within(LONG, self.process):
            shown = "".join(self.process.stdout.readline() for _ in expected.splitlines())
        found = re.search(r"http://127\.0\.0\.1:([0-9]+)", shown)
        self.port = found[1] if found else ""
        self.log = log
        if not same(expected, self.here(shown)):
            self.process.kill()
            self.process.communicate(timeout=30)
            raise AssertionError(shown + log.read_text())

    def there(self, text: str) -> str:
        """Return what the docs show as it is typed here."""
        return text.replace(PORT, self.port)

    def here(self, text: str) -> str:
        """Return what was printed as the docs show it."""
        return text.replace(f":{self.port}", f":{PORT}")

    def trouble(self) -> str:
        """Return the lines of the log about errors."""
        return "\n".join(
            line for line in self.log.read_text().splitlines() if '"level":"error"' in line
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        with within(30, self.process):
            self.process.communicate()
        assert self.process.returncode == 0


def missing_in(block: Block) -> list[str]:
    return [
        name
        for name in PROGRAMS
        if re.search(rf"\b{name}\b", block.text) and shutil.which(name) is None
    ]


def test_there_is_a_page_with_a_server() -> None:
    assert [page.name for page in SERVED] == ["five-minutes.md"]


@pytest.mark.integration
@pytest.mark.skipif(sys.platform == "win32", reason="the docs speak to a shell")
@pytest.mark.parametrize("page", SERVED, ids=lambda page: page.name)
def test_a_page_with_a_server_prints_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playground(tmp_path, monkeypatch)
    for name in [
        name for name in os.environ if name.startswith("OS_") or name.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(name)
    # The command `openstack` is installed beside Python.
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    start, *blocks = [block for block in blocks_of(page) if (block.language, block.info) in KINDS]
    assert start.info == "serve"
    server, shell = Server(start, tmp_path / "log"), Shell()
    names: dict[str, object] = {"__name__": "__main__"}
    left_out: dict[str, list[str]] = {}
    try:
        for block in blocks:
            if missing := missing_in(block):
                left_out[str(block)] = missing
            elif block.language == "python":
                exec(
                    compile(server.there(block.text), str(block), "exec", dont_inherit=True), names
                )
                assert same(block.printed, server.here(capsys.readouterr().out)), str(block)
            else:
                typed(shell, block, server)
    finally:
        shell.close()
        server.stop()
    if left_out:
        pytest.skip(f"all the rest is as shown; not run, as a program is missing: {left_out}")


def typed(shell: Shell, block: Block, server: Server) -> None:
    for command, expected in block.steps:
        printed = server.here(shell.run(server.there(command)))
        assert same(expected, printed) or (expected == "" and printed.strip() == ""), (
            f"{block}: {command}\n{printed}\n{server.trouble()}"
        )
