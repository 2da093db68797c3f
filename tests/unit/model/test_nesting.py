"""Groups of groups: descendants, ancestors and cycles."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.model.nesting import above_of, below_of, cycle_in


@dataclass(frozen=True)
class Node:
    name: str
    groups: tuple[str, ...] = ()


DIAMOND = [Node("top", ("left", "right")), Node("left", ("end",)), Node("right", ("end",))]
DIAMOND.append(Node("end"))


def test_a_group_is_below_and_above_itself() -> None:
    assert below_of([Node("A")]) == {"A": frozenset({"A"})}
    assert above_of({"A": frozenset({"A"})}) == {"A": frozenset({"A"})}


def test_a_group_below_two_others_is_below_what_is_above_them() -> None:
    below = below_of(DIAMOND)
    assert below["top"] == {"top", "left", "right", "end"}
    assert below["left"] == {"left", "end"}
    assert above_of(below)["end"] == {"top", "left", "right", "end"}
    assert above_of(below)["left"] == {"left", "top"}


def test_a_diamond_has_no_cycle() -> None:
    assert cycle_in(DIAMOND) == []


def test_a_cycle_is_named_from_where_it_closes() -> None:
    chain = [Node("A", ("B",)), Node("B", ("C",)), Node("C", ("B",))]
    assert cycle_in(chain) == ["B", "C", "B"]
    assert cycle_in([Node("A", ("A",))]) == ["A", "A"]


def test_groups_that_are_not_there_close_no_cycle() -> None:
    assert cycle_in([Node("A", ("gone",))]) == []


def test_groups_nest_deeper_than_python_recurses() -> None:
    chain = [Node(f"g{i}", (f"g{i + 1}",)) for i in range(5_000)]
    assert cycle_in([*chain, Node("g5000")]) == []
    assert cycle_in([*chain, Node("g5000", ("g0",))])[0] == "g0"
