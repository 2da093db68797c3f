"""Rows of a table for other programs, in every form."""

from __future__ import annotations

import json

import pytest

from groupsolver.cli.options import Options
from groupsolver.cli.output.placement_rows import placement_titles
from groupsolver.cli.output.rows import print_notes, write_fields, write_rows, write_table
from tests.support.faults import faults

Captured = pytest.CaptureFixture[str]
TITLES = ("member", "cell", "cost")
ROWS = [("web/0", None, 36), ('say "hi", all', "numa-1", 7)]
FIELDS = {"id": "17", "name": None, "others": 2, "members": ["a", "b"]}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", 'member,cell,cost\nweb/0,,36\n"say ""hi"", all",numa-1,7\n'),
        ("value", 'web/0 - 36\nsay "hi", all numa-1 7\n'),
        (
            "table",
            """\
  member         cell    cost
  web/0          -       36
  say "hi", all  numa-1  7
""",
        ),
    ],
)
def test_rows_have_the_form_that_was_asked_for(form: str, text: str, capsys: Captured) -> None:
    write_rows(Options(rows=form), TITLES, ROWS)
    assert capsys.readouterr().out == text


def test_rows_in_json_keep_numbers_and_what_is_missing(capsys: Captured) -> None:
    write_rows(Options(rows="json", columns=["cost", "cell"]), TITLES, ROWS)
    rows = json.loads(capsys.readouterr().out)
    assert rows == [{"cost": 36, "cell": None}, {"cost": 7, "cell": "numa-1"}]


def test_a_column_alone_is_a_table(capsys: Captured) -> None:
    write_table(Options(columns=["cost"]), TITLES, ROWS)
    assert capsys.readouterr().out == "  cost\n  36\n  7\n"
    write_table(Options(), TITLES, ROWS[:1])
    assert capsys.readouterr().out == "member  cell  cost\nweb/0   -     36\n"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", "id,name,others,members\n17,,2,a b\n"),
        ("value", "17\n-\n2\na\nb\n"),
        ("table", "  field    value\n  id       17\n  name     -\n  others   2\n  members  a b\n"),
    ],
)
def test_fields_of_one_thing_have_the_form_that_was_asked_for(
    form: str, text: str, capsys: Captured
) -> None:
    write_fields(Options(rows=form), FIELDS)
    assert capsys.readouterr().out == text


def test_fields_in_json_keep_their_types(capsys: Captured) -> None:
    write_fields(Options(rows="json", columns=["members", "name", "others"]), FIELDS)
    assert json.loads(capsys.readouterr().out) == {"members": ["a", "b"], "name": None, "others": 2}


def test_a_column_that_is_not_there_is_an_error_before_anything_is_written(
    capsys: Captured,
) -> None:
    [fault] = faults(write_rows, Options(rows="csv", columns=["cots"]), TITLES, ROWS)
    assert (fault.path, fault.message) == (
        "--column",
        "expected one of member, cell, cost, found 'cots' (did you mean 'cost'?)",
    )
    assert capsys.readouterr().out == ""


def test_notes_go_to_standard_error(capsys: Captured) -> None:
    print_notes([("", ""), ("warnings", "bold"), ("  one", "yellow")])
    assert capsys.readouterr() == ("", "warnings\n  one\n")


def test_a_level_with_the_name_of_a_column_has_another_one() -> None:
    assert placement_titles(["zone", "cell"]) == (
        "group",
        "member",
        "host",
        "cell",
        "zone",
        "cell domain",
        "cost",
    )
