"""The fewest hosts to add, or to free capacity on, as one CP-SAT model for both.

The candidates of the new members are extended by hosts that do not exist yet, or by more free
capacity on hosts that do. All rules are hard. CP-SAT minimises in two steps::

    1. minimise    sum over h of open[h]           h: hosts that were extended
    2. minimise    sum over h of price(freed[h])   subject to sum over h of open[h] <= the minimum
       of 1

``open[h]`` is 1 where new members use more of host h than is free there. In the second step, a
host's whole capacity of a resource class has the price `FREED_SCALE`, and a rank breaks ties.

Example: a member of 3 VCPU, and hosts with 1 and 2 of 4 VCPU free. Either host is enough in step 1.
Step 2 frees 1 VCPU on the second host (a quarter of it), not 2 on the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from ortools.sat.python.cp_model import IntVar

from groupsolver.constraints.capacity.host_capacity import cells_for
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND, SearchOutcome, solve_model
from groupsolver.solver.exact.link_cuts import post_link_cuts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts

FREED_SCALE = 10**6  # price of a host's whole capacity of a resource class
MAX_CAPACITY = 2**40  # of one resource class on one host: sums must stay within 64 bits
TIME_SHARE_OF_AMOUNTS = 0.3  # of the time, for the second step


class Load(NamedTuple):
    """What new members consume on a host.

    Attributes
    ----------
    total : dict of str to int
        By resource class.
    members : tuple of (int, Size)
        How many there are of each size.
    """

    total: dict[str, int]
    members: tuple[tuple[int, Size], ...]


Loads = dict[int, Load]  # by row


@dataclass(frozen=True)
class EnlargedFleet:
    """A fleet with more hosts, or more free capacity, than there is.

    Attributes
    ----------
    fleet : CompiledFleet
    rows : (N,) int64
        Hosts that are new, or have more free capacity.
    before : CompiledFleet
        The fleet as it is. Hosts that it lacks are new.
    rank : (N,) int64
        Of several hosts that would do, the one of the lowest rank is preferred.
    """

    fleet: CompiledFleet
    rows: Ints
    before: CompiledFleet
    rank: Ints

    def is_available(self, row: int) -> bool:
        """Return whether new members can land on a host of the fleet as it is."""
        return self.fleet.names[row] in self.before.rows and bool(self.before.enabled[row])

    def must_open(self, row: int, load: Load) -> bool:
        """Return whether a load needs a new host, or more than is free there or in its cells."""
        if not self.is_available(row):
            return True
        if any(amount > self.before.free(name)[row] for name, amount in load.total.items()):
            return True
        host = self.before.index[self.before.names[row]]
        if not host.cells:
            return False
        members = [
            (f"{i}", size) for i, (count, size) in enumerate(load.members) for _ in range(count)
        ]
        try:
            return cells_for(host, members) is None
        except Undecided:
            return True


def fewest_hosts(
    app: Application[Any], enlarged: EnlargedFleet, budget: Budget, seconds: float
) -> Loads | None:
    """Return the fewest hosts of an enlarged fleet that must be new or freed.

    Parameters
    ----------
    app : Application
        Without soft policies.
    enlarged : EnlargedFleet
    budget : Budget
    seconds : float
        Time for both steps.

    Returns
    -------
    dict of int to dict of str to int, or None
        The load of each such host, by row. None if no number of hosts is enough, or the minimum was
        not proved in time.
    """
    compiled = CompiledProblem(Problem(app, enlarged.fleet.index), enlarged.fleet)
    candidates = _Candidates.of(compiled, enlarged)
    if candidates.count() > CANDIDATES_PER_SECOND * seconds or _is_huge(compiled, enlarged):
        return None
    # What this model minimises is not the objective of the caller: it must not be reported as such.
    budget = PartialBudget(budget, seconds, 0.0, quiet=True)
    until = budget.elapsed() + seconds
    search_seconds = (1 - TIME_SHARE_OF_AMOUNTS) * seconds
    hosts = _minimise_hosts(compiled, candidates, enlarged, budget, search_seconds)
    if not hosts:
        return hosts
    seconds_left = until - budget.elapsed()
    amounts = _minimise_amounts(compiled, candidates, enlarged, len(hosts), budget, seconds_left)
    return amounts or hosts


@dataclass(frozen=True)
class _Candidates:
    """Where members may land.

    Attributes
    ----------
    rows : list of (C,) int64
        Hosts by member class.
    most : list of (C,) int64
        How many members of the class each may take.
    """

    rows: list[Ints]
    most: list[Ints]

    @classmethod
    def of(cls, compiled: CompiledProblem, enlarged: EnlargedFleet) -> _Candidates:
        """Return the reduced candidates, and every eligible host that was enlarged."""
        known = find_eligibility(compiled, "cost")
        rows = []
        most = []
        for kept, class_most in zip(reduce_hosts(compiled, known), known.max_members, strict=True):
            eligible = enlarged.rows[class_most[enlarged.rows] > 0]
            class_rows = np.union1d(kept, eligible)
            rows.append(class_rows)
            most.append(class_most[class_rows])
        return cls(rows, most)

    def count(self) -> int:
        return sum(map(len, self.rows))


def _minimise_hosts(
    compiled: CompiledProblem,
    candidates: _Candidates,
    enlarged: EnlargedFleet,
    budget: Budget,
    seconds: float,
) -> Loads | None:
    """Return the loads where the fewest hosts must open; None if that is not proved."""
    builder = _builder(compiled, candidates)
    opened = _open_literals(builder, enlarged, amounts=False)
    builder.charge(builder.total(opened.values()), 1)
    builder.minimize()
    outcome = solve_model(builder, budget, seconds, 0.0)
    loads = _opened_loads(outcome, compiled, enlarged)
    proved = outcome.bound is not None and len(loads or ()) == outcome.bound
    return loads if proved else None


def _minimise_amounts(
    compiled: CompiledProblem,
    candidates: _Candidates,
    enlarged: EnlargedFleet,
    host_count: int,
    budget: Budget,
    seconds: float,
) -> Loads | None:
    """Return the loads where little is freed on a number of hosts, by the best solution found."""
    builder = _builder(compiled, candidates)
    opened = _open_literals(builder, enlarged, amounts=True)
    builder.at_most(builder.total(opened.values()), host_count)
    rank = dict(zip(enlarged.rows.tolist(), enlarged.rank.tolist(), strict=True))
    for row, literal in opened.items():
        builder.charge(literal, rank[row])
    builder.minimize()
    return _opened_loads(solve_model(builder, budget, seconds, 0.0), compiled, enlarged)


def _builder(compiled: CompiledProblem, candidates: _Candidates) -> ModelBuilder:
    """Return a model of all rules."""
    builder = ModelBuilder(compiled, candidates.rows, candidates.most, 1)
    post_capacity(builder)
    post_link_cuts(builder)
    for rule in rules_of(compiled.problem).all:
        rule.policy.encode(rule.group, builder)
    return builder


def _open_literals(
    builder: ModelBuilder, enlarged: EnlargedFleet, *, amounts: bool
) -> dict[int, Linear]:
    """Return, by row, 0 or 1: whether a host must open. `amounts`: charge what is freed there."""
    literals: dict[int, Linear] = {}
    for row in enlarged.rows.tolist():
        if row in builder.landed:
            if enlarged.is_available(row):
                literals[row] = _open_for_capacity(builder, row, enlarged, amounts)
            else:
                literals[row] = builder.some(builder.landed[row])
    return literals


def _open_for_capacity(
    builder: ModelBuilder, row: int, enlarged: EnlargedFleet, amounts: bool
) -> Linear:
    """Return 0 or 1: whether members use more of a host than is free.

    For each resource class, with ``0 <= freed <= more`` and ``freed <= more * opened``::

        load <= free + freed

    Where amounts do not matter, ``more * opened`` stands for ``freed``: this model is smaller.
    """
    opened = builder.number(1)
    _fit_cells_unless(opened, builder, row, enlarged.before)
    for resource, load in _loads_on(builder, row).items():
        free = int(enlarged.before.free(resource)[row])
        more = int(enlarged.fleet.free(resource)[row]) - free
        if builder.high(load) <= free:
            continue
        if not amounts:
            builder.at_most(load.plus(Linear([opened], [-more])), free)
            continue
        freed = builder.number(max(1, more))
        builder.at_most(load.plus(Linear([freed], [-1])), free)
        builder.at_most(Linear([freed, opened], [1, -more]), 0)
        total = int(enlarged.fleet.capacity(resource)[row])
        builder.charge(Linear([freed], [1]), max(1, FREED_SCALE // total))
    return Linear([opened], [1])


def _fit_cells_unless(
    opened: IntVar, builder: ModelBuilder, row: int, before: CompiledFleet
) -> None:
    """Allow members what is free of a host's cells now, unless it opens.

    With ``inside[c, k]`` members of class c in cell k::

        placed[c] <= sum over k of inside[c, k] + most[c] * opened
        sum over c of size[c] * inside[c, k] <= free[k]
    """
    table = before.cells
    only = np.array([row], dtype=np.int64)
    loads: dict[tuple[str, int], Linear] = {}
    for class_index, position in builder.at[row]:
        size = dict(builder.compiled.member_classes[class_index].size)
        if not table.width or not table.within(size, only)[0]:
            continue
        most = int(builder.most[class_index][position])
        limits = table.each(size, only, most)[0].tolist()
        inside = [builder.number(limit) if limit else None for limit in limits]
        short = Linear([builder.placed[class_index][position], opened], [1, -most])
        for cell, number in enumerate(inside):
            if number is None:
                continue
            short = short.plus(Linear([number], [-1]))
            for name, amount in size.items():
                if name in table.inside and table.inside[name][row]:
                    load = loads.setdefault((name, cell), Linear())
                    load.vars.append(number)
                    load.coefs.append(amount)
        builder.at_most(short, 0)
    for (name, cell), load in loads.items():
        builder.at_most(load, int(table.free[name][row, cell]))


def _loads_on(builder: ModelBuilder, row: int) -> dict[str, Linear]:
    """Return what new members consume on a host, by resource class."""
    loads: dict[str, Linear] = {}
    for class_index, position in builder.at[row]:
        placed = builder.placed[class_index][position]
        for name, amount in builder.compiled.member_classes[class_index].size:
            load = loads.setdefault(name, Linear())
            load.vars.append(placed)
            load.coefs.append(amount)
    return loads


def _opened_loads(
    outcome: SearchOutcome, compiled: CompiledProblem, enlarged: EnlargedFleet
) -> Loads | None:
    """Return the loads of the hosts that must open; None without a placement."""
    if outcome.placement is None:
        return None
    counts: dict[int, dict[Size, int]] = {}
    for class_index, row in outcome.placement:
        sizes = counts.setdefault(row, {})
        size = compiled.member_classes[class_index].size
        sizes[size] = sizes.get(size, 0) + 1
    loads: Loads = {}
    for row in enlarged.rows.tolist():
        if row in counts:
            load = _load_of(counts[row])
            if enlarged.must_open(row, load):
                loads[row] = load
    return loads


def _load_of(counts: dict[Size, int]) -> Load:
    """Return what so many members of each size consume."""
    total: dict[str, int] = {}
    for size, number in counts.items():
        for name, amount in size:
            total[name] = total.get(name, 0) + number * amount
    return Load(total, tuple((number, size) for size, number in counts.items()))


def _is_huge(compiled: CompiledProblem, enlarged: EnlargedFleet) -> bool:
    """Return whether amounts are so large that sums in the model could exceed 64 bits."""
    names = {name for member_class in compiled.member_classes for name, _ in member_class.size}
    return any(
        int(enlarged.fleet.capacity(name)[enlarged.rows].max(initial=0)) > MAX_CAPACITY
        for name in names
    )
