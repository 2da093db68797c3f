"""Lines that are wrapped at a terminal's width."""

from __future__ import annotations

import pytest

from groupsolver.cli.output.styled_lines import wrapped

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


def test_an_empty_line_stays() -> None:
    assert wrapped("", 20) == [""]
