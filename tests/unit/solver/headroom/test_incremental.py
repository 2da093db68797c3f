"""Copies that are placed some at a time by the ordinary solve."""

from __future__ import annotations

from groupsolver import Limits
from groupsolver.solver.budget import Budget
from groupsolver.solver.headroom.incremental import (
    assign_cells,
    improve,
    place_all,
    place_more,
)
from tests.support.headroom import placed_on
from tests.support.small import app, fleet, group, host

CELLS = [{"inventory": {"VCPU": 2}}, {"inventory": {"VCPU": 3}}]


def budget() -> Budget:
    return Budget(Limits(seconds=30, workers=1), None)


def test_copies_take_room_and_give_it_back_where_others_replace_them() -> None:
    placed = placed_on(app(group("A", 2)), fleet(host("a", 5, used={"VCPU": 1})))
    placed.add([({"A/0": "a", "A/1": "a"}, {})])
    assert placed.fleet.index["a"].used == {"VCPU": 3}  # 1 + 2
    placed.replace([])
    assert placed.fleet.index["a"].used == {"VCPU": 1}
    assert placed.copies == []


def test_members_in_cells_take_their_cells_room() -> None:
    made = fleet({"name": "a", "inventory": {"MEMORY_MB": 9}, "cells": CELLS})
    placed = placed_on(app(group("A", 1, vcpu=2)), made)
    placed.add([({"A/0": "a"}, {"A/0": "1"})])
    assert [cell.used for cell in placed.fleet.index["a"].cells] == [{}, {"VCPU": 2}]
    assert placed.fleet.index["a"].used == {}


def test_copies_are_placed_until_no_more_fit() -> None:
    placed = placed_on(app(group("A", 2, "anti-affinity")), fleet(host("a", 5), host("b", 3)))
    assert place_more(placed, 100, budget())  # proved: one copy more does not fit beside these
    assert len(placed.copies) == 3  # one member of each on the host of 3


def test_no_more_copies_are_placed_than_asked_for() -> None:
    placed = placed_on(app(group("A", 1)), fleet(host("a", 9)))
    assert not place_more(placed, 2, budget())
    assert len(placed.copies) == 2


def test_all_copies_at_once_or_a_proof_that_they_do_not_fit() -> None:
    placed = placed_on(app(group("A", 2)), fleet(host("a", 5)))
    copies, impossible = place_all(placed, 2, budget())
    assert not impossible
    assert [placement for placement, _ in copies] == [{"A/0": "a", "A/1": "a"}] * 2
    assert place_all(placed, 3, budget()) == ([], True)  # 6 VCPU


def test_copies_in_the_way_are_placed_again() -> None:
    # Members of 2 and 3 on hosts of 6 and 4 VCPU; a copy has one of each.
    application = app(group("A", 1, vcpu=2), group("B", 1, vcpu=3))
    placed = placed_on(application, fleet(host("a", 6), host("b", 4)))
    placed.add([({"A/0": "a", "B/0": "b"}, {})])
    # Left: 4 on the first host, 1 on the second: one of 2 and one of 3 do not fit.
    assert place_more(placed, 2, budget())
    assert len(placed.copies) == 1
    # 3 + 3 and 2 + 2 do.
    improve(placed, 2, budget())
    assert len(placed.copies) == 2
    assert placed.fleet.index["a"].used == {"VCPU": 6}


def test_a_copy_for_which_there_is_no_way_into_the_cells_is_left_out() -> None:
    # Cells of 2 and 3 VCPU hold two members of 2, though there are 5 VCPU in all.
    made = fleet({"name": "a", "inventory": {"MEMORY_MB": 9}, "cells": CELLS})
    placed = placed_on(app(group("A", 1, vcpu=2)), made)
    copies = assign_cells(placed, [({"A/0": "a"}, {})] * 3)
    assert sorted(cells["A/0"] for _, cells in copies) == ["0", "1"]
