"""Limits on the number of things in a body."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from groupsolver.wire.count_limits import NAMES, POLICIES_SIZE, at_most, small_policies


def test_a_list_that_is_too_long_is_one_error_whatever_is_in_it() -> None:
    adapter = TypeAdapter(Annotated[list[int], at_most(2)])
    assert adapter.validate_python([1, 2]) == [1, 2]
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(["x", "y", "z"])
    assert [error["msg"] for error in caught.value.errors()] == ["expected at most 2 here, found 3"]


@pytest.mark.parametrize(
    "policy",
    [
        {"required": ["T"] * (NAMES + 1)},
        {"minimum": {f"R{i}": 1 for i in range(NAMES + 1)}},
        # 1 list inside + 500 names each, in two lists: 2 x 501 = 1002.
        {"any_of": [["T"] * 500], "all_of": [["T"] * 500]},
    ],
    ids=["a list", "a mapping", "nested lists"],
)
def test_names_of_a_policy_are_counted_in_all_its_lists_and_mappings(policy: Any) -> None:
    with pytest.raises(PydanticCustomError, match=r"found 100[12] in policies\[1\]"):
        small_policies([{"kind": "near"}, policy])


def test_policies_are_bounded_by_their_text() -> None:
    fits = [{"note": "a" * 1000}] * 60
    assert small_policies(fits) is fits
    with pytest.raises(PydanticCustomError, match=f"at most {POLICIES_SIZE} characters"):
        small_policies([{"note": "a" * 1000}] * 70)
    assert small_policies("no list") == "no list"
