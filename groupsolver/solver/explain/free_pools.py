"""A fix on the fleet: how much more of its pools an application needs.

First all pools have as much as all new members take together. If that helps, what the placement
found takes beyond what is free is enough; then each amount is lowered by halves while it helps.

Example: 100 GB of a pool are free, and two members take 80 GB each. With 160 GB free both are
placed and take 160, so 60 GB more are enough; with 30 they are not, nor with 45, 53, 57, 59.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.pools import PoolFreed
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import FeasibilityOracle

MAX_TRIES = 12  # to lower one amount

Amounts = dict[tuple[str, str], int]  # by pool and resource class


def least_freed_in_pools(
    app: Application[Any], fleet: CompiledFleet, oracle: FeasibilityOracle, seconds: float
) -> list[Change] | None:
    """Return how much more must be free in pools, about as little as is enough.

    Returns
    -------
    list of Change, or None
        None if no amount is enough, or none was found in time.
    """
    pools = fleet.index.pools
    if not pools:
        return None
    until = oracle.budget.elapsed() + seconds
    problem = Problem(app, fleet.index)
    needed: Counter[str] = Counter()
    for member in problem.new_members:
        needed.update(dict(member.size))
    largest = {
        (pool.name, resource): max(0, needed[resource] - pool.unused(resource))
        for pool in pools.pools
        for resource in pool.inventory
        if needed[resource]
    }
    result = _try(app, fleet, oracle, largest)
    if result is None:
        return None
    amounts = _beyond_free(problem, fleet, result)
    if not amounts:
        return None
    for key in sorted(amounts):
        low = 0
        for _ in range(MAX_TRIES):
            if amounts[key] - low <= 1 or oracle.budget.elapsed() > until:
                break
            middle = (low + amounts[key]) // 2
            if _try(app, fleet, oracle, amounts | {key: middle}) is None:
                low = middle
            else:
                amounts[key] = middle
    return _changes(amounts)


def _changes(amounts: Amounts) -> list[Change]:
    by_pool: dict[str, list[tuple[str, int]]] = {}
    for (pool, resource), amount in amounts.items():
        if amount:
            by_pool.setdefault(pool, []).append((resource, amount))
    return [PoolFreed(pool, tuple(some)) for pool, some in by_pool.items()]


def _try(
    app: Application[Any], fleet: CompiledFleet, oracle: FeasibilityOracle, amounts: Amounts
) -> Result | None:
    """Return the answer with more free in pools; None if there is no placement in it."""
    _, changed = apply_changes(app, fleet, _changes(amounts))
    result = oracle.solve(app, changed)
    return None if result.placement is None else result


def _beyond_free(problem: Problem, fleet: CompiledFleet, result: Result) -> Amounts:
    """Return what a placement takes of pools beyond what is free of them now."""
    pools = fleet.index.pools
    taken: Counter[tuple[str, str]] = Counter()
    placement = result.placement or {}
    for member in problem.new_members:
        for share in pools.shares(fleet.index[placement[member.id]], member.size):
            taken[share.pool, share.resource] += share.amount
    beyond = {key: amount - pools[key[0]].unused(key[1]) for key, amount in taken.items()}
    return {key: amount for key, amount in beyond.items() if amount > 0}
