"""Textbook CP-SAT: one boolean for each instance and host, each policy as a book would write it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.baselines.common import Answer, ground_of, settle, timed
from groupsolver.checking.check import unit_of
from groupsolver.constraints.eligibility import occupiable_domains, suited, suits
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity, limit_of, rising_cost
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.registry import Application
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective
from groupsolver.solver.presolve.eligibility import host_prices

Term = tuple[cp_model.IntVar, int]


class Model:
    """One boolean for each instance and host where it fits alone.

    Knows fleets without hosts in no domain.
    """

    def __init__(self, compiled: CompiledProblem, objective: Objective) -> None:
        self.compiled = compiled
        self.model = cp_model.CpModel()
        self.unit = unit_of(objective)
        self.cost: list[Term] = []
        self.members: list[tuple[str, str, dict[int, cp_model.IntVar]]] = []  # id, group, by row
        self._used: dict[tuple[str, str], dict[int, cp_model.IntVar | int]] = {}
        loads: dict[int, list[tuple[int, cp_model.IntVar]]] = {}
        for i, member_class in enumerate(compiled.member_classes):
            rows = np.flatnonzero(
                (compiled.fleet.slots(dict(member_class.size), 1) > 0)
                & suited(compiled, member_class.group)
            ).tolist()
            for id_ in member_class.ids:
                at = {row: self.model.new_bool_var("") for row in rows}
                self.model.add_exactly_one(at.values())
                self.members.append((id_, member_class.group, at))
                for row, var in at.items():
                    loads.setdefault(row, []).append((i, var))
        self._capacity(loads)
        self._prices(objective, loads)
        for rule in rules_of(compiled.problem).all:
            _WRITERS[_kind(rule)](self, rule)
        variables, weights = [var for var, _ in self.cost], [weight for _, weight in self.cost]
        self.model.minimize(cp_model.LinearExpr.weighted_sum(variables, weights))

    def _capacity(self, loads: dict[int, list[tuple[int, cp_model.IntVar]]]) -> None:
        sizes = [dict(member_class.size) for member_class in self.compiled.member_classes]
        for name in {name for size in sizes for name in size}:
            free = self.compiled.fleet.free(name).tolist()
            for row, load in loads.items():
                amounts = [sizes[i].get(name, 0) for i, _ in load]
                expr = cp_model.LinearExpr.weighted_sum([var for _, var in load], amounts)
                self.model.add(expr <= free[row])

    def _prices(
        self, objective: Objective, loads: dict[int, list[tuple[int, cp_model.IntVar]]]
    ) -> None:
        fleet = self.compiled.fleet
        price = [
            host_prices(fleet, objective, dict(member_class.size)).tolist()
            for member_class in self.compiled.member_classes
        ]
        for row, load in loads.items():
            self.cost += [(var, price[member_class][row]) for member_class, var in load]
            if objective == "spread":
                self.rising(_sum([var for _, var in load]), 1, len(load), 1000)

    def rising(self, expr: cp_model.LinearExpr, free: int, most: int, price: int) -> None:
        """Price what is above `free`: once, twice, ... for each further one, up to `most`."""
        steps = [self.model.new_bool_var("") for _ in range(most - free)]
        self.model.add(expr <= free + _sum(steps))
        self.cost += [(step, price * number) for number, step in enumerate(steps, start=1)]

    def counts(self, group: str, level: str) -> dict[int, list[cp_model.IntVar]]:
        """Return the booleans of a group's new members in each domain."""
        codes = self.compiled.fleet.codes(level).tolist()
        inside: dict[int, list[cp_model.IntVar]] = {}
        for _, who, at in self.members:
            if who in self.compiled.problem.below[group]:
                for row, var in at.items():
                    inside.setdefault(codes[row], []).append(var)
        return inside

    def running(self, group: str, level: str) -> list[int]:
        """Return the number of a group's running members in each domain."""
        counts: list[int] = self.compiled.running(group, level).tolist()
        return counts

    def used(self, group: str, level: str) -> dict[int, cp_model.IntVar | int]:
        """Give, for each domain that may hold a group, whether it does."""
        if (group, level) not in self._used:
            running = self.running(group, level)
            used: dict[int, cp_model.IntVar | int] = {
                code: 1 for code, number in enumerate(running) if number
            }
            for code, found in self.counts(group, level).items():
                if code not in used:
                    here = used[code] = self.model.new_bool_var("")
                    self.model.add_max_equality(here, found)
            self._used[group, level] = used
        return self._used[group, level]

    def at_most(self, rule: Rule, expr: cp_model.LinearExpr, limit: int, most: int) -> None:
        """Hold an expression, which is at most `most`, to a limit; soft: price what is above."""
        if rule.policy.weight is None:
            self.model.add(expr <= limit)
        elif most > limit:
            self.cost.append(
                (
                    excess := self.model.new_int_var(0, most - limit, ""),
                    rule.policy.weight * self.unit,
                )
            )
            self.model.add(expr - excess <= limit)


def _per_host(book: Model, rule: Rule) -> None:
    if rule.policy.weight is None:
        return  # hosts that do not suit have no boolean
    assert isinstance(rule.policy, HostFilter)
    fits = suits(book.compiled, rule.policy)
    for row, found in book.counts(rule.group, "host").items():
        if not fits[row]:
            book.cost += [(var, rule.policy.weight * book.unit) for var in found]
    _constant(book, rule, int((book.compiled.running(rule.group, "host") * ~fits).sum()))


def _anti_affinity(book: Model, rule: Rule) -> None:
    policy = rule.policy
    assert isinstance(policy, AntiAffinity)
    running = book.running(rule.group, policy.level)
    counts = book.counts(rule.group, policy.level)
    most_each = limit_of(policy, rule.group, book.compiled.problem)
    for code, found in counts.items():
        if policy.hard:
            limit = max(most_each, running[code])
            book.model.add(_sum(found) + running[code] <= limit)
        else:
            # From the first above the limit on, running ones too: their part is fixed.
            most = len(found) + running[code]
            price = (policy.weight or 0) * book.unit
            book.rising(_sum(found) + running[code], most_each, most, price)
    alone = [number for code, number in enumerate(running) if code not in counts]
    _constant(book, rule, sum(rising_cost(number - most_each) for number in alone))


def _together(book: Model, rule: Rule) -> None:
    assert isinstance(rule.policy, Affinity | NetworkProximity)
    assert rule.policy.level is not None
    used = list(book.used(rule.group, rule.policy.level).values())
    before = sum(isinstance(one, int) for one in used)
    book.at_most(rule, _sum(used), max(1, before if rule.policy.hard else 0), len(used))


def _spread(book: Model, rule: Rule) -> None:
    policy = rule.policy
    assert isinstance(policy, Spread)
    if policy.min_domains is not None:
        least = min(policy.min_domains, book.compiled.problem.size(rule.group))
        used = list(book.used(rule.group, policy.level).values())
        book.at_most(rule, -_sum(used), -least, 0)
    if policy.max_skew is not None:
        size = book.compiled.problem.size(rule.group)
        low, high = book.model.new_int_var(0, size, ""), book.model.new_int_var(0, size, "")
        counts, running = (
            book.counts(rule.group, policy.level),
            book.running(rule.group, policy.level),
        )
        for code in np.flatnonzero(
            occupiable_domains(book.compiled, rule.group, policy.level)
        ).tolist():
            here = _sum(counts.get(code, [])) + running[code]
            book.model.add(low <= here)
            book.model.add(here <= high)
        book.at_most(rule, high - low, policy.max_skew, size)


def _apart_from(book: Model, rule: Rule) -> None:
    assert isinstance(rule.policy, ApartFrom)
    mine, theirs = (
        book.used(group, rule.policy.level) for group in (rule.group, rule.policy.group)
    )
    for code in mine.keys() & theirs.keys():
        both = _sum([mine[code], theirs[code]])
        before = isinstance(mine[code], int) and isinstance(theirs[code], int)
        book.at_most(rule, both, 2 if before and rule.policy.hard else 1, 2)


def _near(book: Model, rule: Rule) -> None:
    policy = rule.policy
    assert isinstance(policy, Near)
    assert policy.level is not None
    used = book.used(policy.group, policy.level)
    codes = book.compiled.fleet.codes(policy.level).tolist()
    for _, who, at in book.members:
        if who in book.compiled.problem.below[rule.group]:
            alone: cp_model.IntVar | int = 0
            if policy.weight is not None:
                alone = book.model.new_bool_var("")
                book.cost.append((alone, policy.weight * book.unit))
            for row, var in at.items():
                book.model.add(var <= used.get(codes[row], 0) + alone)
    if policy.weight is not None:
        for code, number in enumerate(book.running(rule.group, policy.level)):
            there = used.get(code, 0)
            if isinstance(there, int):
                _constant(book, rule, number * (1 - there))
            else:
                _constant(book, rule, number)
                book.cost.append((there, -number * policy.weight * book.unit))


def _constant(book: Model, rule: Rule, measure: int) -> None:
    if measure and rule.policy.weight is not None:
        book.cost.append((book.model.new_constant(1), measure * rule.policy.weight * book.unit))


def _sum(found: Sequence[cp_model.IntVar | int]) -> cp_model.LinearExpr:
    return (
        cp_model.LinearExpr.weighted_sum(list(found), [1] * len(found)) + 0
    )  # + 0: an expression by type, too


_WRITERS: dict[str, Callable[[Model, Rule], None]] = {
    "per-host": _per_host,
    "anti-affinity": _anti_affinity,
    "affinity": _together,
    "network-proximity": _together,
    "spread": _spread,
    "apart-from": _apart_from,
    "near": _near,
}


def _kind(rule: Rule) -> str:
    return "per-host" if isinstance(rule.policy, HostFilter) else rule.policy.kind


def place(
    app: Application,
    fleet: CompiledFleet,
    *,
    objective: Objective = "pack",
    seed: int = 0,
    seconds: float = 10.0,
    workers: int = 1,
) -> Answer:
    """Place by the textbook model. `seconds` bounds the search; building the model comes on top."""
    start = time.perf_counter()
    compiled = ground_of(app, fleet)
    book = Model(compiled, objective)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = seed
    status = solver.solve(book.model)
    placement = {}
    if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        for id_, _, at in book.members:
            placement[id_] = fleet.names[
                next(row for row, var in at.items() if solver.boolean_value(var))
            ]
    bound = math.ceil(solver.best_objective_bound - 1e-6) if placement else None
    answer = settle(compiled, placement, objective)
    return timed(replace(answer, bound=bound, status=solver.status_name(status).lower()), start)
