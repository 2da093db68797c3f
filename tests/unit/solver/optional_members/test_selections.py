"""Selections of members: their value, who is left out, and the smallest one."""

from __future__ import annotations

from typing import Any

from groupsolver import Application
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.solver.optional_members.selections import OpenSizes, OptionalClasses
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem

HOSTS = fleet(host("h1"), host("h2"))


def entries(*sizes: tuple[int, int, int]) -> list[dict[str, Any]]:
    return [
        {"resources": {"VCPU": vcpu}, "count": count, "value": value}
        for vcpu, count, value in sizes
    ]


def classes(of: Application) -> OptionalClasses:
    return OptionalClasses(compiled_problem(of, HOSTS))


def one_group(*sizes: tuple[int, int, int], at_least: int) -> Application:
    document = {"name": "A", "members": entries(*sizes), "at_least": at_least}
    return Application.model_validate({"groups": [document]})


def test_of_a_class_the_most_valuable_members_are_placed() -> None:
    # Two members of value 1, one of value 5 and one of value 2, all of one size.
    found = classes(one_group((1, 2, 1), (1, 1, 5), (1, 1, 2), at_least=1))
    assert found.whole == (4,)
    assert [found.value((placed,)) for placed in range(5)] == [0, 5, 7, 8, 9]
    assert found.left_out((2,)) == ["A/0", "A/1"]


def test_the_smallest_selection_has_small_members() -> None:
    found = classes(one_group((3, 2, 9), (1, 2, 1), at_least=3))
    assert found.smallest() == (1, 2)  # two of 1 VCPU, and one of 3


def test_a_group_of_groups_counts_what_its_groups_have_placed() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "at_least": 3}
    found = classes(app(group("A", 3, vcpu=2, at_least=2), group("B", 2), parent))
    # A needs two; the parent one more, of which those of B are smaller.
    assert found.smallest() == (2, 1)
    assert not found.alike()


def test_members_that_must_be_placed_are_in_every_selection() -> None:
    found = classes(app(group("A", 3, at_least=0), group("B", 2)))
    assert found.smallest() == (0, 2)
    assert found.value(found.whole) == 3
    assert found.optional == (0,)
    assert found.alike()


def test_the_order_of_growth_is_by_value_for_what_is_taken() -> None:
    found = classes(one_group((2, 2, 3), (1, 2, 2), (4, 1, 1), at_least=0))
    # 2 of 1 VCPU, 1.5 of 1 VCPU, a quarter.
    assert found.between((0, 0, 0), found.whole) == [1, 1, 0, 0, 2]


def test_sizes_of_groups_are_bounded() -> None:
    parent = {"name": "P", "groups": ["A", "B"]}
    running = ({"group": "A", "id": "old", "host": "h1"},)
    of = app(group("A", 3, at_least=2), group("B", 2), parent, existing=running)
    sizes = OpenSizes(Problem(of, HostIndex(HOSTS.levels, HOSTS.hosts, HOSTS.links)))
    assert [(sizes.least(name), sizes.most(name)) for name in ("A", "B", "P")] == [
        (3, 4),  # the running one and two of three
        (2, 2),
        (5, 6),
    ]
