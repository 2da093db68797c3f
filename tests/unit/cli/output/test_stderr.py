"""Messages on standard error: wrapped on a terminal, whole elsewhere."""

from __future__ import annotations

import pytest

from groupsolver.cli.output.stderr import print_message
from tests.support.drivers.narrow_terminal import narrow_terminal

MESSAGE = "app.yaml: groups[0]: expected a group\nfleet.yaml: hosts: expected a list"


def test_a_message_is_wrapped_at_the_width_of_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow_terminal(monkeypatch, 26)
    print_message(MESSAGE)
    assert capsys.readouterr() == (
        "",
        "app.yaml: groups[0]:\n  expected a group\nfleet.yaml: hosts:\n  expected a list\n",
    )


def test_a_message_stays_whole_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    print_message(MESSAGE)
    assert capsys.readouterr() == ("", f"{MESSAGE}\n")


def test_signs_that_would_move_the_cursor_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_message("a\x1b[2Jb")
    assert capsys.readouterr().err == "a\\x1b[2Jb\n"
