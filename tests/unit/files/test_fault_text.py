"""Values and places in the text of faults."""

from __future__ import annotations

import pytest

from groupsolver.errors import MAX_TEXT_SHOWN
from groupsolver.files.fault_text import path_of, shown, step


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (2**200, "a number of very many digits"),
        (0.5, "0.5"),
        ("a", "'a'"),
        ([], "an empty list"),
        ([1, 2], "a list of 2"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        (object(), "a value of type object"),
    ],
)
def test_a_value_is_described_without_its_items(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_path_has_indices_and_quotes_keys_that_are_no_names() -> None:
    data = {"hosts": [{"m1.small": {'q"': 1}}], "5": [1]}
    assert path_of(("hosts", 0, "m1.small", 'q"'), data) == 'hosts[0]["m1.small"]["q\\""]'
    assert path_of((5,), {5: 1}) == '["5"]'  # a key of a mapping, though a number
    assert path_of((), data) == ""
    assert path_of(("a" * 1000,), {}) == f'["{"a" * MAX_TEXT_SHOWN}..."]'


def test_a_step_into_what_is_not_there_is_none() -> None:
    assert step({"a": 1}, "a") == 1
    assert step([5], 0) == 5
    assert [step([5], 1), step({}, "a"), step("text", 0), step([5], "a")] == [None] * 4
