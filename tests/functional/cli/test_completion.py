"""The scripts by which shells complete commands, options and names of files."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupsolver.cli.main import main

pty = pytest.importorskip("pty")
Captured = pytest.CaptureFixture[str]
BASH = shutil.which("bash")
SECONDS = 60.0  # for a shell on a busy machine to answer; a key takes it some milliseconds
PROMPT = "ready> "
BELL = "\a"  # of a shell that does not know how to go on


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_names_commands_and_options_and_its_shell_reads_it(
    shell: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name in ("place", "remove-host", "time-limit"):
        assert name in out
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(out)
        subprocess.run([shell, "-n", str(script)], check=True, timeout=30)


def test_an_unknown_shell_is_bad_usage(capsys: Captured) -> None:
    assert main(["completion", "fsh"]) == 2
    assert "(did you mean 'fish'?)" in capsys.readouterr().err


def test_zsh_completes_files_where_the_help_says_file(capsys: Captured) -> None:
    assert main(["completion", "zsh"]) == 0
    out = capsys.readouterr().out
    assert '"--fleet[the fleet, YAML or JSON]:FILE:_files"' in out
    assert '"--application[those of an application]:NAME:"' in out


class Bash:
    """An interactive bash in a terminal of its own, which has read the script."""

    def __init__(self, folder: Path, script: Path) -> None:
        self._here, there = pty.openpty()
        self._shown = ""
        self.process = subprocess.Popen(
            [str(BASH), "--norc", "--noprofile", "-i"],
            stdin=there,
            stdout=there,
            stderr=there,
            cwd=folder,
            env={"PATH": os.defpath, "PS1": PROMPT, "TERM": "dumb", "HISTFILE": ""},
            start_new_session=True,  # a key is no signal to the tests
        )
        os.close(there)
        self._type("bind 'set enable-bracketed-paste off'\n")
        self._type(f"source '{script}'\n")
        self._type("echo s''ourced\n")
        self._read_until("sourced\r\n" + PROMPT)

    def after_tab(self, typed: str, awaited: str, *, tabs: int = 1) -> str:
        """Type a text and TAB, and read what the shell shows until `awaited`; empty the line."""
        self._shown = ""
        self._type(typed + "\t" * tabs)
        shown = self._read_until(awaited)
        self._type("\x15")  # Ctrl-U
        self._type("echo d''one\n")
        # At its prompt, bash reads keys one by one: what comes before is echoed by the terminal.
        self._read_until("done\r\n" + PROMPT)
        return shown

    def end(self) -> None:
        self.process.kill()
        self.process.wait(timeout=SECONDS)
        os.close(self._here)

    def _type(self, text: str) -> None:
        os.write(self._here, text.encode())

    def _read_until(self, awaited: str) -> str:
        deadline = time.monotonic() + SECONDS
        while awaited not in self._shown:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self._here], [], [], max(left, 0))
            assert readable, f"expected {awaited!r} within {SECONDS} s, found {self._shown!r}"
            self._shown += os.read(self._here, 65536).decode()
        return self._shown


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    if BASH is None:
        pytest.skip("needs bash")
    folder = tmp_path_factory.mktemp("completion")
    for name in ("fleet.yaml", "web app.json", "notes.txt"):
        (folder / name).touch()
    script = folder / ".script"
    # Standard output of the test itself may be a terminal: the script goes to a file.
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr("groupsolver.cli.commands.completion.write", written.append)
        assert main(["completion", "bash"]) == 0
    script.write_text("".join(written))
    shell = Bash(folder, script)
    yield shell
    shell.end()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("groupsolver pla", "groupsolver place "),
        ("groupsolver place --time", "groupsolver place --time-limit "),
        ("groupsolver cluster add", "groupsolver cluster add-host "),
        ("groupsolver place a.yaml --objective sp", "groupsolver place a.yaml --objective spread "),
        ("groupsolver cluster show -f cs", "groupsolver cluster show -f csv "),
        ("groupsolver place --fleet fl", "groupsolver place --fleet fleet.yaml "),
        ("groupsolver cluster show --cluster fl", "groupsolver cluster show --cluster fleet.yaml "),
        ("groupsolver place we", r"groupsolver place web\ app.json "),
        ("groupsolver check a.yaml --placement no", "check a.yaml --placement notes.txt "),
    ],
)
def test_tab_completes_in_a_real_bash(bash: Bash, typed: str, line: str) -> None:
    assert line in bash.after_tab(typed, line)


def test_two_tabs_list_what_is_possible(bash: Bash) -> None:
    listed = bash.after_tab("groupsolver place a.yaml --output ", "yaml   \r\n", tabs=2)
    assert "json   table  yaml" in listed


def test_a_name_is_not_taken_for_a_file(bash: Bash) -> None:
    assert "fleet" not in bash.after_tab("groupsolver place a.yaml --name fl", BELL)
