"""The cheapest positions of relaxations that leave no known conflict as it is: a small weighted hitting set.

Source: Reiter (1987), doi:10.1016/0004-3702(87)90062-2: fixes are the hitting sets of conflicts;
implicit hitting sets, Davies & Bacchus, CP 2011, doi:10.1007/978-3-642-23786-7_19.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from groupsolver.changes.change import Kind
from groupsolver.solver.explain.relaxations import Relaxation

SECONDS = 1.0  # for one question; it takes milliseconds


@dataclass(frozen=True)
class Literal:
    """That a relaxation stands beyond a position, or anywhere but there."""

    relaxation: Relaxation
    position: int
    elsewhere: bool = False

    def suits(self, position: int) -> bool:
        """Whether a position is one of those."""
        return position != self.position if self.elsewhere else position > self.position


Clause = tuple[Literal, ...]  # one of them is needed


def cheapest(clauses: Iterable[Clause], kinds: Collection[Kind]) -> dict[Relaxation, int] | None:
    """Give the cheapest state that satisfies all clauses, with changes of some kinds alone.

    Returns
    -------
    dict of Relaxation to int or None
        Positions of the relaxations that are turned; None where there is no such state.
    """
    model = cp_model.CpModel()
    at: dict[Relaxation, dict[int, cp_model.IntVar]] = {}
    for clause in clauses:
        enough: list[cp_model.IntVar] = []
        for turn in clause:
            relaxation = turn.relaxation
            if relaxation not in at:
                open_ = [
                    0,
                    *(i for i in range(1, relaxation.last + 1) if relaxation.at(i).kind in kinds),
                ]
                at[relaxation] = {position: model.new_bool_var("") for position in open_}
                model.add_exactly_one(at[relaxation].values())
            enough += [var for position, var in at[relaxation].items() if turn.suits(position)]
        model.add_bool_or(enough)
    every = [
        (relaxation, position, var)
        for relaxation, found in at.items()
        for position, var in found.items()
        if position
    ]
    prices = [relaxation.cost(position) for relaxation, position, _ in every]
    model.minimize(cp_model.LinearExpr.weighted_sum([var for _, _, var in every], prices))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False  # the handler is the caller's, who would lose it
    solver.parameters.max_time_in_seconds = SECONDS
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return {relaxation: position for relaxation, position, var in every if solver.value(var)}
