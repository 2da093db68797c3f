"""The groups of a cluster, and what relates them."""

from __future__ import annotations

from dataclasses import replace

from groupsolver.cluster.state.group_table import GroupTable
from groupsolver.store.entities import StoredGroup
from tests.support.draws.store_contents import policy

A = StoredGroup("a", "t", "u", groups=("b", "gone"))
B = StoredGroup("b", "t", "u", groups=("c",))
C = StoredGroup("c", "t", "u")
NEAR_C = policy({"kind": "near", "group": "c"})
ALONE = policy({"kind": "exclusive"})
SAFE = policy({"kind": "survives", "level": "host"})


def test_groups_below_include_the_group_and_leave_out_what_is_not_there() -> None:
    groups = GroupTable([A, B, C])
    assert {key: groups.below(key) for key in groups} == {
        "a": {"a", "b", "c"},
        "b": {"b", "c"},
        "c": {"c"},
    }
    assert groups.below("gone") == frozenset()


def test_groups_above_include_the_group_and_those_that_come_later() -> None:
    groups = GroupTable([C, B])
    assert groups.above(["c"]) == {"b", "c"}
    groups.put(A)
    assert groups.above(["c"]) == {"a", "b", "c"}
    groups.remove("b")
    assert groups.above(["c"]) == {"c"}
    assert groups.above(["b"]) == frozenset()


def test_policies_that_name_a_group_or_bind_all_comers_concern_new_members() -> None:
    naming = replace(A, policies=(NEAR_C,))
    wide = replace(B, groups=(), policies=(ALONE,))
    groups = GroupTable([naming, wide, C, StoredGroup("d", "t", "u", policies=(SAFE,))])
    assert groups.concerning(["c"]) == {"a", "b", "d"}
    assert groups.concerning(["b"]) == {"b", "d"}
    groups.put(replace(naming, policies=()))
    groups.put(replace(wide, policies=()))
    groups.remove("d")
    assert groups.concerning(["c"]) == frozenset()


def test_members_come_and_go_without_changing_the_relations() -> None:
    groups = GroupTable([replace(A, policies=(NEAR_C,)), B, C])
    groups.put(replace(groups["a"], members=("m",)))
    assert groups["a"].members == ("m",)
    assert groups.concerning(["c"]) == {"a"}
    assert groups.above(["c"]) == {"a", "b", "c"}


def test_a_copy_changes_without_the_original() -> None:
    groups = GroupTable([A, B, C])
    other = groups.updated(
        replace(C, policies=(ALONE,), groups=("b2",)), StoredGroup("b2", "t", "u")
    )
    other.remove("a")
    assert (list(groups), list(other)) == (["a", "b", "c"], ["b", "c", "b2"])
    assert groups.concerning([]) == frozenset()
    assert other.concerning([]) == {"c"}
    assert groups.above(["b"]) == {"a", "b"}
    assert other.above(["b2"]) == {"b", "c", "b2"}
