"""How a model holds a measure, or prices it.

And that a hard rule which would forbid nothing is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from groupsolver import AntiAffinity, Application, Spread, compile_fleet
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import BasePolicy
from tests.support.small import app, fleet, group, host

HARD = AntiAffinity()
SOFT = AntiAffinity(weight=3)
OLD: dict[str, Any] = {"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 1}}


def builder_of(members: int, running: int = 0, unit: int = 1) -> ModelBuilder:
    """A model of so many new members of group A, on hosts h1 and h2, beside some that run on h1."""
    two = compile_fleet(fleet(host("h1", 9), host("h2", 9)))
    existing = tuple({**OLD, "id": f"old{i}"} for i in range(running))
    asked: Application = app(group("A", members), existing=existing)
    compiled = CompiledProblem(Problem(asked, two.index), two)
    rows = np.arange(2, dtype=np.int64)
    return ModelBuilder(compiled, [rows], [np.full(2, members, dtype=np.int64)], unit)


def on(builder: ModelBuilder, host_: str) -> Linear:
    return builder.count("A", "host")[builder.compiled.fleet.code("host", host_)]


def least_cost(builder: ModelBuilder, **fixed: int) -> int | None:
    """The least cost with so many new members on some hosts; None where that is impossible."""
    for name, number in fixed.items():
        builder.model.add(builder.placed[0][builder.compiled.fleet.rows[name]] == number)
    builder.minimize()
    solver = cp_model.CpSolver()
    if solver.solve(builder.model) != cp_model.OPTIMAL:
        return None
    return builder.objective(solver)


def counts(builder: ModelBuilder) -> list[Linear]:
    return list(builder.count("A", "host").values())


@pytest.mark.parametrize(("on_h1", "holds"), [(1, True), (2, False)])
def test_a_hard_part_is_held_at_its_limit(on_h1: int, holds: bool) -> None:
    builder = builder_of(2)
    builder.require(HARD, counts(builder), 1)
    assert (least_cost(builder, h1=on_h1) is not None) == holds


@pytest.mark.parametrize(("on_h1", "holds"), [(0, True), (1, False)])
def test_a_hard_part_that_running_members_break_may_not_grow(on_h1: int, holds: bool) -> None:
    builder = builder_of(1, running=2)  # 2 on h1, where 1 is allowed
    builder.require(HARD, counts(builder), 1)
    assert (least_cost(builder, h1=on_h1) is not None) == holds


def test_a_soft_part_costs_its_excess_times_weight_and_unit() -> None:
    builder = builder_of(4, unit=1000)
    builder.require(SOFT, counts(builder), 1)
    assert least_cost(builder, h1=3) == (3 - 1) * 3 * 1000  # h2 holds 1: no excess


def test_a_soft_excess_of_running_members_is_paid_in_any_case() -> None:
    builder = builder_of(1, running=3)
    builder.require(SOFT, counts(builder), 1)
    assert least_cost(builder, h2=1) == (3 - 1) * 3


def test_a_rule_of_a_tier_costs_nothing_in_the_objective() -> None:
    builder = builder_of(4)
    builder.require(AntiAffinity(weight=3, priority=0), counts(builder), 1)
    builder.bound(0, 5)  # two too many on h1 cost 2 x 3 = 6 of the tier's budget
    assert least_cost(builder, h1=3) is None
    assert least_cost(builder_of(4), h1=3) == 0


def missing(builder: ModelBuilder, wanted: int) -> Linear:
    """The part of ``wanted - domains used``: what new members lower."""
    return builder.domains_used("A", "host").times(-1).plus(wanted)


@pytest.mark.parametrize("running", [0, 1])
def test_a_hard_part_that_missing_members_put_above_its_limit_is_refused(running: int) -> None:
    builder = builder_of(2, running)
    with pytest.raises(ValueError, match="as a hard rule it forbids nothing"):
        builder.require(HARD, [missing(builder, 3)])


def test_a_hard_part_above_its_limit_where_nothing_runs_is_refused() -> None:
    builder = builder_of(2)
    with pytest.raises(ValueError, match="part of the measure is 5 while nothing new is placed"):
        builder.require(HARD, [on(builder, "h1").plus(5)], 1)


def test_a_soft_part_that_new_members_lower_is_priced() -> None:
    builder = builder_of(2)
    builder.require(SOFT, [missing(builder, 3)])
    assert least_cost(builder, h1=2) == (3 - 1) * 3  # one host of three


@pytest.mark.parametrize(("on_h1", "holds"), [(1, True), (2, False)])
def test_a_part_that_new_members_lower_is_held_by_require_sum(on_h1: int, holds: bool) -> None:
    builder = builder_of(2)
    builder.require_sum(HARD, [missing(builder, 2)], 0)
    assert (least_cost(builder, h1=on_h1) is not None) == holds


def test_require_sum_lets_parts_make_up_for_each_other() -> None:
    builder = builder_of(2, running=2)
    parts: list[Linear] = [count.plus(-1) for count in counts(builder)]
    # Running alone h1 is 2 - 1 = 1 above; with one more on each host the sum is 2 + 0.
    builder.require_sum(HARD, parts, 1)
    assert least_cost(builder, h1=1) is None
    builder = builder_of(2, running=2)
    parts = [count.plus(-1) for count in counts(builder)]
    builder.require_sum(HARD, parts, 2)  # h2 at 2 is 1 above, h1 stays 1 above
    assert least_cost(builder, h1=0) == 0


@pytest.mark.parametrize("policy", [HARD, SOFT, Spread(level="host", min_domains=1)])
def test_what_is_within_its_limit_says_nothing(policy: BasePolicy) -> None:
    builder = builder_of(2)
    builder.require(policy, counts(builder), 2)
    assert least_cost(builder, h1=2) == 0


def test_a_class_that_two_parts_of_a_count_have_counts_twice() -> None:
    builder = builder_of(1)
    twice = builder.total([on(builder, "h1"), on(builder, "h1")])
    builder.require_rising(SOFT, [twice], 1)
    assert least_cost(builder, h1=1) == 1 * 3  # 2 where 1 is allowed
