"""A hard rule forbids something: by the checker, the model and the oracle.

It forbids as much as a huge price would.

A measure that is not 0 of nobody, or a part of a model that is above its limit while nothing is
placed, makes a hard rule vacuous: whatever is placed is no worse than before. No answer looks
wrong then.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver import POLICIES, Application, Fleet, check, solve
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from tests.laws.test_laws import OBJECTIVES, ONE, anywhere
from tests.support.draws.applications import KINDS, cases, dice
from tests.support.draws.survives import cases as survives_cases
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
SEEDS = 400  # draws, until one shows what a kind forbids
HUGE = 10**6
every_kind = pytest.mark.parametrize("kind", KINDS)


def featured(app: Doc, kind: str, soft: bool) -> tuple[str, Doc] | None:
    """The first policy of a kind, and its group; None where the draw has none."""
    for group in app["groups"]:
        for policy in group["policies"]:
            if policy["kind"] == kind and ("weight" in policy) == soft:
                return group["name"], policy
    return None


def with_only(app: Doc, owner: str, policy: Doc) -> Doc:
    """The application with one policy of one group, and no other."""
    groups = [
        {**group, "policies": [policy] if group["name"] == owner else []} for group in app["groups"]
    ]
    return {**app, "groups": groups}


def alone(kind: str) -> Iterator[tuple[Doc, Doc, Random]]:
    """Draws with one hard policy of a kind, and no other."""
    for seed in range(SEEDS):
        rnd = Random(f"hard {kind} {seed}")
        app, fleet = case_of(rnd, lambda rnd: cases(rnd, kind, soft=False))
        found = featured(app, kind, soft=False)
        if found is not None:
            yield with_only(app, *found), fleet, rnd


def model_allows(app: Application, fleet: Fleet, placement: dict[str, str]) -> bool:
    """Whether a model of the policies alone, room aside, has a placement as a solution."""
    compiled_fleet = compile_fleet(fleet)
    compiled = CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)
    rows = np.arange(compiled_fleet.row_count, dtype=np.int64)
    numbers = [member_class.number for member_class in compiled.member_classes]
    most = [np.full(len(rows), number, dtype=np.int64) for number in numbers]
    builder = ModelBuilder(compiled, [rows] * len(numbers), most, 1)
    for rule in rules_of(compiled.problem).all:
        rule.policy.encode(rule.group, builder)
    for member_class, placed in zip(compiled.member_classes, builder.placed, strict=True):
        hosts = [compiled_fleet.rows[placement[id_]] for id_ in member_class.ids]
        for row, var in enumerate(placed):
            builder.model.add(var == hosts.count(row))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return solver.solve(builder.model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)


@every_kind
def test_a_hard_policy_excludes_a_drawn_placement_by_checker_model_and_oracle(kind: str) -> None:
    excluded = 0
    for app, fleet, rnd in alone(kind):
        oracle = Oracle(app, fleet)
        application, hosts = Application.model_validate(app), Fleet.model_validate(fleet)
        for placement in (anywhere(oracle, rnd) for _ in range(5)):
            if not oracle.room(placement):
                continue
            verdict = check(application, hosts, placement)
            broken = kind in {violation.policy for violation in verdict.violations}
            shared = {violation.policy for violation in verdict.violations} == {"capacity"}
            assert broken or shared or not verdict.violations
            assert bool(verdict.violations) != oracle.holds(placement)
            assert broken != model_allows(application, hosts, placement)
            excluded += broken
        if excluded >= 3:
            return
    raise AssertionError(f"of {SEEDS} draws none has a placement that a hard {kind} excludes")


def test_a_hard_survives_excludes_a_drawn_placement() -> None:
    for seed in range(SEEDS):
        rnd = Random(f"hard survives {seed}")
        app, fleet = survives_cases(rnd, soft=False)
        oracle = Oracle(app, fleet)
        for placement in (anywhere(oracle, rnd) for _ in range(5)):
            verdict = check(Application.model_validate(app), Fleet.model_validate(fleet), placement)
            if "survives" in {violation.policy for violation in verdict.violations}:
                return
    raise AssertionError(f"of {SEEDS} draws none has a placement that a hard survives excludes")


def test_every_registered_policy_is_drawn_here() -> None:
    assert {*KINDS, "survives"} == set(POLICIES)


@every_kind
@given(data=st.data())
def test_a_measure_of_nobody_is_0(kind: str, data: Any) -> None:
    app, fleet = case_of(data.draw(dice(kind, True)), lambda rnd: cases(rnd, kind, soft=True))
    nobody = Application.model_validate({**app, "existing": []})
    problem = Problem(nobody, compile_fleet(Fleet.model_validate(fleet)).index)
    for rule in rules_of(problem).all:
        assert rule.policy.violations(rule.group, View(problem, {})) == 0


@every_kind
@given(data=st.data())
def test_hard_is_soft_at_a_huge_weight_where_the_optimum_costs_nothing(
    kind: str, data: Any
) -> None:
    rnd = data.draw(dice(kind, False))
    app, fleet = case_of(rnd, lambda rnd: cases(rnd, kind, soft=False))
    found = featured(app, kind, soft=False)
    if found is None:
        event("not drawn")
        return
    owner, policy = found
    if "required" in policy:  # only where it is hard does it open the hosts reserved for its traits
        fleet = fleet | {"hosts": [host | {"reserved_for": []} for host in fleet["hosts"]]}
    hosts, objective = Fleet.model_validate(fleet), rnd.choice(OBJECTIVES)
    hard = Application.model_validate(with_only(app, owner, policy))
    soft = Application.model_validate(with_only(app, owner, {**policy, "weight": HUGE}))
    priced = solve(soft, hosts, objective=objective, limits=ONE, explain=False)
    held = solve(hard, hosts, objective=objective, limits=ONE, explain=False)
    before = Problem(soft, compile_fleet(hosts).index)
    (rule,) = rules_of(before).all
    forgiven = rule.policy.violations(rule.group, View(before, {}))
    if priced.placement is None:
        event("impossible")
        assert held.status == "infeasible"
    elif not priced.penalties:
        event("costs nothing")
        assert held.status == "optimal"
        assert held.objective is not None
        assert priced.objective is not None
        # Where running members break the rule alone, held as a hard one it leaves further
        # placements.
        assert held.objective <= priced.objective
        assert forgiven or held.objective == priced.objective
    else:
        event("costs something")
        # Then no placement breaks nothing: a hard rule leaves one only where something is forgiven.
        assert held.status == "infeasible" or forgiven
