"""A partial assignment counts members by class and by host alike."""

from __future__ import annotations

from groupsolver.solver.search.partial_assignment import PartialAssignment
from tests.support.small import group, host
from tests.support.small_problems import SmallProblem


def problem() -> SmallProblem:
    return SmallProblem([group("A", 3), group("B", 2)], [host("h0", 8), host("h1", 8)], levels=())


def test_members_without_a_place_are_missing() -> None:
    assignment = PartialAssignment.of(problem().compiled, [(0, 0), (0, 1), (1, 1)])
    assert assignment.missing == [1, 1]
    assert assignment.classes_missing == [0, 1]
    assert not assignment.complete


def test_what_is_on_a_host_follows_each_change() -> None:
    assignment = PartialAssignment.of(problem().compiled, [(0, 0), (0, 0), (1, 0)])
    assert assignment.in_row == {0: {0: 2, 1: 1}}
    assignment.replace(0, [0, 1], {1: 3})
    assert assignment.in_row == {0: {1: 1}, 1: {0: 3}}
    assert assignment.on_rows == [{1: 3}, {0: 1}]
    assert assignment.missing == [0, 1]


def test_a_class_that_is_not_to_be_placed_is_not_missing() -> None:
    assignment = PartialAssignment.of(problem().compiled, [(0, 0), (0, 0), (0, 1)])
    assignment.absent = {1}
    assert assignment.complete
    assignment.absent = set()
    assert assignment.classes_missing == [1]


def test_a_copy_changes_without_the_original() -> None:
    assignment = PartialAssignment.of(problem().compiled, [(0, 0)])
    other = assignment.copy()
    other.clear(0)
    assert assignment.on_rows[0] == {0: 1}
    assert other.missing == [3, 2]


def test_the_first_ids_of_a_class_have_the_places() -> None:
    assignment = PartialAssignment.of(problem().compiled, [(0, 1), (0, 0)])
    assert assignment.placement() == {"A/0": "h0", "A/1": "h1"}
    assert assignment.assignments() == [(0, 0), (0, 1)]
