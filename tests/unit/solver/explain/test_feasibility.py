"""Which sets of rules are possible: what the solver is asked, and what follows from its answers."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, BadInput, Fault, Limits, Result, compile_fleet
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.feasibility import (
    FIRST_PLACEMENT_GAP,
    FeasibilityOracle,
    RuleFeasibility,
)
from groupsolver.solver.explain.rules import CapacityRule, RuleAtom, SizeRule
from tests.support.explain_cases import ExplainCase, application_rules
from tests.support.small import app, fleet, group, host

A, B, C = SizeRule("A"), SizeRule("B"), SizeRule("C")
VCPU = CapacityRule("VCPU")
THREE = app(group("A", 1), group("B", 1), group("C", 1))
ONE_HOST = compile_fleet(fleet(host("h1", 8)))


class Pipeline:
    """A solve that finds a placement unless more than some number of members are to be placed."""

    def __init__(self, most: int, status: Any = "infeasible") -> None:
        self.most = most
        self.status = status
        self.asked: list[int] = []
        self.seconds: list[float] = []
        self.gaps: list[float] = []

    def __call__(
        self, application: Application, on: CompiledFleet, objective: object, budget: Budget
    ) -> Result:
        number = sum(len(one.members) for one in application.groups)
        self.asked.append(number)
        self.seconds.append(budget.left())
        self.gaps.append(budget.limits.gap)
        if number > self.most:
            return Result(status=self.status)
        return Result(status="feasible", placement={})


def feasibility(pipeline: Any, seconds: float = 60.0) -> RuleFeasibility:
    budget = Budget(Limits(seconds=seconds, workers=1), None)
    oracle = FeasibilityOracle(pipeline, "pack", budget)
    return RuleFeasibility(application_rules(THREE, ONE_HOST), ONE_HOST, oracle)


def test_subsets_of_what_is_possible_and_supersets_of_what_is_not_are_not_asked() -> None:
    pipeline = Pipeline(most=1)
    found = feasibility(pipeline)
    assert found.possible([A, B]) is False
    assert found.possible([A]) is True
    asked = len(pipeline.asked)
    assert found.possible([A, B, C]) is False  # has A and B
    assert found.possible([]) is True  # is a part of A
    assert len(pipeline.asked) == asked
    assert found.possible([B]) is True
    assert len(pipeline.asked) == asked + 1


def test_what_is_marked_impossible_is_not_asked() -> None:
    pipeline = Pipeline(most=9)
    found = feasibility(pipeline)
    found.mark_impossible([A, VCPU])
    assert found.possible([A, B, VCPU]) is False
    assert pipeline.asked == []
    assert found.possible([A]) is True


def test_what_is_not_decided_is_asked_again() -> None:
    pipeline = Pipeline(most=0, status="unknown")
    found = feasibility(pipeline)
    assert found.possible([A]) is None
    assert found.possible([A]) is None
    assert pipeline.asked == [1, 1]


def test_each_question_has_a_share_of_the_time_and_any_placement_will_do() -> None:
    pipeline = Pipeline(most=9)
    feasibility(pipeline, seconds=100).possible([A])
    # 0.4 of what is left of 100 s.
    assert pipeline.seconds == [pytest.approx(40, abs=5)]
    assert pipeline.gaps == [FIRST_PLACEMENT_GAP]


def test_without_time_nothing_is_asked() -> None:
    pipeline = Pipeline(most=9)
    assert feasibility(pipeline, seconds=1e-9).possible([A]) is None
    assert pipeline.asked == []


def test_a_question_beyond_64_bits_is_not_decided() -> None:
    def refuse(*_: object) -> Result:
        raise BadInput([Fault("amount-overflow", "groups", "too large")])

    assert feasibility(refuse).possible([A]) is None


def test_a_contradiction_whatever_capacity_there_is_is_found_without_it() -> None:
    # Two groups apart on one host: no capacity would help; the question without it decides.
    apart = {"kind": "apart-from", "group": "B"}
    case = ExplainCase(app(group("A", 1, apart), group("B", 1)), fleet(host("h1", 8)))
    found = case.feasibility
    assert found.possible(case.rules.atoms) is False
    without_capacity: list[RuleAtom] = [*case.rules.sizes, *case.rules.policies]
    assert found.possible(without_capacity) is False
    assert found.possible([A, B, VCPU]) is True  # without the policy


def test_a_smaller_fleet_may_stand_for_the_whole() -> None:
    fleets: list[CompiledFleet] = []

    def pipeline(_app: object, on: CompiledFleet, *_: object) -> Result:
        fleets.append(on)
        return Result(status="infeasible")

    smaller = compile_fleet(fleet(host("h1", 1)))
    assert feasibility(pipeline).possible([A], smaller) is False
    assert fleets == [smaller]
