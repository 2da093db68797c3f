"""Tiers: what each costs at least, the problems of the stages, and bounds against enumerations."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from groupsolver import check
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.lexicographic import tiers as module
from groupsolver.solver.lexicographic.tiers import (
    LexicographicSolve,
    Tiers,
    bound_of_hosts,
    prioritized_rules,
)
from groupsolver.solver.pipeline import minimise
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem

APART = {"kind": "anti-affinity"}


def soft(kind: str, weight: int, priority: int, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "weight": weight, "priority": priority, **more}


def running(count: int, on: str = "h0") -> tuple[dict[str, Any], ...]:
    size = {"VCPU": 1}
    return tuple(
        {"group": "A", "id": f"old{i}", "host": on, "resources": size} for i in range(count)
    )


def problem(*policies: Any, count: int = 2, old: int = 0) -> CompiledProblem:
    hosts = fleet(host("h0", 9, used={"VCPU": old}), host("h1", 9, cost=1), host("h2", 9, cost=2))
    return compiled_problem(app(group("A", count, *policies), existing=running(old)), hosts)


# Two on one host are one beyond the limit of anti-affinity; on two hosts they use one too many for
# affinity.
SPLIT = soft("anti-affinity", 4, 0)
JOIN = soft("affinity", 6, 3)


def test_a_tier_costs_at_least_what_running_members_cost_where_that_can_only_grow() -> None:
    # Three run on h0: 2 beyond the limit, which cost 1 + 2, at 4 each. Nothing that is placed makes
    # it less.
    assert Tiers(problem(SPLIT, JOIN, old=3)).least == {0: 12, 3: 0}
    assert Tiers(problem(SPLIT, JOIN)).least == {0: 0, 3: 0}


def test_tiers_are_in_the_order_of_their_priorities() -> None:
    compiled = problem(JOIN, SPLIT, soft("within", 1, 1, hosts=["h0"]), APART)
    assert list(Tiers(compiled).least) == [0, 1, 3]
    assert [rule.policy.kind for rule in prioritized_rules(compiled.problem)] == [
        "affinity",
        "anti-affinity",
        "within",
    ]


def test_all_costs_of_a_tier_are_multiples_of_its_step() -> None:
    # 4 and 6: 0, 4, 6, 8, ...
    same = soft("affinity", 6, 0)
    assert Tiers(problem(SPLIT, same)).step(0) == 2
    assert Tiers(problem(SPLIT, JOIN)).step(3) == 6


def staged(
    compiled: CompiledProblem, limits: dict[int, int], target: int | None
) -> tuple[list[tuple[str, int | None, int | None]], dict[int, int]]:
    """Return kind, weight and priority of each policy in a stage, and the stage's budgets."""
    found, stage = Tiers(compiled).stage(limits, target, offset=5)
    assert (stage.target, stage.limits, stage.offset) == (target, limits, 5)
    policies = found.problem.app.groups[0].policies
    return [(one.kind, one.weight, one.priority) for one in policies], dict(stage.budgets)


def test_a_stage_prices_its_tier_and_leaves_later_ones_out() -> None:
    compiled = problem(
        APART | {"max_per_domain": 9}, SPLIT, JOIN, {"kind": "exclusive", "weight": 1}
    )
    hard = ("anti-affinity", None, None)
    assert staged(compiled, {}, 0) == ([hard, ("anti-affinity", 4, None)], {})


def test_an_earlier_tier_at_its_least_is_hard_and_a_dearer_one_has_a_budget() -> None:
    compiled = problem(SPLIT, JOIN)
    # Hard with a priority, which tells it from a rule that the user made hard.
    assert staged(compiled, {0: 0}, 3) == (
        [("anti-affinity", None, 0), ("affinity", 6, None)],
        {},
    )
    assert staged(compiled, {0: 4}, 3) == (
        [("anti-affinity", 4, 0), ("affinity", 6, None)],
        {0: 4},
    )


def test_the_last_stage_has_the_policies_without_a_priority() -> None:
    exclusive = {"kind": "exclusive", "weight": 1}
    kinds, budgets = staged(problem(SPLIT, JOIN, exclusive), {0: 4, 3: 0}, None)
    assert kinds == [("anti-affinity", 4, 0), ("affinity", None, 3), ("exclusive", 1, None)]
    assert budgets == {0: 4}


def test_what_held_rules_cost_is_taken_off_the_budget() -> None:
    # Two run on h0. Anti-affinity costs 4 already and is held at that. `spread` may become less, so
    # it is at 0 at least, is not held, and has the rest of the limit.
    spread = soft("spread", 1, 0, level="host", max_skew=0)
    compiled = problem(SPLIT, spread, old=2)
    assert Tiers(compiled).least == {0: 4}
    kinds, budgets = staged(compiled, {0: 4}, None)
    assert kinds == [("anti-affinity", None, 0), ("spread", 1, 0)]
    assert budgets == {0: 0}


def test_the_bound_of_hosts_fills_the_cheapest_hosts() -> None:
    # Five members on hosts of 3, 1 and 4 places at 1, 2 and 9: 3 * 1 + 1 * 2 + 1 * 9 = 14.
    hosts = fleet(host("h0", 3, cost=1), host("h1", 1, cost=2), host("h2", 4, cost=9))
    compiled = compiled_problem(app(group("A", 5)), hosts)
    assert bound_of_hosts(compiled, "cost") == 14
    # Two classes are bounded each by itself: 3 * 1 + 1 * 2 for the first as well as for the second.
    both = compiled_problem(app(group("A", 4), group("B", 4)), hosts)
    assert bound_of_hosts(both, "cost") == 10


def ranks(compiled: CompiledProblem) -> list[tuple[int, ...]]:
    """Return what every placement costs, tier by tier."""
    ids = [member.id for member in compiled.problem.new_members]
    found = []
    for hosts in product(compiled.fleet.names, repeat=len(ids)):
        verdict = check(
            compiled.problem.app,
            compiled.fleet,
            dict(zip(ids, hosts, strict=True)),
            objective="cost",
        )
        if not verdict.violations:
            found.append(verdict.rank)
    return found


CASES = [
    [SPLIT, JOIN],
    [SPLIT | {"priority": 5}, JOIN],
    [SPLIT, JOIN | {"priority": 0}, {"kind": "within", "hosts": ["h2"], "weight": 9}],
    [APART, JOIN, soft("within", 2, 1, hosts=["h1"])],
]


@pytest.mark.parametrize("policies", CASES)
@pytest.mark.parametrize("old", [0, 2])
@pytest.mark.parametrize("at_once", [0.0, 0.4])
def test_the_answer_is_the_least_of_all_placements_tier_by_tier(
    policies: list[Any], old: int, at_once: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIME_SHARE_ALL_AT_LEAST", at_once)
    compiled = problem(*policies, old=old)
    clock = budget()
    best = Incumbent(compiled, "cost", clock)
    solve = LexicographicSolve(compiled, "cost", best, clock, minimise)
    assert solve.run()
    least = min(ranks(compiled))
    result = best.result()
    assert result.status == "optimal"
    verdict = check(compiled.problem.app, compiled.fleet, result.placement or {}, objective="cost")
    assert verdict.rank == least
    assert result.objective == result.bound == least[-1]


def test_a_problem_without_a_placement_is_refuted() -> None:
    compiled = problem(APART, JOIN, count=4)  # three hosts
    clock = budget()
    best = Incumbent(compiled, "cost", clock)
    assert not LexicographicSolve(compiled, "cost", best, clock, minimise).run()


def test_parts_bound_a_tier_by_their_sum() -> None:
    # A and B have four members each on three hosts: one too many on some host, at 4 and at 5.
    a = group("A", 4, soft("anti-affinity", 4, 0))
    b = group("B", 4, soft("anti-affinity", 5, 0))
    hosts = fleet(*(host(f"h{i}", 9) for i in range(3)))
    compiled = compiled_problem(app(a, b), hosts)
    clock = budget()
    best = Incumbent(compiled, "cost", clock)
    solve = LexicographicSolve(compiled, "cost", best, clock, minimise)
    assert solve._bound_by_parts(0, clock) == 4 + 5
