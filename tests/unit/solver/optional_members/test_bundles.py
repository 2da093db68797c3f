"""Bundles of groups: placed together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from groupsolver import Application, Fleet, compile_fleet
from groupsolver.solver.optional_members.pipeline import OptionalMembersSolve
from groupsolver.solver.optional_members.selections import Bundle, OptionalClasses
from groupsolver.solver.pipeline import answer
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem
from tests.support.small_problems import budget

THREE = app(group("A", 2), group("B", 2), group("C", 3))


def solved(of: Application, hosts: Fleet, bundles: Sequence[Bundle]) -> tuple[set[str], int, str]:
    """Return the groups with placed members, the bound of the bundles' value, and the status."""
    solve = OptionalMembersSolve(of, compile_fleet(hosts), "cost", budget(), answer, bundles)
    result = solve.run()
    assert result.placement is not None
    groups = {id_.partition("/")[0] for id_ in result.placement}
    return groups, solve.bundles_value_bound, result.status


def test_a_bundle_is_placed_whole() -> None:
    # Four places: C and two more members would not fit whole; A and B do.
    bundles = [Bundle((name,), 1) for name in "ABC"]
    assert solved(THREE, fleet(host("h1", 4)), bundles) == ({"A", "B"}, 2, "optimal")


def test_the_value_of_bundles_is_maximised() -> None:
    bundles = [Bundle(("A",), 1), Bundle(("B",), 1), Bundle(("C",), 3)]
    assert solved(THREE, fleet(host("h1", 4)), bundles) == ({"C"}, 3, "optimal")


def test_a_bundle_needs_others() -> None:
    # C is worth most but needs A, and both do not fit.
    bundles = [Bundle(("A",), 1), Bundle(("B",), 1), Bundle(("C",), 3, needs=(0,))]
    assert solved(THREE, fleet(host("h1", 4)), bundles) == ({"A", "B"}, 2, "optimal")


def test_nothing_is_placed_where_no_bundle_fits() -> None:
    bundles = [Bundle((name,), 1) for name in "ABC"]
    assert solved(THREE, fleet(host("h1", 1)), bundles) == (set(), 0, "optimal")


def test_optional_members_of_a_bundle_count_less_than_any_bundle() -> None:
    # A with 1 of its 4 members and B beside it are worth more than A with all 4.
    of = app(group("A", 4, at_least=1), group("B", 2))
    solve = OptionalMembersSolve(
        of,
        compile_fleet(fleet(host("h1", 4))),
        "cost",
        budget(),
        answer,
        [Bundle(("A",), 1), Bundle(("B",), 1)],
    )
    placement = solve.run().placement or {}
    assert sorted(placement) == ["A/0", "A/1", "B/0", "B/1"]
    assert solve.bundles_value_bound == 2


@pytest.mark.parametrize(
    ("selection", "placed"),
    [
        ((2, 2, 3), [0, 1, 2]),
        ((1, 2, 3), [1]),
        ((2, 0, 3), [0, 2]),
    ],
)
def test_what_a_selection_places(selection: tuple[int, ...], placed: list[int]) -> None:
    bundles = [Bundle(("A",), 5), Bundle(("B",), 6), Bundle(("C",), 7, needs=(0,))]
    classes = OptionalClasses(compiled_problem(THREE, fleet(host("h1", 9))), bundles)
    assert classes.placed_bundles(selection) == placed
    assert classes.value_of_bundles(selection) == sum(bundles[index].value for index in placed)


def test_a_placement_that_is_known_is_kept_unless_a_better_one_is_found() -> None:
    bundles = [Bundle((name,), 1) for name in "ABC"]
    hosts = compile_fleet(fleet(host("h1", 4)))
    solve = OptionalMembersSolve(THREE, hosts, "cost", budget(), answer, bundles)
    solve.begin_with([(0, 0), (0, 0), (1, 0), (1, 0)], most=2)
    assert len(solve.run().placement or {}) == 4


def test_a_bound_that_is_known_is_not_taken_for_the_value_of_all() -> None:
    # At most 34 % of two members of A, which is none, may be on h1, and no other host has room. The
    # model does not know how many members A has, so it offers A and B, worth 5, first.
    spread = {"kind": "spread", "level": "host", "at_most": {"h1": 34}}
    of = app(group("A", 2, spread), group("B", 3), group("C", 1))
    bundles = [Bundle(("A",), 2), Bundle(("B",), 3), Bundle(("C",), 1)]
    hosts = compile_fleet(fleet(host("h1", 5), host("h2", 0)))
    solve = OptionalMembersSolve(of, hosts, "cost", budget(), answer, bundles)
    solve.begin_with([(1, 0)] * 3, most=4)
    result = solve.run()
    assert {id_.partition("/")[0] for id_ in result.placement or {}} == {"B", "C"}
    assert (result.status, solve.bundles_value_bound) == ("optimal", 4)
