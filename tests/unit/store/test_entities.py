"""A stored group: the projects that it admits, and the members that each of them may see."""

from __future__ import annotations

from groupsolver.store.entities import StoredGroup


def test_a_group_admits_its_own_project_and_those_with_a_grant() -> None:
    group = StoredGroup("g", "blue", "u", grants=("green",))
    admitted = [tenant for tenant in ("blue", "green", "red") if group.admits(tenant)]
    assert admitted == ["blue", "green"]


def test_each_project_sees_its_own_members_in_their_order() -> None:
    group = StoredGroup("g", "blue", "u", members=("a", "b", "c"), foreign={"b": "green"})
    assert group.members_of("blue") == ("a", "c")
    assert group.members_of("green") == ("b",)
    assert group.members_of("red") == ()
