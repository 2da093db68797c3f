"""Which members may be left out, what they are worth, and how many must be placed."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, BadInput
from groupsolver.model.optional_members import (
    left_out_of,
    optional_values,
    requirements,
    without_members,
)
from tests.support.small import app, group


def ids(of: Application) -> list[str]:
    return [id_ for one in of.groups for id_ in optional_values(of) if id_.startswith(one.name)]


def test_all_members_below_a_group_with_at_least_are_optional() -> None:
    of = app(group("A", 2), group("B", 1), group("P", 1, groups=["A"], at_least=2))
    assert optional_values(of) == {"A/0": 1, "A/1": 1, "P/0": 1}
    (required,) = requirements(of)
    assert (required.group, required.least, required.available) == ("P", 2, 3)


def test_the_value_is_that_of_the_entry() -> None:
    entries = [
        {"resources": {"VCPU": 1}, "count": 2, "value": 3},
        {"resources": {"VCPU": 1}, "id": "last"},
    ]
    of = Application.model_validate({"groups": [{"name": "A", "members": entries, "at_least": 0}]})
    assert optional_values(of) == {"A/0": 3, "A/1": 3, "last": 1}


def test_members_of_the_file_that_run_already_are_placed() -> None:
    running = tuple({"group": "A", "id": id_, "host": "h1"} for id_ in ("A/0", "A/1", "old"))
    of = app(group("A", 5, at_least=3), existing=running)
    (required,) = requirements(of)
    assert (required.least, required.available) == (1, 3)  # 3 - 2; `old` is not in the file
    assert list(optional_values(of)) == ["A/2", "A/3", "A/4"]


def test_members_without_a_place_are_left_out_in_the_order_of_the_file() -> None:
    of = app(group("A", 3, at_least=1), group("B", 2))
    assert left_out_of(of, {"A/1": "h1"}) == ("A/0", "A/2")


@pytest.mark.parametrize("gone", [["A/2", "A/3"], ["A/0", "A/2"], []], ids=str)
def test_members_that_stay_keep_their_ids(gone: list[str]) -> None:
    of = without_members(app(group("A", 4, at_least=1)), gone)
    assert of.groups[0].at_least is None
    expected = [f"A/{n}" for n in range(4) if f"A/{n}" not in gone]
    named = [one.id or f"A/{at}" for one in of.groups[0].members for at in range(one.count)]
    assert named == expected


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([group("A", 2, at_least=3)], "expected at most the 2 members of the group, found 3"),
        ([group("A", 2), {"name": "P", "groups": ["A"], "at_least": 3}], "the 2 members"),
        ([group("A", 2, at_least=-1)], "at_least"),
        ([group("A", 2, at_least=True)], "at_least"),
    ],
)
def test_more_than_there_are_is_bad_input(groups: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Application(groups=groups)


@pytest.mark.parametrize("value", [0, -1, 10**9 + 1, 1.0, "1"])
def test_a_value_is_a_whole_number_from_1_to_a_thousand_million(value: Any) -> None:
    entry = {"resources": {"VCPU": 1}, "value": value}
    with pytest.raises(BadInput, match="value"):
        Application(groups=[{"name": "A", "members": [entry]}])


def test_faults_of_nesting_are_told_and_no_more() -> None:
    groups: list[dict[str, Any]] = [
        {"name": "A", "groups": ["B"], "at_least": 1},
        {"name": "B", "groups": ["A"]},
    ]
    with pytest.raises(BadInput) as caught:
        Application(groups=[*groups, group("C", 1)])
    assert [fault.code for fault in caught.value.faults] == ["nested-in-itself"]
