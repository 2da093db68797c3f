"""More room: the fewest hosts to be added, or to have something freed on them.

One model for both. To the candidates of the batch come hosts that are not there yet, or more room on
hosts that are. CP-SAT minimises how many of these are used, all rules being hard; and then, on as
many, how much is freed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND, SearchOutcome, solve_model
from groupsolver.solver.exact.link_cuts import post_link_cuts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts

WHOLE = 10**6  # points of all that a host has of a resource class, where it is freed
HUGE = 2**40  # units of a resource class on one host
FINER = 0.3  # of the time, to free less on as many hosts


@dataclass(frozen=True)
class Larger:
    """A fleet with more room than there is.

    Attributes
    ----------
    fleet : CompiledFleet
    rows : (N,) int64
        Where there is more.
    before : CompiledFleet
        What is free there without a price; hosts that it lacks are new.
    rank : (N,) int64
        Which of several hosts that would do is preferred: the lowest.
    """

    fleet: CompiledFleet
    rows: Ints
    before: CompiledFleet
    rank: Ints


def fewest(
    app: Application[Any], larger: Larger, budget: Budget, seconds: float
) -> dict[int, dict[str, int]] | None:
    """Give the hosts that a batch needs more room on, the fewest, and what it takes there.

    Parameters
    ----------
    app : Application
        Without soft policies.

    Returns
    -------
    dict of int to dict of str to int, or None
        Load by row of each such host; None where no number is enough, or none was found in time.
    """
    compiled = CompiledProblem(Problem(app, larger.fleet.index), larger.fleet)
    known = find_eligibility(compiled, "cost")
    kept = [
        _widened(rows, larger.rows, most)
        for rows, most in zip(reduce_hosts(compiled, known), known.max_members, strict=True)
    ]
    if sum(map(len, kept)) > CANDIDATES_PER_SECOND * seconds or _huge(compiled, larger):
        return None
    budget = PartialBudget(
        budget, seconds, 0.0, quiet=True
    )  # what it counts is no objective of the batch's
    until = budget.elapsed() + seconds
    most = [known.max_members[member_class][rows] for member_class, rows in enumerate(kept)]
    opened = _opened(
        _solved(compiled, kept, most, larger, None, budget, (1 - FINER) * seconds), compiled, larger
    )
    if not opened:
        return opened
    least = _solved(compiled, kept, most, larger, len(opened), budget, until - budget.elapsed())
    return _opened(least, compiled, larger) or opened


def _solved(
    compiled: CompiledProblem,
    rows: list[Ints],
    most: list[Ints],
    larger: Larger,
    number: int | None,
    budget: Budget,
    seconds: float,
) -> SearchOutcome:
    """Minimise how many hosts must give more; or, on so many, how much, and then which are preferred."""
    builder = ModelBuilder(compiled, rows, most, 1)
    post_capacity(builder)
    post_link_cuts(builder)
    for rule in rules_of(compiled.problem).all:
        rule.policy.encode(rule.group, builder)
    opened = [
        _open(builder, row, larger, number is not None)
        for row in larger.rows.tolist()
        if row in builder.landed
    ]
    if number is None:
        builder.charge(builder.total(opened), 1)
    else:
        builder.at_most(builder.total(opened), number)
        rank = dict(zip(larger.rows.tolist(), larger.rank.tolist(), strict=True))
        for row, one in zip(
            (row for row in larger.rows.tolist() if row in builder.landed), opened, strict=True
        ):
            builder.charge(one, rank[row])
    builder.minimize()
    answer = solve_model(builder, budget, seconds, 0.0)
    # Only what is proved to be the fewest counts as such; of amounts, what is found.
    proved = (
        answer.bound is not None and len(_opened(answer, compiled, larger) or ()) == answer.bound
    )
    return answer if proved or number is not None else SearchOutcome(None, None, False)


def _open(builder: ModelBuilder, row: int, larger: Larger, amounts: bool) -> Linear:
    """Give 0 or 1, whether a host is new and used or must give more than is free; price how much, if asked to."""
    if larger.fleet.names[row] not in larger.before.rows or not larger.before.ready[row]:
        return builder.some(builder.landed[row])
    opened = builder.number(1)
    loads: dict[str, Linear] = {}
    for member_class, at in builder.at[row]:
        for name, amount in builder.compiled.member_classes[member_class].size:
            load = loads.setdefault(name, Linear())
            load.vars.append(builder.placed[member_class][at])
            load.coefs.append(amount)
    for resource, load in loads.items():
        free = int(larger.before.free(resource)[row])
        more = int(larger.fleet.free(resource)[row]) - free
        if builder.high(load) > free:
            freed = builder.number(max(1, more)) if amounts else opened
            builder.at_most(load.plus(Linear([freed], [-1 if amounts else -more])), free)
            if amounts:
                builder.at_most(Linear([freed, opened], [1, -more]), 0)
                builder.charge(
                    Linear([freed], [1]), max(1, WHOLE // int(larger.fleet.capacity(resource)[row]))
                )
    return Linear([opened], [1])


def _opened(
    answer: SearchOutcome, compiled: CompiledProblem, larger: Larger
) -> dict[int, dict[str, int]] | None:
    """Give the loads of the hosts that must give more."""
    if answer.placement is None:
        return None
    loads: dict[int, dict[str, int]] = {}
    for member_class, row in answer.placement:
        there = loads.setdefault(row, {})
        for name, amount in compiled.member_classes[member_class].size:
            there[name] = there.get(name, 0) + amount
    return {
        row: loads[row]
        for row in larger.rows.tolist()
        if row in loads and _more(row, loads[row], larger)
    }


def _huge(compiled: CompiledProblem, larger: Larger) -> bool:
    """Whether amounts are so large that their sums in the model would leave 64 bits."""
    names = {name for member_class in compiled.member_classes for name, _ in member_class.size}
    return any(
        int(larger.fleet.capacity(name)[larger.rows].max(initial=0)) > HUGE for name in names
    )


def _widened(rows: Ints, more: Ints, most: Ints) -> Ints:
    wide: Ints = np.union1d(rows, more[most[more] > 0])
    return wide


def _more(row: int, load: dict[str, int], larger: Larger) -> bool:
    """Whether a load needs more on a row than there is."""
    name = larger.fleet.names[row]
    if name not in larger.before.rows or not larger.before.ready[row]:
        return True
    return any(amount > larger.before.free(resource)[row] for resource, amount in load.items())
