"""Items joined into disjoint sets."""

from __future__ import annotations

from groupsolver.model.disjoint_sets import DisjointSets


def test_at_first_each_item_is_alone() -> None:
    assert DisjointSets("abc").parts() == {item: frozenset(item) for item in "abc"}


def test_what_is_joined_step_by_step_is_one_set() -> None:
    sets = DisjointSets("abcdef")
    sets.join("ab")
    sets.join("cd")
    sets.join("bd")
    parts = sets.parts()
    assert parts["a"] is parts["d"]
    assert parts["a"] == frozenset("abcd")
    assert (parts["e"], parts["f"]) == (frozenset("e"), frozenset("f"))


def test_none_and_one_join_nothing() -> None:
    sets = DisjointSets("ab")
    sets.join([])
    sets.join("a")
    sets.join("aa")
    assert sets.parts()["a"] == frozenset("a")


def test_items_keep_the_order_in_which_they_were_given() -> None:
    sets = DisjointSets([3, 1, 2])
    sets.join([2, 3])
    assert list(sets.parts()) == [3, 1, 2]


def test_a_long_chain_is_joined_without_recursion() -> None:
    sets = DisjointSets(range(100_000))
    for item in range(99_999):
        sets.join((item + 1, item))
    assert len(sets.parts()[0]) == 100_000
