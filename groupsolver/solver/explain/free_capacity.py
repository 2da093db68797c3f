"""A fix on the fleet: the fewest hosts on which something must be freed."""

from __future__ import annotations

from typing import Any

import numpy as np

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import Freed
from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.capacity_model import Larger, fewest
from groupsolver.solver.presolve.host_reduction import hosts_touched

MAX_HOSTS_CONSIDERED = (
    1000  # hosts on which something may be freed; where there are more, the nearest of each place
)


def freed(
    app: Application[Any], fleet: CompiledFleet, budget: Budget, seconds: float
) -> list[Change] | None:
    """Give the fewest hosts on which something must be freed, and how much; None where that is not enough."""
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    rows = _nearest(compiled)
    larger = fleet.copy()
    larger.cost[:] = 0
    for row in rows.tolist():
        busy = larger.busy[row]
        host = larger.index[larger.names[row]].with_used({})
        larger.update(host.model_copy(update={"cost": 1}))
        larger.busy[row] = (
            busy  # something still runs there: what wants a host for itself does not get it so
        )
    found = fewest(
        app, Larger(larger, rows, fleet, np.arange(len(rows), dtype=np.int64)), budget, seconds
    )
    if found is None:
        return None
    changes: list[Change] = []
    for row, load in found.items():
        host = fleet.index[fleet.names[row]]
        short = {
            name: load.get(name, 0) - (inventory.capacity - host.used.get(name, 0))
            for name, inventory in host.inventory.items()
        }
        changes.append(
            Freed(host, tuple((name, amount) for name, amount in short.items() if amount > 0))
        )
    return changes


def _nearest(compiled: CompiledProblem) -> Ints:
    """Give hosts that could take members if more were free there, the nearest first; of each place not too many."""
    fleet, touched = compiled.fleet, hosts_touched(compiled)
    shortage = np.full(len(fleet), np.inf)
    for member_class in compiled.member_classes:
        here, possible = np.zeros(len(fleet)), fleet.enabled & suited(compiled, member_class.group)
        for name, amount in member_class.size:
            capacity = fleet.capacity(name)
            possible &= capacity >= amount
            here += np.maximum(0, amount - fleet.free(name)) / np.maximum(1, capacity)
        here[~fleet.ready] += 1
        shortage = np.minimum(shortage, np.where(possible, here, np.inf))
    if fleet.cells.width:
        shortage[fleet.cells.within(fleet.cells.inside)] = np.inf
    rows = np.flatnonzero(np.isfinite(shortage))
    rows = rows[np.argsort(shortage[rows], kind="stable")]
    if len(rows) <= MAX_HOSTS_CONSIDERED:
        return rows
    spoken = {rule.policy.at for rule in rules_of(compiled.problem).all}
    places = [fleet.codes(level)[rows].tolist() for level in fleet.levels if level in spoken]
    seen: dict[tuple[int, ...], int] = {}
    kept = []
    for row, *place in zip(rows.tolist(), *places, strict=True):
        seen[tuple(place)] = seen.get(tuple(place), 0) + 1
        if seen[tuple(place)] <= touched:
            kept.append(row)
    return np.array(kept[:MAX_HOSTS_CONSIDERED], dtype=np.int64)
