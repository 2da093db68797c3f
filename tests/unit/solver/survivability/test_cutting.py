"""The search for what survives, by cuts: its parts, and small problems against every placement."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, Result, check, compile_fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.pipeline import minimise
from groupsolver.solver.stage import SINGLE_STAGE
from groupsolver.solver.survivability import cutting
from groupsolver.solver.survivability.cutting import (
    SurvivalCuts,
    survives_rules,
    without_survives,
)
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem

SURVIVES = {"kind": "survives"}
FAST = {"kind": "host-capabilities", "required": ["FAST"]}


def solved(application: Application, hosts: Fleet) -> tuple[Result, list[int]]:
    """Return the answer, and how many losses each test of a placement found to cost something."""
    compiled = compiled_problem(application, hosts)
    clock = budget()
    cuts = SurvivalCuts(compiled, "cost", minimise, clock)
    tests: list[int] = []
    real = cuts.test

    def counted(*arguments: Any) -> Any:
        costly = real(*arguments)
        tests.append(len(costly))
        return costly

    cuts.test = counted  # type: ignore[method-assign,assignment]
    plain = Incumbent(cuts.plain, "cost", cuts.part)
    assert minimise(cuts.plain, "cost", SINGLE_STAGE, plain, cuts.part)
    return cuts.answer(plain), tests


def enumerated(application: Application, hosts: Fleet) -> int | None:
    """Return the least objective of all placements, None where none holds."""
    compiled = compile_fleet(hosts)
    ids = [member.id for member in Problem(application, compiled.index).new_members]
    best = None
    for names in product(compiled.names, repeat=len(ids)):
        placement = dict(zip(ids, names, strict=True))
        verdict = check(application, compiled, placement, objective="cost")
        if not verdict.violations:
            best = verdict.objective if best is None else min(best, verdict.objective)
    return best


def one_to_a_host(*rules: Any) -> Application:
    """A survives the loss of a host; B may be anywhere. Each takes a whole host."""
    return app(group("A", 1, *rules, vcpu=4), group("B", 1, vcpu=4))


def hosts(number: int, fast: int) -> Fleet:
    """Hosts of cost 0, 1, 2, ..., of which the first have the trait."""
    return fleet(
        *(host(f"h{i}", cost=i, traits=["FAST"] if i < fast else []) for i in range(number))
    )


def test_a_placement_that_does_not_survive_is_cut() -> None:
    # A on h0 and B on h1 cost 1. After the loss of h0, A needs h1. So B goes to h2, at 2.
    application = one_to_a_host(FAST, SURVIVES)
    result, tests = solved(application, hosts(3, fast=2))
    assert (result.status, result.objective, result.bound) == ("optimal", 2, 2)
    assert result.placement == {"A/0": "h0", "B/0": "h2"}
    assert result.witness == {"A: host h0": {"A/0": "h1"}}
    # A on h0, then A on h1 and B on h0, then this one.
    assert tests == [1, 1, 0]
    assert enumerated(application, hosts(3, fast=2)) == 2


def test_a_placement_that_survives_is_the_answer_at_once() -> None:
    result, tests = solved(one_to_a_host(FAST, SURVIVES), hosts(3, fast=3))
    assert (result.status, result.objective) == ("optimal", 1)
    assert tests == [0]


def test_where_nothing_survives_the_problem_is_infeasible() -> None:
    # One fast host: A has no other place.
    application = one_to_a_host(FAST, SURVIVES)
    result, _ = solved(application, hosts(3, fast=1))
    assert result.status == "infeasible"
    assert enumerated(application, hosts(3, fast=1)) is None


@pytest.mark.parametrize("weight", [1, 3])
def test_soft_it_is_paid_where_that_is_cheaper(weight: int) -> None:
    # To survive costs 1 more for B; not to costs the weight.
    application = one_to_a_host(FAST, SURVIVES | {"weight": weight})
    result, _ = solved(application, hosts(3, fast=2))
    assert (result.status, result.objective) == ("optimal", 2)
    assert result.objective == enumerated(application, hosts(3, fast=2))
    never, _ = solved(application, hosts(3, fast=1))
    assert (never.status, never.objective) == ("optimal", 1 + weight)
    assert never.objective == enumerated(application, hosts(3, fast=1))


@pytest.mark.parametrize("limit", [0, 50_000])
def test_few_candidates_find_it_too_and_prove_no_more_than_they_may(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "MAX_VARIABLES", limit)
    result, _ = solved(one_to_a_host(FAST, SURVIVES), hosts(3, fast=2))
    assert result.objective == 2
    # With few candidates, the bound is that of the solve without `survives`.
    assert (result.status, result.bound) == (("optimal", 2) if limit else ("feasible", 1))


def test_without_time_the_placement_that_falls_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cutting, "MAX_ROUNDS", 0)
    result, _ = solved(one_to_a_host(FAST, SURVIVES), hosts(3, fast=2))
    assert result.status == "unknown"


def test_what_running_members_lack_is_forgiven() -> None:
    # Two run on h0 and have one place elsewhere, so one is forgiven.
    size = {"VCPU": 4}
    existing = tuple(
        {"group": "A", "id": f"old{i}", "host": "h0", "resources": size} for i in range(2)
    )
    full = fleet(host("h0", 8, used={"VCPU": 8}), host("h1"))
    compiled = compiled_problem(app({"name": "A", "policies": [SURVIVES]}, existing=existing), full)
    cuts = SurvivalCuts(compiled, "cost", minimise, budget())
    ((rule, _),) = survives_rules(compiled.problem)
    assert cuts.forgiven == {rule: 1}
    assert cuts.nothing().status == "optimal"


def test_the_application_without_survives_keeps_the_rest() -> None:
    given = one_to_a_host(FAST, SURVIVES, {"kind": "anti-affinity"})
    plain = without_survives(given)
    assert [policy.kind for policy in plain.groups[0].policies] == [
        "host-capabilities",
        "anti-affinity",
    ]
    compiled = compile_fleet(hosts(2, fast=1))
    rules = survives_rules(CompiledProblem(Problem(given, compiled.index), compiled).problem)
    assert [(rule.group, rule.policy.kind) for rule, _ in rules] == [("A", "survives")]


def test_the_time_without_survives_is_a_share() -> None:
    compiled = compiled_problem(one_to_a_host(SURVIVES), hosts(3, fast=0))
    clock = budget(seconds=10)
    cuts = SurvivalCuts(compiled, "cost", minimise, clock)
    assert cuts.part.left() <= 5
    assert clock.limits == Limits(seconds=10, workers=1)
