"""Counts of members in domains and on hosts, new and running, placed and optional."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from groupsolver import compile_fleet
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.member_counts import MemberCounts
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from tests.support.small import app, fleet, group, host

RUNNING = {"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 1}}


def counts_of(members: int, *, optional: bool = False) -> MemberCounts:
    """So many new members of A, one running on h1; h1 and h2 in rack r1, h3 in no rack."""
    hosts = [host("h1", 9, domains={"rack": "r1"}), host("h2", 9, domains={"rack": "r1"})]
    compiled_fleet = compile_fleet(fleet(*hosts, host("h3", 9), levels=("rack",)))
    asked = app(group("A", members), existing=(RUNNING,))
    compiled = CompiledProblem(Problem(asked, compiled_fleet.index), compiled_fleet)
    rows, most = np.arange(3, dtype=np.int64), np.full(3, members, dtype=np.int64)
    return MemberCounts(compiled, [rows], [most], [0] if optional else ())


def value(model: MemberCounts, expr: Linear, *placed: int) -> int | None:
    """The value of an expression with so many members on h1, h2, h3; None if that is impossible."""
    for var, number in zip(model.placed[0], placed, strict=True):
        model.model.add(var == number)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    pairs = zip(expr.vars, expr.coefs, strict=True)
    return expr.const + sum(coef * solver.value(var) for var, coef in pairs)


def test_a_domain_counts_new_and_running_members() -> None:
    model = counts_of(3)
    (rack,) = model.count("A", "rack").values()
    assert rack.const == 1  # what runs
    assert value(model, rack, 1, 1, 1) == 3


def test_members_in_no_domain_are_counted_by_themselves() -> None:
    model = counts_of(3)
    assert value(model, model.without_domain("A", "rack"), 1, 0, 2) == 2


def test_a_member_in_no_domain_uses_one_of_its_own() -> None:
    model = counts_of(3)
    assert value(model, model.domains_used("A", "rack"), 1, 0, 2) == 3


def test_every_member_is_placed_unless_its_class_is_optional() -> None:
    model = counts_of(3)
    assert value(model, model.size("A"), 1, 1, 0) is None
    model = counts_of(3, optional=True)
    assert value(model, model.size("A"), 1, 1, 0) == 3  # two placed, one runs


def test_further_members_of_a_host_are_steps_in_their_order() -> None:
    model = counts_of(3)
    row = model.compiled.fleet.rows["h2"]
    steps = model.steps(model.landed[row], 1)
    assert len(steps) == 2  # three members at most, one is free
    assert value(model, Linear(steps, [1, 1]), 0, 3, 0) == 2


def test_a_host_with_a_new_member_is_opened() -> None:
    model = counts_of(2)
    opened = model.opened(model.compiled.fleet.rows["h2"])
    assert value(model, opened, 1, 1, 0) == 1


def test_marked_hosts_count_their_members() -> None:
    model = counts_of(3)
    marked = np.array([True, False, True])
    assert value(model, model.members_on("A", marked), 1, 1, 1) == 3  # with the one that runs
