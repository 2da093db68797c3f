"""One instance at a time, as Nova's ``FilterScheduler`` does.

Filter all hosts, take the best, never go back.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.baselines.common import Answer, Weigher, ground_of, settle, timed
from benchmarks.support.board import Board, own_groups, targets_first
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective


def place(
    app: Application, fleet: CompiledFleet, *, objective: Objective = "pack", seed: int = 0
) -> Answer:
    """Place by filter and weigh.

    Every policy has its filter here, at every level, which is more than Nova has. Requests
    come group by group in a random order, but a group after those it must be near to, as an
    operator would start them. The weigher is the objective's increase. A group that does not
    get all its instances is deleted again.
    """
    start = time.perf_counter()
    compiled = ground_of(app, fleet)
    board = Board(compiled)
    weigher = Weigher(board, objective)
    order = np.random.default_rng(seed).permutation(own_groups(compiled)).tolist()
    for group in targets_first(compiled, order):
        board.place_group(group, weigher.cheapest)
    return timed(settle(compiled, board.placement(), objective), start)
