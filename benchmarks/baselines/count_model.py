"""Mixed-integer programming by HiGHS: how many members of each class a host takes.

With n[i, h] members of class i on host h, w[g] = 1 where group g is placed whole, and d[i] members
of class i in all:

    minimize    sum of price[i, h] n[i, h] - REWARD * members placed
    subject to  sum over h of n[i, h] = d[i] w[g]
                sum over i of size[i] n[i, h] <= free[h], for each resource

Groups apart have at most one member on a host. For groups together, n[i, h] = d[i] y[g, h] with one
binary variable for each host; those in a rack have one for each rack, and those over zones one for
each zone that they use. Policies other than these are not supported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from scipy.sparse import coo_array

from benchmarks.baselines.common import ground_of
from groupsolver import Affinity, AntiAffinity, Application, CompiledFleet, Limits, Spread
from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.result import Objective
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import host_prices

REWARD = 10_000  # points for each member that is placed: ten times the highest price
HIGHEST_PRICE = 1_000


class Unsupported(Exception):
    """The count model has no rows for a policy, or no price for an objective."""


@dataclass(frozen=True)
class Column:
    """Variables that put members on hosts: `number` members of a class a unit, one a row."""

    member_class: int
    number: int
    first: int
    rows: Ints


@dataclass
class Rows:
    """Rows of the program, as triplets of a sparse matrix."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, columns: Sequence[int], values: Sequence[float], low: float, high: float) -> None:
        """Add ``low <= values * columns <= high``."""
        self.places += [len(self.low)] * len(columns)
        self.columns += columns
        self.values += values
        self.low.append(low)
        self.high.append(high)


class CountModel:
    """The program of an application on a fleet.

    Parameters
    ----------
    app : Application
    fleet : CompiledFleet
    objective : {"pack", "cost"}

    Raises
    ------
    Unsupported
    """

    def __init__(self, app: Application, fleet: CompiledFleet, objective: Objective) -> None:
        if objective == "spread":
            raise Unsupported("the count model has no price for a host's second member")
        self.compiled: CompiledProblem = ground_of(app, fleet)
        self.objective = objective
        self.costs: list[float] = []
        self.upper: list[float] = []
        self.rows = Rows()
        self.columns: list[Column] = []
        self._classes: dict[str, list[int]] = {}
        for i, member_class in enumerate(self.compiled.member_classes):
            self._classes.setdefault(member_class.group, []).append(i)
        for group, classes in self._classes.items():
            self._add_group(group, classes)
        self._add_capacity()

    def _add_group(self, group: str, classes: list[int]) -> None:
        rules = [rule.policy for rule in rules_of(self.compiled.problem).over(group)]
        relating = [policy for policy in rules if not isinstance(policy, HostFilter)]
        if len(relating) > 1 or any(not policy.hard for policy in relating):
            raise Unsupported(f"{group}: the count model knows one hard policy a group")
        policy = relating[0] if relating else None
        members = sum(self.compiled.member_classes[i].number for i in classes)
        placed = self._variables([-float(REWARD * members)], 1.0)
        if isinstance(policy, Affinity) and policy.level == HOST:
            self._add_together(group, classes, placed)
            return
        most = 1 if isinstance(policy, AntiAffinity) else members
        counts = [self._counts(group, i, most) for i in classes]
        if isinstance(policy, Affinity):
            self._add_one_domain(policy.level, counts, placed)
            return
        for column in counts:
            number = self.compiled.member_classes[column.member_class].number
            self.rows.add([*_range(column), placed], [*_ones(column), -number], 0, 0)
        self._add_policy(policy, counts, placed, members)

    def _add_policy(
        self, policy: Policy | None, counts: list[Column], placed: int, members: int
    ) -> None:
        if policy is None:
            return
        if isinstance(policy, AntiAffinity) and policy.level == HOST and _is_simple(policy):
            self._add_apart(counts)
        elif isinstance(policy, Spread) and policy.min_domains and spreads_alone(policy):
            self._add_domains_used(policy.level, counts, placed, min(policy.min_domains, members))
        else:
            raise Unsupported(f"the count model has no rows for {policy.kind}")

    def _variables(self, costs: Sequence[float], upper: float | Sequence[float]) -> int:
        """Add whole variables from 0 to `upper`. Return the first."""
        first = len(self.costs)
        self.costs += costs
        self.upper += [upper] * len(costs) if isinstance(upper, float) else upper
        return first

    def _counts(self, group: str, member_class: int, most: int) -> Column:
        """Add a variable for each host: the members of a class that it takes."""
        here = self.compiled.member_classes[member_class]
        fleet = self.compiled.fleet
        slots = fleet.slots(dict(here.size), min(most, here.number))
        slots = np.where(suited(self.compiled, group), slots, 0)
        rows = np.flatnonzero(slots > 0)
        prices = host_prices(fleet, self.objective, dict(here.size))[rows]
        first = self._variables(prices.astype(float).tolist(), slots[rows].astype(float).tolist())
        column = Column(member_class, 1, first, rows)
        self.columns.append(column)
        return column

    def _add_together(self, group: str, classes: list[int], placed: int) -> None:
        """Put a group on one host: a binary variable for each that has room for all."""
        fleet = self.compiled.fleet
        demand: dict[str, int] = {}
        prices = np.zeros(fleet.row_count, dtype=np.int64)
        for i in classes:
            here = self.compiled.member_classes[i]
            prices += here.number * host_prices(fleet, self.objective, dict(here.size))
            for name, amount in here.size:
                demand[name] = demand.get(name, 0) + here.number * amount
        fits = suited(self.compiled, group) & (fleet.slots(demand, 1) > 0)
        rows = np.flatnonzero(fits)
        first = self._variables(prices[rows].astype(float).tolist(), 1.0)
        columns = list(range(first, first + len(rows)))
        self.rows.add([*columns, placed], [1.0] * len(rows) + [-1.0], 0, 0)
        # One variable for the members of all classes.
        for i in classes:
            number = self.compiled.member_classes[i].number
            self.columns.append(Column(i, number, first, rows))

    def _add_apart(self, counts: list[Column]) -> None:
        """Allow at most one member on a host."""
        at: dict[int, list[int]] = {}
        for column in counts:
            for variable, row in zip(_range(column), column.rows.tolist(), strict=True):
                at.setdefault(row, []).append(variable)
        for variables in at.values():
            if len(variables) > 1:
                self.rows.add(variables, [1.0] * len(variables), 0, 1)

    def _add_one_domain(self, level: str, counts: list[Column], placed: int) -> None:
        """Put the members of all classes into one domain."""
        codes = self.compiled.fleet.codes(level)
        domains = self.compiled.fleet.domains(level)
        first = self._variables([0.0] * domains, 1.0)
        chosen = list(range(first, first + domains))
        self.rows.add([*chosen, placed], [1.0] * domains + [-1.0], 0, 0)
        for column in counts:
            number = self.compiled.member_classes[column.member_class].number
            for domain, variables in enumerate(_by_domain(column, codes, domains)):
                values = [1.0] * len(variables) + [-float(number)]
                self.rows.add([*variables, chosen[domain]], values, 0, 0)

    def _add_domains_used(self, level: str, counts: list[Column], placed: int, least: int) -> None:
        """Use at least so many domains: one counts as used only where a member is in it."""
        codes = self.compiled.fleet.codes(level)
        domains = self.compiled.fleet.domains(level)
        first = self._variables([0.0] * domains, 1.0)
        used = list(range(first, first + domains))
        self.rows.add([*used, placed], [1.0] * domains + [-float(least)], 0, np.inf)
        by_domain = [_by_domain(column, codes, domains) for column in counts]
        for domain in range(domains):
            variables = [variable for one in by_domain for variable in one[domain]]
            values = [1.0] * len(variables) + [-1.0]
            self.rows.add([*variables, used[domain]], values, 0, np.inf)

    def _add_capacity(self) -> None:
        fleet = self.compiled.fleet
        names = dict.fromkeys(
            name for here in self.compiled.member_classes for name, _ in here.size
        )
        for name in names:
            free = fleet.free(name).tolist()
            at: dict[int, dict[int, float]] = {}
            for column in self.columns:
                size = dict(self.compiled.member_classes[column.member_class].size)
                amount = column.number * size.get(name, 0)
                for variable, row in zip(_range(column), column.rows.tolist(), strict=True):
                    load = at.setdefault(row, {})
                    load[variable] = load.get(variable, 0.0) + amount
            for row, load in at.items():
                self.rows.add(list(load), list(load.values()), 0, max(0, free[row]))

    def placement(self, values: Sequence[float]) -> dict[str, str]:
        """Return the host of each member, by the values of the variables."""
        names = self.compiled.fleet.names
        found = {}
        counts = np.rint(np.asarray(values)).astype(np.int64)
        for column in self.columns:
            numbers = column.number * counts[column.first : column.first + len(column.rows)]
            hosts = np.repeat(column.rows, numbers).tolist()
            ids = self.compiled.member_classes[column.member_class].ids
            found.update({id_: names[row] for id_, row in zip(ids, hosts, strict=False)})
        return found

    @property
    def members(self) -> int:
        """How many members there are to place."""
        return sum(here.number for here in self.compiled.member_classes)


def _range(column: Column) -> list[int]:
    return list(range(column.first, column.first + len(column.rows)))


def _ones(column: Column) -> list[float]:
    return [1.0] * len(column.rows)


def _by_domain(column: Column, codes: Ints, domains: int) -> list[list[int]]:
    """Return the variables of the hosts in each domain; those in none are left out."""
    found: list[list[int]] = [[] for _ in range(domains)]
    for variable, row in zip(_range(column), column.rows, strict=True):
        if codes[row] >= 0:
            found[codes[row]].append(variable)
    return found


def _is_simple(policy: AntiAffinity) -> bool:
    return policy == AntiAffinity()


def spreads_alone(policy: Spread) -> bool:
    """Return whether a policy bounds the number of domains from below, and says nothing else."""
    return policy == Spread(level=policy.level, min_domains=policy.min_domains)


@dataclass(frozen=True)
class Solution:
    """A placement of HiGHS, and what it has proved.

    Attributes
    ----------
    seconds : float
        Since the model was begun.
    bound : int or None
        Of the objective of placements of all members.
    value_bound : int or None
        Of the members that can be placed.
    """

    seconds: float
    placement: dict[str, str]
    bound: int | None
    value_bound: int | None


def solutions(
    app: Application, fleet: CompiledFleet, objective: Objective, limits: Limits
) -> Iterator[Solution]:
    """Yield each better placement of HiGHS, once it has stopped.

    Raises
    ------
    Unsupported
    ImportError
        Where highspy is not installed.
    """
    highspy = import_module("highspy")  # without types
    start = time.perf_counter()
    model = CountModel(app, fleet, objective)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", limits.workers)
    highs.setOptionValue("random_seed", limits.seed)
    # A gap smaller than a point of the objective.
    highs.setOptionValue("mip_rel_gap", max(limits.gap, 1e-9))
    highs.passModel(_program(model))
    found: list[Solution] = []

    def improved(event: Any) -> None:
        out = event.data_out
        found.append(_solution(model, list(out.mip_solution), out.mip_dual_bound, start))

    highs.cbMipImprovingSolution.subscribe(improved)
    highs.setOptionValue("time_limit", max(0.1, limits.seconds - (time.perf_counter() - start)))
    highs.run()
    yield from found
    bound = highs.getInfo().mip_dual_bound
    if found or np.isfinite(bound):
        values = list(highs.getSolution().col_value) or [0.0] * len(model.costs)
        yield _solution(model, values, bound, start)


def _solution(model: CountModel, values: list[float], bound: float, start: float) -> Solution:
    """Return a solution. A whole placement costs at least the bound and the rewards of all."""
    seconds = time.perf_counter() - start
    placement = model.placement(values)
    if not np.isfinite(bound):
        return Solution(seconds, placement, None, None)
    rewards = REWARD * model.members
    # What the solver calls proved is true up to its tolerances.
    least = max(0, int(np.ceil(bound + rewards - 1e-3)))
    # REWARD * placed - cost <= -bound, and a member costs at most HIGHEST_PRICE.
    most = min(model.members, int(-bound / (REWARD - HIGHEST_PRICE)))
    return Solution(seconds, placement, least, most)


def _program(model: CountModel) -> Any:
    """Return the program as HiGHS takes it."""
    highspy = import_module("highspy")
    program = highspy.HighsLp()
    rows = model.rows
    shape = (len(rows.low), len(model.costs))
    matrix = coo_array((rows.values, (rows.places, rows.columns)), shape=shape).tocsc()
    program.num_row_, program.num_col_ = shape
    program.col_cost_ = np.array(model.costs)
    program.col_lower_ = np.zeros(shape[1])
    program.col_upper_ = np.array(model.upper)
    program.row_lower_ = np.array(rows.low, dtype=float)
    program.row_upper_ = np.array(rows.high, dtype=float)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    program.integrality_ = [highspy.HighsVarType.kInteger] * shape[1]
    return program
