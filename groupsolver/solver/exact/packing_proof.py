"""The proof by patterns: the fewest hosts, or the cheapest, for a small problem of packing.

Capacity, prices and what opening hosts costs are all that the model of patterns knows; other
policies are left out, and none of them costs less than nothing. So its optimum is a lower bound,
and its placement is offered to the check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import configured_solver, integer_bound, run_search
from groupsolver.solver.exact.packing_patterns import (
    MAX_PATTERNS,
    LeftOver,
    Packing,
    left_over,
    packing_of,
    patterns_of,
)
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.preparation import PreparedProblem
from groupsolver.solver.presolve.interchangeable_groups import MergedProblem
from groupsolver.solver.relaxation.column_generation import constant_points

TIME_SHARE = 0.4  # share of the time left, for the patterns, and then for their model


class _Priced(NamedTuple):
    """Hosts of one kind with one pattern.

    Attributes
    ----------
    kind : int
    counts : (T,) int64
    cost : int
        Points of the members and of what they open.
    """

    kind: int
    counts: Ints
    cost: int


def prove_by_patterns(
    merged: MergedProblem, prepared: PreparedProblem, best: Incumbent, budget: Budget
) -> None:
    """Improve `best` and its bound, where new members pay for hosts and there are few patterns.

    For 24 members of about a third of a host, of which three fill a host each::

        heuristic: 9 hosts; bound by volume: 8 hosts
        with 8 hosts nothing may be left over: a few of 2,000 patterns fill a host exactly
        8 of them have all members: 8 hosts are proved
    """
    value = best.value
    if best.done or value is None:
        return
    packing = packing_of(prepared.compiled, prepared.eligibility, prepared.candidates)
    if packing is None:
        return
    constant = _constant(prepared, packing)
    limits = _limits(packing, value - 1 - constant)
    if any(limit.most < 0 for limit in limits):
        best.prove(value)
        return
    priced = _priced_patterns(prepared, packing, limits, budget)
    if priced is None:
        return
    outcome = _solve(packing, priced, value - 1 - constant, budget)
    if outcome.refuted:
        best.prove(value)
        return
    if outcome.numbers is not None:
        assignments = _to_assignments(packing, priced, outcome.numbers)
        best.offer(merged.to_original(assignments), "search")
    if outcome.bound is not None:
        best.prove(min(value, outcome.bound + constant))


def _constant(prepared: PreparedProblem, packing: Packing) -> int:
    """Return the points that every placement pays beside its patterns, at least."""
    eligibility = prepared.eligibility
    constant = constant_points(prepared.compiled, eligibility)
    for opening in eligibility.openings:
        if any(opening is one for one in packing.openings):
            constant -= opening.free_points
        else:
            constant += opening.least_cost
    return constant


def _limits(packing: Packing, most: int) -> list[LeftOver]:
    """Return what hosts may leave over of each capacity where patterns cost at most so much."""
    spare = most - _least_prices(packing) - sum(one.least for one in packing.openings)
    return [
        left_over(packing, number, capacity, spare + opening.least)
        for number, opening in enumerate(packing.openings)
        for capacity in range(packing.sizes.shape[1])
    ]


def _least_prices(packing: Packing) -> int:
    """Return the points of all members where each is on the cheapest host that takes it."""
    total = 0
    for number, one in enumerate(packing.types):
        prices = [int(kind.prices[number]) for kind in packing.kinds if kind.most[number]]
        total += one.number * min(prices, default=0)
    return total


def _priced_patterns(
    prepared: PreparedProblem, packing: Packing, limits: list[LeftOver], budget: Budget
) -> list[_Priced] | None:
    """Return the patterns of all kinds with their points; None where there are too many."""
    extra_price = prepared.eligibility.extra_member_price
    found: list[_Priced] = []
    until = budget.elapsed() + TIME_SHARE * budget.left()
    for number, kind in enumerate(packing.kinds):
        if budget.elapsed() >= until:
            return None
        patterns = patterns_of(packing, number, limits, MAX_PATTERNS - len(found))
        if patterns is None:
            return None
        members = patterns.sum(axis=1)
        cost = patterns @ kind.prices + extra_price * (members * (members - 1) // 2)
        opened = (patterns @ packing.opens.astype(np.int64)) > 0
        cost = cost + opened @ kind.points
        found += [
            _Priced(number, counts, points)
            for counts, points in zip(patterns, cost.tolist(), strict=True)
        ]
    return found


class _Outcome(NamedTuple):
    """What the search over patterns found.

    Attributes
    ----------
    numbers : list of int or None
        How many hosts have each pattern.
    bound : int or None
        A lower bound of the points of patterns.
    refuted : bool
        No patterns cost so little.
    """

    numbers: list[int] | None = None
    bound: int | None = None
    refuted: bool = False


def _solve(packing: Packing, priced: list[_Priced], most: int, budget: Budget) -> _Outcome:
    """Choose a pattern for each host: all members, at the least points, at most `most`."""
    seconds = TIME_SHARE * budget.left()
    if seconds <= 0:
        return _Outcome()
    model = cp_model.CpModel()
    numbers = packing.numbers
    variables = []
    of_type: list[tuple[list[cp_model.IntVar], list[int]]] = [([], []) for _ in packing.types]
    of_kind: list[list[cp_model.IntVar]] = [[] for _ in packing.kinds]
    for pattern in priced:
        used = np.flatnonzero(pattern.counts)
        members = int((numbers[used] // pattern.counts[used]).min())
        high = min(len(packing.kinds[pattern.kind].rows), members)
        variable = model.new_int_var(0, high, "")
        variables.append(variable)
        of_kind[pattern.kind].append(variable)
        for one in used.tolist():
            of_type[one][0].append(variable)
            of_type[one][1].append(int(pattern.counts[one]))
    for (taken, counts), number in zip(of_type, numbers.tolist(), strict=True):
        model.add(cp_model.LinearExpr.weighted_sum(taken, counts) == number)
    for taken, kind in zip(of_kind, packing.kinds, strict=True):
        model.add(cp_model.LinearExpr.sum(taken) <= len(kind.rows))
    cost = cp_model.LinearExpr.weighted_sum(variables, [one.cost for one in priced])
    model.add(cost <= most)
    model.minimize(cost)
    solver = configured_solver(budget, seconds, 0.0)
    status = run_search(solver, model, None, budget)
    if status == cp_model.INFEASIBLE:
        return _Outcome(refuted=True)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _Outcome()
    chosen = [solver.value(variable) for variable in variables]
    bound: int | None = sum(one.cost * number for one, number in zip(priced, chosen, strict=True))
    if status != cp_model.OPTIMAL:
        bound = integer_bound(solver.best_objective_bound, float("inf"))
    return _Outcome(chosen, bound)


def _to_assignments(
    packing: Packing, priced: list[_Priced], numbers: list[int]
) -> list[Assignment]:
    """Return the members of each host: hosts take patterns, and patterns members, in order."""
    rows = [list(kind.rows) for kind in packing.kinds]
    left = [_members_of(packing, number) for number in range(len(packing.types))]
    assignments: list[Assignment] = []
    for pattern, number in zip(priced, numbers, strict=True):
        for _ in range(number):
            row = rows[pattern.kind].pop(0)
            for one in np.flatnonzero(pattern.counts).tolist():
                count = int(pattern.counts[one])
                assignments += [(left[one].pop(), row) for _ in range(count)]
    return assignments


def _members_of(packing: Packing, number: int) -> list[int]:
    """Return the member class of each member of a type."""
    one = packing.types[number]
    return [index for index in one.classes for _ in range(packing.class_numbers[index])]
