"""The scripts by which shells complete commands and options."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from groupsolver.cli.main import main

Captured = pytest.CaptureFixture[str]


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
