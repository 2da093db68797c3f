"""Tables of text, and what is left out of them."""

from __future__ import annotations

from groupsolver.cli.output.text_table import MAX_CELL_WIDTH, more_line, table, titled_table


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
