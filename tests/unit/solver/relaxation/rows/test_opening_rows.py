"""Rows for what openings cost at least: what they are worth, and what they prepay."""

from __future__ import annotations

import numpy as np

from groupsolver.solver.presolve.openings import Opening, OpeningFloor
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.rows.opening_rows import OpeningRows


def block_of(*floors: OpeningFloor) -> Block:
    points = np.array([4, 4, 4], dtype=np.int64)
    opening = Opening((0,), "host", points, 0, 0, None, floors, 8)
    return Block((0,), None, "host", 4, opening=opening)


def test_duals_prepay_prices_of_the_domains_of_their_floor() -> None:
    every, some = np.array([True, True, True]), np.array([True, False, False])
    rows = OpeningRows(0, block_of(OpeningFloor(every, 8), OpeningFloor(some, 4)))
    rows.dual[:] = [0.5, 0.25]
    assert rows.prepaid().tolist() == [0.75, 0.5, 0.5]
    assert rows.prepaid_outside() == 0.75
    assert rows.worth() == 0.5 * 8 + 0.25 * 4


def test_a_block_of_fewer_classes_has_no_floors() -> None:
    floor = OpeningFloor(np.array([True, True, True]), 8)
    block = block_of(floor)
    assert block.floors == (floor,)
    assert Block((0, 1), None, "host", 4, opening=block.opening).floors == ()
