"""Tests that run over data: each value that fails is reported."""

from __future__ import annotations

import pytest

from tests.support.loops import looped, seeds


def test_every_value_that_fails_is_reported() -> None:
    @looped("number", range(6))
    def test(number: int) -> None:
        assert number % 3

    with pytest.raises(ExceptionGroup, match="2 of 6 values of number") as caught:
        test()
    notes = [error.__notes__ for error in caught.value.exceptions]
    assert notes == [["where number is 0"], ["where number is 3"]]


@looped("one", "ab")
@looped("two", seeds(30))
def test_loops_are_nested_and_fixtures_are_there(
    one: str, two: int, request: pytest.FixtureRequest
) -> None:
    assert one in "ab"
    assert two >= 0
    assert request.node.name == "test_loops_are_nested_and_fixtures_are_there"
