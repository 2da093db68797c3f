"""Which groups are merged, and how the answer is dealt out to them."""

from __future__ import annotations

import pytest

from groupsolver.solver.presolve.group_chunks import chunks_of
from groupsolver.solver.presolve.interchangeable_groups import (
    MergedProblem,
    group_shape,
    merge_interchangeable,
)
from tests.support.small import group
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, in_rack

HOSTS = [in_rack("h0", "r0"), in_rack("h1", "r0"), in_rack("h2", "r1"), in_rack("h3", "r1")]


def problem_of(*groups: Doc, existing: list[Doc] | None = None) -> SmallProblem:
    return SmallProblem(list(groups), HOSTS, existing=existing or [])


def merged_of(*groups: Doc) -> MergedProblem:
    return merge_interchangeable(problem_of(*groups).compiled)


def names(merged: MergedProblem) -> list[str]:
    return list(merged.compiled.problem.groups)


def test_groups_that_only_their_names_tell_apart_become_one_with_chunks() -> None:
    merged = merged_of(group("A", 2, AFFINITY), group("B", 2, AFFINITY), group("C", 1))
    assert names(merged) == ["A", "C"]
    assert merged.original_classes == ((0, 1), (2,))
    (member_class, _) = merged.compiled.member_classes
    assert member_class.number == 4
    (chunks,) = chunks_of(merged.compiled.problem).values()
    assert (chunks.number, chunks.inner, chunks.per_host) == (2, "rack", None)


def test_a_limit_by_host_becomes_one_of_each_chunk() -> None:
    apart = APART | {"max_per_domain": 2}
    merged = merged_of(group("A", 3, AFFINITY, apart), group("B", 3, AFFINITY, apart))
    (chunks,) = chunks_of(merged.compiled.problem).values()
    assert chunks.per_host == 2


NEAR_A: Doc = {"kind": "near", "group": "A", "level": "rack"}
PARENT = {"name": "P", "groups": ["A", "B"]}
BETWEEN: Doc = {"kind": "anti-affinity", "between": "children"}


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([group("A", 2, AFFINITY), group("B", 1, AFFINITY)], "another size"),
        ([group("A", 2, AFFINITY), group("B", 2, APART)], "other policies"),
        ([group("A", 2), group("B", 2)], "no rule that binds to a domain"),
        ([group("A", 2, AFFINITY, NEAR_A | {"group": "C"}), group("C", 1)], "one group alone"),
        ([group(n, 2, AFFINITY) for n in "AB"] + [group("C", 1, NEAR_A)], "A is named"),
        (
            [group(n, 2, AFFINITY) for n in "AB"] + [PARENT | {"policies": [BETWEEN]}],
            "their parent counts them",
        ),
    ],
)
def test_groups_that_something_else_tells_apart_are_not_merged(groups: list[Doc], why: str) -> None:
    problem = problem_of(*groups)
    merged = merge_interchangeable(problem.compiled)
    assert merged.compiled is problem.compiled, why
    assert merged.to_original([(0, 1)]) == [(0, 1)]


def test_a_group_with_running_members_is_like_no_other() -> None:
    existing = [{"group": "A", "id": "old", "host": "h0", "resources": {"VCPU": 1}}]
    groups = [group("A", 2, AFFINITY), group("B", 2, AFFINITY)]
    problem = problem_of(*groups, existing=existing).compiled.problem
    assert group_shape(problem, "A") == "A"
    without = problem_of(*groups).compiled.problem
    assert group_shape(without, "A") == group_shape(without, "B")


def test_a_group_that_a_policy_names_is_like_no_other() -> None:
    groups = [group("A", 2, AFFINITY), group("B", 2, AFFINITY), group("C", 1, NEAR_A)]
    problem = problem_of(*groups).compiled.problem
    assert group_shape(problem, "A") == "A"
    assert group_shape(problem, "B") != "B"


def test_chunks_are_dealt_out_domain_by_domain() -> None:
    merged = merged_of(group("A", 2, AFFINITY), group("B", 2, AFFINITY))
    # Two members in rack r1 and two in r0: r0 goes to A, r1 to B.
    assignments = [(0, 3), (0, 0), (0, 2), (0, 1)]
    assert merged.to_original(assignments) == [(0, 0), (0, 1), (1, 2), (1, 3)]
    # Both chunks in r0: each group has one member on each host.
    both = [(0, 0), (0, 0), (0, 1), (0, 1)]
    assert merged.to_original(both) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_assignments_of_the_original_groups_are_ones_of_the_merged() -> None:
    merged = merged_of(group("A", 2, AFFINITY), group("B", 2, AFFINITY), group("C", 1))
    assert merged.to_merged([(0, 0), (1, 2), (2, 3)]) == [(0, 0), (0, 2), (1, 3)]
    assert merged.to_merged(None) is None


def test_cells_are_dealt_out_to_the_original_groups() -> None:
    merged = merged_of(group("A", 2, AFFINITY), group("B", 2, AFFINITY))
    # On h0 three of four members are in the first cell: both of A, and one of B.
    dealt = merged.cells_of_original({(0, 0): [3, 1]}, [(0, 0), (0, 0), (1, 0), (1, 0)])
    assert dealt == {(0, 0): [2, 0], (1, 0): [1, 1]}


def test_children_are_merged_below_each_parent_alone() -> None:
    shards = [group(f"{r}{s}", 1, AFFINITY) for r in "PQ" for s in (0, 1)]
    parents = [{"name": r, "groups": [f"{r}0", f"{r}1"]} for r in "PQ"]
    merged = merged_of(*shards, *parents)
    assert names(merged) == ["P0", "Q0", "P", "Q"]
    assert merged.original_classes == ((0, 1), (2, 3))
    problem = merged.original.problem
    assert group_shape(problem, "P") == group_shape(problem, "Q")
