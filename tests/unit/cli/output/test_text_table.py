"""Tables of text, and what is left out of them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from groupsolver.cli.output.text_table import (
    MAX_CELL_WIDTH,
    more_line,
    row_lines,
    table,
    titled_table,
)
from tests.support.drivers.narrow_terminal import narrow_terminal


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table([("id", "name"), ("1", "a"), ("22", "")]) == ["  id  name", "  1   a", "  22"]


def test_numbers_of_the_last_column_end_below_each_other() -> None:
    rows = [("member", "cost"), ("web/0", "7"), ("web/1", "1000000")]
    assert table(rows, indent="", numbers_last=True) == [
        "member     cost",
        "web/0         7",
        "web/1   1000000",
    ]


def test_a_cell_that_is_too_wide_moves_its_own_row_alone() -> None:
    wide = "x" * (MAX_CELL_WIDTH + 1)
    assert table([("a", "b"), (wide, "c")], indent="") == ["a  b", f"{wide}  c"]


def test_wide_characters_count_as_two_columns() -> None:
    assert table([("日本", "a"), ("x", "b")], indent="") == ["日本  a", "x     b"]


def test_the_first_row_may_be_titles() -> None:
    assert list(titled_table([("a", "b"), ("1", "2")])) == [("  a  b", "dim"), ("  1  2", "")]


def test_what_is_not_shown_is_counted() -> None:
    assert list(more_line(5, 5)) == []
    assert list(more_line(1205, 5)) == [("  and 1,200 more", "dim")]


ROWS = [
    ("member", "host", "rule", "cost"),
    ("web/0", "node-17.rack-3.example.org", "members of web run on hosts with an SSD", "36"),
    ("db/1", "node-2", "no two members of db run in one rack", "7"),
]


@pytest.mark.parametrize("width", [100, 80, 60, 40, 30])
def test_no_line_of_a_table_is_wider_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    rows = row_lines(ROWS, width, numbers_last=True)
    assert all(cell_len(line) <= width for lines in rows for line in lines)
    for cells, lines in zip(ROWS, rows, strict=True):
        # Cells of several lines are mixed, but have the same letters.
        assert sorted("".join(lines).replace(" ", "")) == sorted("".join(cells).replace(" ", ""))


def test_sentences_are_cut_before_names_are() -> None:
    # 2 + 6 + 2 + 26 + 2 + rule + 2 + 4 = 60: the rule has 16 columns.
    assert row_lines(ROWS, 60, numbers_last=True)[1] == [
        "  web/0   node-17.rack-3.example.org  members of web      36",
        "                                      run on hosts",
        "                                      with an SSD",
    ]


def test_where_nothing_else_helps_names_are_cut_too() -> None:
    # 2 + host + 2 + 4 = 16: the host has 8 columns.
    assert row_lines([("host", "cost"), ("node-17.example.org", "36")], 16) == [
        ["  host      cost"],
        ["  node-17.  36", "  example.", "  org"],
    ]


def test_a_table_that_is_piped_is_as_wide_as_it_is() -> None:
    assert [len(lines) for lines in row_lines(ROWS, None)] == [1, 1, 1]


@pytest.mark.parametrize("width", [1, 2, 5, 9, 12])
def test_a_table_is_there_however_narrow_the_terminal(width: int) -> None:
    rows = row_lines([("名前", "e\u0301e\u0301e\u0301"), ("日本語日本語", "x")], width)
    assert "".join("".join(lines) for lines in rows).count("日") == 2


def test_wide_characters_are_cut_at_their_width() -> None:
    # Three characters of two columns each, the gap, and three of one column each: 11 columns.
    assert row_lines([("日本語日本語", "e\u0301e\u0301e\u0301")], 11, indent="") == [
        ["日本語  e\u0301e\u0301e\u0301", "日本語"]
    ]


def test_titles_are_before_the_values_where_a_terminal_is_too_narrow_for_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [("host", "rack", "cost"), ("node-17.example.org", "r1", "36"), ("node-2", "r2", "7")]
    # 2 + 19 + 2 + 4 + 2 + 4 = 33 columns.
    narrow_terminal(monkeypatch, 33)
    assert len(list(titled_table(rows))) == 3
    narrow_terminal(monkeypatch, 32)
    assert [text for text, _ in titled_table(rows)] == [
        "  host  node-17.example.org",
        "  rack  r1",
        "  cost  36",
        "",
        "  host  node-2",
        "  rack  r2",
        "  cost  7",
    ]


def test_a_long_word_of_the_last_column_alone_is_cut_before_names_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [("id", "policies"), ("0123456789" * 2, 'required=["STORAGE_DISK_SSD"]')]
    # 2 + 20 + 2 + 16 = 40 columns.
    narrow_terminal(monkeypatch, 40)
    assert [text for text, _ in titled_table(rows)] == [
        "  id                    policies",
        '  01234567890123456789  required=["STORA',
        '                        GE_DISK_SSD"]',
    ]
