"""The width of a terminal, and lines that are wrapped at it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len

from groupsolver.cli.output.terminal import terminal_width, wrapped

SENTENCE = "  1. cost 4  a host more in rack r04"


def test_a_line_stays_whole_where_there_is_no_terminal() -> None:
    assert wrapped(SENTENCE * 50, None) == [SENTENCE * 50]


@pytest.mark.parametrize("width", [1, 8, 20, 40])
def test_no_word_is_cut_or_lost_at_any_width(width: int) -> None:
    lines = wrapped(SENTENCE, width)
    assert " ".join(lines).split() == SENTENCE.split()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


def test_what_follows_is_below_the_text_of_its_item() -> None:
    assert wrapped(SENTENCE, 24) == ["  1. cost 4  a host more", "     in rack r04"]
    assert wrapped("optimal; one placed", 12) == ["optimal; one", "  placed"]
    assert wrapped("  a warning of two", 12) == ["  a warning", "    of two"]


def test_an_empty_line_stays() -> None:
    assert wrapped("", 20) == [""]


@pytest.mark.parametrize("text", ["名" * 30, "名前 " * 12, "e\u0301" * 30])
def test_a_line_of_another_script_is_as_wide_as_the_terminal_shows_it(text: str) -> None:
    # A Chinese character takes two columns, an accent of its own none: 60, 60 and 30 columns.
    lines = wrapped(text, 20)
    assert max(cell_len(line) for line in lines) == 20 - 1 * ("前" in text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_the_width_of_a_terminal_is_its_own_or_that_of_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert terminal_width(StringIO()) is None  # no terminal
    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width(terminal) == 80  # it does not say how wide it is
    for given, width in [("40", 40), ("0", 80), ("wide", 80)]:
        monkeypatch.setenv("COLUMNS", given)
        assert terminal_width(terminal) == width
