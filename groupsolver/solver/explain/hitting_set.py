"""The cheapest state of relaxations that resolves all known conflicts: a weighted hitting set.

Each conflict becomes a *clause*: at least one of its relaxations must move beyond a position. With
a boolean ``x[r, p]`` for "relaxation r is at position p"::

    minimise    sum over r, p of cost[r, p] * x[r, p]
    subject to  sum over p of x[r, p] = 1                           for each relaxation r
                sum over the literals (r, q), p > q of x[r, p] >= 1  for each clause

Example, with relaxations a (costs 1, 2) and b (cost 5)::

    clause 1: a beyond 0                  -> a = 1, cost 1
    clause 2: a beyond 1, or b beyond 0   -> a = 2, cost 2  (cheaper than a = 1 and b = 1, cost 6)

Sources: fixes are the hitting sets of conflicts: Reiter (1987), doi:10.1016/0004-3702(87)90062-2.
Implicit hitting sets, as in MaxSAT: Davies & Bacchus (2011), doi:10.1007/978-3-642-23786-7_19.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from groupsolver.changes.change import Kind
from groupsolver.solver.explain.relaxations import Relaxation

MAX_SECONDS = 1.0  # for one question; most take milliseconds


@dataclass(frozen=True)
class Literal:
    """A statement about the position of a relaxation.

    Attributes
    ----------
    relaxation : Relaxation
    position : int
        The relaxation is beyond this position.
    any_other : bool
        The relaxation is at any other position, also at an earlier one.
    """

    relaxation: Relaxation
    position: int
    any_other: bool = False

    def holds_at(self, position: int) -> bool:
        """Return whether the statement is true at a position of the relaxation."""
        if self.any_other:
            return position != self.position
        return position > self.position


Clause = tuple[Literal, ...]  # at least one of them is true


def cheapest_state(
    clauses: Iterable[Clause], kinds: Collection[Kind]
) -> dict[Relaxation, int] | None:
    """Return the cheapest state that satisfies all clauses, by changes of some kinds alone.

    Returns
    -------
    dict of Relaxation to int, or None
        The positions above 0; None if there is no such state.
    """
    model = cp_model.CpModel()
    variables: dict[Relaxation, dict[int, cp_model.IntVar]] = {}
    for clause in clauses:
        satisfying: list[cp_model.IntVar] = []
        for literal in clause:
            relaxation = literal.relaxation
            if relaxation not in variables:
                variables[relaxation] = _add_positions(model, relaxation, kinds)
            satisfying += [
                var for position, var in variables[relaxation].items() if literal.holds_at(position)
            ]
        model.add_bool_or(satisfying)
    changed = [
        (relaxation, position, var)
        for relaxation, by_position in variables.items()
        for position, var in by_position.items()
        if position
    ]
    costs = [relaxation.cost(position) for relaxation, position, _ in changed]
    model.minimize(cp_model.LinearExpr.weighted_sum([var for _, _, var in changed], costs))
    solver = _solver()
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return {relaxation: position for relaxation, position, var in changed if solver.value(var)}


def _add_positions(
    model: cp_model.CpModel, relaxation: Relaxation, kinds: Collection[Kind]
) -> dict[int, cp_model.IntVar]:
    """Add a boolean for each position of the allowed kinds, exactly one of which is true."""
    variables = {0: model.new_bool_var("")}
    for position in range(1, relaxation.last + 1):
        if relaxation.at(position).kind in kinds:
            variables[position] = model.new_bool_var("")
    model.add_exactly_one(variables.values())
    return variables


def _solver() -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    # The signal handler is the caller's: CP-SAT would replace it.
    solver.parameters.catch_sigint_signal = False
    solver.parameters.max_time_in_seconds = MAX_SECONDS
    return solver
