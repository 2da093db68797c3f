"""First-fit decreasing by group.

The best of three orders, one domain after another for groups that share one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.baselines.common import Answer, Weigher, ground_of, settle, timed
from benchmarks.support.board import Board, own_groups, targets_first
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.registry import Application
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective

_STARTS = 60  # domains that a group tries before it is given up

_BOUND = (Affinity, NetworkProximity)  # to one domain


def _members(board: Board, group: str) -> float:
    """Total demand, as a share of what the fleet has free."""
    demand: dict[str, int] = {}
    for i in board.member_classes_of(group):
        for name, amount in board.compiled.member_classes[i].size:
            demand[name] = demand.get(name, 0) + amount * board.compiled.member_classes[i].number
    return -max(amount / max(1, int(board.free[name].sum())) for name, amount in demand.items())


def _choice(board: Board, group: str) -> float:
    """Hosts to choose from, for the member that has fewest."""
    roomy = board.roomy(group)
    return min(int((board.open_to(i) & roomy).sum()) for i in board.member_classes_of(group))


def _largest(board: Board, group: str) -> float:
    """Size of the largest member, as a share of the largest room."""
    sizes = [
        (name, amount)
        for i in board.member_classes_of(group)
        for name, amount in board.compiled.member_classes[i].size
    ]
    return -max(amount / max(1, int(board.free[name].max())) for name, amount in sizes)


ORDERS: tuple[Callable[[Board, str], float], ...] = (_members, _choice, _largest)


def place(
    app: Application, fleet: CompiledFleet, *, objective: Objective = "pack", seed: int = 0
) -> Answer:
    """Place by first-fit decreasing, hosts sorted by the objective's increase.

    `seed` breaks ties of order.
    """
    start = time.perf_counter()
    answers = list(in_each_order(app, fleet, objective=objective, seed=seed))
    return timed(min(answers, key=lambda answer: answer.rank), start)


def in_each_order(
    app: Application, fleet: CompiledFleet, *, objective: Objective = "pack", seed: int = 0
) -> Iterator[Answer]:
    """Yield the answer of each order as soon as it is there."""
    compiled = ground_of(app, fleet)
    rng = np.random.default_rng(seed)
    for key in ORDERS:
        board = Board(compiled)
        groups = rng.permutation(own_groups(compiled)).tolist()
        order = sorted(groups, key=lambda group, key=key, board=board: key(board, group))  # type: ignore[misc]
        weigher = Weigher(board, objective)
        for group in targets_first(compiled, order):
            _place_group(board, weigher, group)
        yield settle(compiled, board.placement(), objective)


def _place_group(board: Board, weigher: Weigher, group: str) -> None:
    start = board.roomy(group)
    for _ in range(_STARTS):
        first: list[int] = []

        def choose(member_class: int, mask: Mask, first: list[int] = first) -> int:
            row = weigher.cheapest(member_class, mask)
            first.append(row)
            return row

        if board.place_group(group, choose, start) or not first:
            return
        start &= ~_same_domain(board.compiled, group, first[0])


def _same_domain(compiled: CompiledProblem, group: str, row: int) -> Mask:
    """(H,) bool: the hosts that a failed first choice rules out."""
    rules = [rule.policy for rule in rules_of(compiled.problem).over(group) if rule.policy.hard]
    level = next(
        (policy.level for policy in rules if isinstance(policy, _BOUND) and policy.level), "host"
    )
    codes = compiled.fleet.codes(level)
    same: Mask = codes == codes[row]
    return same
