"""What a domain counts: members, or child groups with a member there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver import AntiAffinity, compile_fleet
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from tests.support.small import app, fleet, group, host

MEMBERS = AntiAffinity(level="rack")
CHILDREN = AntiAffinity(level="rack", between="children")
# P has A and B below it, and a member of its own; h1 and h2 are in r1, h3 in r2.
PLACEMENT = {"A/0": "h1", "A/1": "h2", "B/0": "h3", "P/0": "h3"}


@pytest.fixture
def compiled() -> CompiledProblem:
    racks = {"h1": "r1", "h2": "r1", "h3": "r2"}
    hosts = [host(name, domains={"rack": rack}) for name, rack in racks.items()]
    three = compile_fleet(fleet(*hosts, levels=("rack",)))
    groups: list[dict[str, Any]] = [
        group("A", 2),
        group("B", 1),
        group("P", 1, groups=["A", "B"]),
    ]
    return CompiledProblem(Problem(app(*groups), three.index), three)


def test_members_are_counted_or_the_child_groups_that_have_any(compiled: CompiledProblem) -> None:
    view = View(compiled.problem, PLACEMENT)
    assert MEMBERS.tally("P", view) == {"r1": 2, "r2": 2}
    assert CHILDREN.tally("P", view) == {"r1": 1, "r2": 1}  # A in r1, B in r2; P/0 is of no child


def test_there_are_as_many_to_count_as_members_or_children_with_members(
    compiled: CompiledProblem,
) -> None:
    assert MEMBERS.size("P", compiled.problem) == 2 + 1 + 1
    assert CHILDREN.size("P", compiled.problem) == 2
    some = View(compiled.problem, {"A/0": "h1"})
    assert (MEMBERS.placed("P", some), CHILDREN.placed("P", some)) == (1, 1)


def test_the_next_member_of_a_child_that_is_there_adds_nothing(compiled: CompiledProblem) -> None:
    partial = Partial(compiled, np.arange(3, dtype=np.int64))
    r1 = compiled.fleet.code("rack", "r1")
    assert CHILDREN.added("P", "A", partial)[r1] == 1
    partial.put("A", 0)
    assert CHILDREN.added("P", "A", partial)[r1] == 0
    assert CHILDREN.added("P", "B", partial)[r1] == 1
    assert CHILDREN.added("P", "P", partial)[r1] == 0  # P's own members are of no child
    assert MEMBERS.added("P", "P", partial)[r1] == 1
    assert CHILDREN.tally_so_far("P", partial)[r1] == MEMBERS.tally_so_far("P", partial)[r1] == 1


def test_a_model_counts_uses_of_children_by_domain(compiled: CompiledProblem) -> None:
    rows = np.arange(3, dtype=np.int64)
    classes = compiled.member_classes
    most = [np.full(3, one.number, dtype=np.int64) for one in classes]
    builder = ModelBuilder(compiled, [rows] * len(classes), most, 1)
    by_child = CHILDREN.tallies("P", builder)
    assert {builder.high(count) for count in by_child.values()} == {2}  # A and B, 0 or 1 each
    by_member = MEMBERS.tallies("P", builder)
    # r1 has two hosts: 2 x 2 of A, 2 x 1 of B, 2 x 1 of P by the variables' bounds.
    assert builder.high(by_member[compiled.fleet.code("rack", "r1")]) == 4 + 2 + 2
